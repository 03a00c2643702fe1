#pragma once

#include <type_traits>

#include <weir/operators/aggregate.hpp>

namespace weir {

/// How what arrives at a window operator gets into an accumulator: the three ways of lifting a row.

/// The sender lifted: what arrives is what the aggregate adds.
template <class Aggregate, class Lifted>
struct LiftedBySender {
  using LateRow = Nothing;
  static constexpr bool kKeepsRows = false;
  static constexpr bool kWantsArrival = detail::kWantsArrival<Aggregate, Lifted>;
  void add(const Aggregate& aggregate, typename Aggregate::Accumulator& accumulator, const Lifted& lifted,
           Arrival arrival) const {
    detail::add_to(aggregate, accumulator, lifted, arrival);
  }
};

/// The sender combined rows of a key and slice: what arrives is an accumulator.
template <class Aggregate>
struct CombinedBySender {
  using LateRow = Nothing;
  static constexpr bool kKeepsRows = false;
  static constexpr bool kWantsArrival = false;
  void add(const Aggregate& aggregate, typename Aggregate::Accumulator& accumulator,
           const typename Aggregate::Accumulator& combined, Arrival) const {
    aggregate.merge(accumulator, combined);
  }
};

/// Whole rows travel, so that late ones can be had.
template <class Aggregate, class Row>
struct LiftedByReceiver {
  using Lifted =
      std::remove_cvref_t<decltype(std::declval<const Aggregate&>().lift(std::declval<const Row&>()))>;
  using LateRow = Row;
  static constexpr bool kKeepsRows = true;
  static constexpr bool kWantsArrival = detail::kWantsArrival<Aggregate, Lifted>;
  void add(const Aggregate& aggregate, typename Aggregate::Accumulator& accumulator, const Row& row,
           Arrival arrival) const {
    detail::add_to(aggregate, accumulator, aggregate.lift(row), arrival);
  }
};

}  // namespace weir
