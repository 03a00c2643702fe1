#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/schema.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// A combinable aggregate over rows of `Row`:
///   Accumulator              what is kept for a key and slice; default-constructed when the first row comes; described, or a number
///   lift(row)                what of the row must travel to the key's worker; evaluated on the sending side
///   add(accumulator, lifted) takes one row in, or add(accumulator, lifted, arrival), which also tells its event time and its turn
///   merge(accumulator, other) takes in an accumulator of the same key
///   result(accumulator)      the value that is emitted as part of a WindowResult, or
///   result(key, window, accumulator)        the whole row that is emitted, or
///   result(key, window, pane, accumulator)  the same, told which firing it is for; or, with a type `Out`,
///   emit(key, window, pane, accumulator, collect)  calls collect(Out) for any number of rows
/// Order of rows, and how they are grouped before merging, must not matter. Accumulators own what they hold: no string_view.
///
/// Optional:
///   retract(accumulator, other)  takes an accumulator back out that was merged in, exactly: sliding windows then keep running totals
///   static constexpr bool kCombines = true  merging gives the same however rows are grouped, to the last bit: then rows of
///                            frequent keys are combined before they are sent
template <class A, class Row>
concept Aggregate = requires(const A& a, typename A::Accumulator accumulator,
                             const typename A::Accumulator& other, const Row& row) {
  a.lift(row);
  a.merge(accumulator, other);
};

/// Travels where an aggregate needs nothing of the row.
struct Nothing {
  friend constexpr bool operator==(Nothing, Nothing) = default;
};

/// When a row came: its event time, and its turn among the rows of its key.
struct Arrival {
  EventTime time;
  std::uint64_t sequence = 0;
};

namespace detail {

template <class Field, class Row>
using FieldOf = std::remove_cvref_t<std::invoke_result_t<const Field&, const Row&>>;

/// Sums of integers are wide, sums of floating point are double.
template <class Number>
using SumOf = std::conditional_t<std::is_floating_point_v<Number>, double, std::int64_t>;

/// False for what points to text, or holds something that does: in fields, optionals, lists.
template <class T>
constexpr bool owns_text() {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return false;
  } else if constexpr (requires { T::kOwnsText; }) {
    return T::kOwnsText;
  } else if constexpr (requires { typename T::value_type; }) {
    return owns_text<typename T::value_type>();
  } else if constexpr (Described<T>) {
    bool all = true;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_any_access>>(
        [&](auto field) {
          all = all && owns_text<std::remove_cvref_t<decltype(std::declval<T&>().*field.pointer)>>();
        });
    return all;
  } else {
    return true;
  }
}

template <class A>
inline constexpr bool kCombines = requires {
  requires A::kCombines;
};
template <class A>
inline constexpr bool kRetracts = requires(const A& a, typename A::Accumulator& into,
                                           const typename A::Accumulator& other) {
  a.retract(into, other);
};

template <class A, class Lifted>
inline constexpr bool kWantsArrival = requires(const A& a, typename A::Accumulator& into,
                                               const Lifted& lifted) {
  a.add(into, lifted, Arrival{});
};

template <class A, class Lifted>
void add_to(const A& a, typename A::Accumulator& accumulator, const Lifted& lifted, Arrival arrival) {
  if constexpr (kWantsArrival<A, Lifted>) a.add(accumulator, lifted, arrival);
  else a.add(accumulator, lifted);
}

/// Integers that a double holds and adds up exactly for as many rows as there may be.
template <class Number>
inline constexpr bool kExactInDouble = std::is_integral_v<Number> && sizeof(Number) <= 4;

}  // namespace detail

/// How many rows.
struct Count {
  using Accumulator = std::int64_t;
  static constexpr bool kCombines = true;
  template <class Row>
  Nothing lift(const Row&) const {
    return {};
  }
  void add(Accumulator& n, Nothing) const { ++n; }
  void merge(Accumulator& n, Accumulator other) const { n += other; }
  void retract(Accumulator& n, Accumulator other) const { n -= other; }
  std::int64_t result(Accumulator n) const { return n; }
};
inline Count count() { return {}; }

/// Sums of floating point depend on the order of their parts: only those of integers are combined early, and retracted.
template <class Field, class Number>
struct Sum {
  Field field;
  using Accumulator = detail::SumOf<Number>;
  static constexpr bool kCombines = std::is_integral_v<Number>;
  template <class Row>
  Number lift(const Row& row) const {
    return std::invoke(field, row);
  }
  void add(Accumulator& sum, Number n) const { sum += static_cast<Accumulator>(n); }
  void merge(Accumulator& sum, Accumulator other) const { sum += other; }
  void retract(Accumulator& sum, Accumulator other) const requires(kCombines) { sum -= other; }
  Accumulator result(Accumulator sum) const { return sum; }
};

/// The smallest, or largest, value of a field.
template <class Field, class Number, class Before>
struct Extreme {
  Field field;
  using Accumulator = std::optional<Number>;
  static constexpr bool kCombines = true;
  template <class Row>
  Number lift(const Row& row) const {
    return std::invoke(field, row);
  }
  void add(Accumulator& best, Number n) const {
    if (!best || Before{}(n, *best)) best = n;
  }
  void merge(Accumulator& best, const Accumulator& other) const {
    if (other) add(best, *other);
  }
  Number result(const Accumulator& best) const { return *best; }
};

struct MeanState {
  double sum = 0;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(MeanState, (), (sum, count))

template <class Field, class Number>
struct Mean {
  Field field;
  using Accumulator = MeanState;
  static constexpr bool kCombines = detail::kExactInDouble<Number>;
  template <class Row>
  Number lift(const Row& row) const {
    return std::invoke(field, row);
  }
  void add(Accumulator& mean, Number n) const {
    mean.sum += static_cast<double>(n);
    ++mean.count;
  }
  void merge(Accumulator& mean, const Accumulator& other) const {
    mean.sum += other.sum;
    mean.count += other.count;
  }
  void retract(Accumulator& mean, const Accumulator& other) const requires(kCombines) {
    mean.sum -= other.sum;
    mean.count -= other.count;
  }
  double result(const Accumulator& mean) const { return mean.sum / static_cast<double>(mean.count); }
};

/// Aggregates over a member: `sum(&Flight::delay_minutes)`.
template <class Row, class Number>
Sum<Number Row::*, Number> sum(Number Row::*field) {
  return {field};
}
template <class Row, class Number>
Extreme<Number Row::*, Number, std::less<>> min(Number Row::*field) {
  return {field};
}
template <class Row, class Number>
Extreme<Number Row::*, Number, std::greater<>> max(Number Row::*field) {
  return {field};
}
template <class Row, class Number>
Mean<Number Row::*, Number> mean(Number Row::*field) {
  return {field};
}

}  // namespace weir
