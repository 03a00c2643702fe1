#pragma once

#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>

#include <weir/core/time.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/state/owned.hpp>

namespace weir {

namespace detail {

/// What travels: what decides, and what is chosen.
template <class Rank, class Value>
struct Candidate {
  Rank rank;
  Value value;
  BOOST_DESCRIBE_CLASS(Candidate, (), (rank, value), (), ())
};

/// The choice so far. Owns its text.
template <class Rank, class Value>
struct Choice {
  bool any = false;
  EventTime time;
  std::uint64_t sequence = 0;
  Owned<Rank> rank;
  Owned<Value> value;
  BOOST_DESCRIBE_CLASS(Choice, (), (any, time, sequence, rank, value), (), ())
};

/// Keeps one value of all rows of a key. `Better` compares two choices; that it never holds them equal makes the order in which
/// they are merged irrelevant.
template <class Row, class RankOf, class ValueOf, class Better>
struct Choosing {
  RankOf rank_of;
  ValueOf value_of;
  using Rank = FieldOf<RankOf, Row>;
  using Value = FieldOf<ValueOf, Row>;
  using Accumulator = Choice<Rank, Value>;

  Candidate<Rank, Value> lift(const Row& row) const {
    return {std::invoke(rank_of, row), std::invoke(value_of, row)};
  }
  void add(Accumulator& best, const Candidate<Rank, Value>& row, Arrival arrival) const {
    if (best.any && !Better::better(row.rank, arrival.time, arrival.sequence, best)) return;
    best.any = true;
    best.time = arrival.time;
    best.sequence = arrival.sequence;
    best.rank.set(row.rank);
    best.value.set(row.value);
  }
  void merge(Accumulator& best, const Accumulator& other) const {
    if (!other.any) return;
    if (!best.any || Better::better(other.rank.get(), other.time, other.sequence, best)) best = other;
  }
  Value result(const Accumulator& best) const { return best.value.get(); }
};

template <class Time>
struct ByTime {
  template <class Rank, class Best>
  static bool better(const Rank&, EventTime time, std::uint64_t sequence, const Best& best) {
    return Time{}(std::tie(time, sequence), std::tie(best.time, best.sequence));
  }
};
template <class Order>
struct ByRank {
  template <class Rank, class Best>
  static bool better(const Rank& rank, EventTime time, std::uint64_t sequence, const Best& best) {
    if (Order{}(rank, best.rank.get())) return true;
    if (Order{}(best.rank.get(), rank)) return false;
    return std::tie(time, sequence) < std::tie(best.time, best.sequence);
  }
};

struct NoRank {
  template <class Row>
  bool operator()(const Row&) const {
    return false;
  }
};

/// An aggregate that is told its row type by the stream.
template <class RankOf, class ValueOf, class Better>
struct ChoosingOfAnyRow {
  RankOf rank_of;
  ValueOf value_of;
  template <class Row>
  Choosing<Row, RankOf, ValueOf, Better> bind() const {
    return {rank_of, value_of};
  }
};

}  // namespace detail

/// A member, or what a function makes of a row, of the first row of a key by event time; of rows of one time the first that came.
/// Without a projection, the row: first(std::identity{}).
template <class ValueOf>
auto first(ValueOf value_of) {
  return detail::ChoosingOfAnyRow<detail::NoRank, ValueOf, detail::ByTime<std::less<>>>{{}, value_of};
}
/// The same of the last row; of rows of one time the last that came.
template <class ValueOf>
auto last(ValueOf value_of) {
  return detail::ChoosingOfAnyRow<detail::NoRank, ValueOf, detail::ByTime<std::greater<>>>{{}, value_of};
}
/// The whole row whose member, or function, `rank_of` is smallest, by Less; of equal ones the first by event time.
template <class RankOf>
auto min_by(RankOf rank_of) {
  return detail::ChoosingOfAnyRow<RankOf, std::identity, detail::ByRank<Less>>{rank_of, {}};
}
/// The same, where it is largest.
template <class RankOf>
auto max_by(RankOf rank_of) {
  return detail::ChoosingOfAnyRow<RankOf, std::identity, detail::ByRank<Greater>>{rank_of, {}};
}

}  // namespace weir
