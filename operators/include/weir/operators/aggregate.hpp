#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>

#include <boost/describe.hpp>

#include <weir/operators/window.hpp>

namespace weir {

/// A combinable aggregate over rows of `Row`:
///   Accumulator              what is kept for a key and window; default-constructed when the first row comes; described, or a number
///   lift(row)                what of the row must travel to the key's worker; evaluated on the sending side
///   add(accumulator, lifted) takes one row in
///   merge(accumulator, other) takes in an accumulator of the same key and window
///   result(accumulator)      the value that is emitted, or
///   result(key, window, accumulator)  the whole row that is emitted
/// Order of rows, and how they are grouped before merging, must not matter. Accumulators own what they hold: no string_view.
template <class A, class Row>
concept Aggregate = requires(const A& a, typename A::Accumulator accumulator,
                             const typename A::Accumulator& other, const Row& row) {
  a.add(accumulator, a.lift(row));
  a.merge(accumulator, other);
};

/// Travels where an aggregate needs nothing of the row.
struct Nothing {
  friend constexpr bool operator==(Nothing, Nothing) = default;
};

namespace detail {

template <class Field, class Row>
using FieldOf = std::remove_cvref_t<std::invoke_result_t<const Field&, const Row&>>;

/// Sums of integers are wide, sums of floating point are double.
template <class Number>
using SumOf = std::conditional_t<std::is_floating_point_v<Number>, double, std::int64_t>;

}  // namespace detail

/// How many rows.
struct Count {
  using Accumulator = std::int64_t;
  template <class Row>
  Nothing lift(const Row&) const {
    return {};
  }
  void add(Accumulator& n, Nothing) const { ++n; }
  void merge(Accumulator& n, Accumulator other) const { n += other; }
  std::int64_t result(Accumulator n) const { return n; }
};
inline Count count() { return {}; }

template <class Field, class Number>
struct Sum {
  Field field;
  using Accumulator = detail::SumOf<Number>;
  template <class Row>
  Number lift(const Row& row) const {
    return std::invoke(field, row);
  }
  void add(Accumulator& sum, Number n) const { sum += static_cast<Accumulator>(n); }
  void merge(Accumulator& sum, Accumulator other) const { sum += other; }
  Accumulator result(Accumulator sum) const { return sum; }
};

/// The smallest, or largest, value of a field.
template <class Field, class Number, class Before>
struct Extreme {
  Field field;
  using Accumulator = std::optional<Number>;
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
