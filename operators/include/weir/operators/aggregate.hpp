#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/error.hpp>
#include <weir/core/order.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/time.hpp>
#include <weir/state/wide_integer.hpp>

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

/// Integers whose sums 64 bits may not hold.
template <class Number>
inline constexpr bool kSumIsWide = std::is_integral_v<Number> && sizeof(Number) == 8;

/// What a sum is emitted as: of floating point a double, of uint64 a uint64, of other integers an int64.
template <class Number>
using SumOf = std::conditional_t<
    std::is_floating_point_v<Number>, double,
    std::conditional_t<kSumIsWide<Number> && std::is_unsigned_v<Number>, std::uint64_t, std::int64_t>>;

/// Stands in for the aggregate of a member that has none, which a static_assert has been said about.
struct NoAggregate {
  using Accumulator = std::int64_t;
  template <class Row>
  std::int64_t lift(const Row&) const {
    return 0;
  }
  void add(Accumulator&, std::int64_t) const {}
  void merge(Accumulator&, const Accumulator&) const {}
  void retract(Accumulator&, const Accumulator&) const {}
  std::int64_t result(const Accumulator&) const { return 0; }
};

template <class Field>
struct MemberType {
  using type = void;
};
template <class Row, class Value>
requires(!std::is_function_v<Value>) struct MemberType<Value Row::*> {
  using type = Value;
};
/// The type of a member; void for what is none.
template <class Field>
using MemberOf = typename MemberType<Field>::type;
template <class Value>
inline constexpr bool kHasExtremes = Ordered<Value> && !kHoldsViews<Value>;
template <>
inline constexpr bool kHasExtremes<void> = false;

/// A sum that its type does not hold. Operators add where that was.
class SumOutOfRange : public FailJob {
 public:
  using FailJob::FailJob;
};
[[noreturn]] void sum_is_out_of_range(const WideInteger& sum, std::string_view row, std::string_view field,
                                      std::string_view type);

template <class Row, class Number>
std::string_view name_of_member(Number Row::*member) {
  std::string_view name;
  if constexpr (Described<Row>)
    boost::mp11::mp_for_each<FieldsOf<Row>>([&](auto field) {
      if constexpr (std::is_same_v<std::remove_cv_t<decltype(field.pointer)>, Number Row::*>)
        if (field.pointer == member) name = field.name;
    });
  return name;
}

template <class Result, class Row, class Number>
Result narrow_sum(const WideInteger& sum, Number Row::*field) {
  if (!sum.fits<Result>())
    sum_is_out_of_range(sum, type_name<Row>(), name_of_member(field),
                        std::is_unsigned_v<Result> ? "uint64" : "int64");
  return sum.as<Result>();
}

template <class Number>
Number without_sign_of_zero(const Number& number) {
  if constexpr (std::is_floating_point_v<Number>) return number + Number{0};
  else return number;
}

/// The two doubles that an integer is the sum of.
struct TwoDoubles {
  double high;
  double low;
};
template <class Integer>
TwoDoubles in_two_doubles(Integer n) {
  const auto upper = static_cast<double>(n >> 32), lower = static_cast<double>(n & 0xffff'ffff);
  const double shifted = upper * 0x1p+32, high = shifted + lower;
  return {high, lower - (high - shifted)};
}
/// Adds to a sum in twice the digits of a double; exact for integers as long as 106 bits hold it. Source: T. J. Dekker, "A floating-point
/// technique for extending the available precision" (1971).
inline void add_in_two_doubles(double& high, double& low, double number) {
  const double sum = high + number;
  const double part = sum - high;
  const double error = (high - (sum - part)) + (number - part);
  const double rest = low + error;
  high = sum + rest;
  low = rest - (high - sum);
}

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
    boost::mp11::mp_for_each<FieldsOf<T>>([&](auto field) {
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

/// Sums of floating point depend on the order of their parts: only those of integers are combined early, and retracted. Those of integers are
/// exact; one that its type cannot hold fails the job.
template <class Field, class Number>
struct Sum {
  Field field;
  using Result = detail::SumOf<Number>;
  using Accumulator = std::conditional_t<detail::kSumIsWide<Number>, WideInteger, Result>;
  static constexpr bool kCombines = std::is_integral_v<Number>;
  template <class Row>
  Number lift(const Row& row) const {
    return std::invoke(field, row);
  }
  void add(Accumulator& sum, Number n) const {
    if constexpr (detail::kSumIsWide<Number>) sum.add(n);
    else sum += static_cast<Accumulator>(n);
  }
  void merge(Accumulator& sum, Accumulator other) const {
    if constexpr (detail::kSumIsWide<Number>) sum.add(other);
    else sum += other;
  }
  void retract(Accumulator& sum, Accumulator other) const requires(kCombines) {
    if constexpr (detail::kSumIsWide<Number>) sum.subtract(other);
    else sum -= other;
  }
  Result result(Accumulator sum) const {
    if constexpr (detail::kSumIsWide<Number>) return detail::narrow_sum<Result>(sum, field);
    else return sum;
  }
};

/// The smallest, or largest, value of a field, by Less: NaN is the largest. Zero has no sign.
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
    if (!best || Before{}(n, *best)) best = detail::without_sign_of_zero(n);
  }
  void merge(Accumulator& best, const Accumulator& other) const {
    if (other) add(best, *other);
  }
  Number result(const Accumulator& best) const { return *best; }
};

/// Of integers of 64 bits, which a double does not hold: the sum is kept in two.
struct WideMeanState {
  double sum = 0;
  double rest = 0;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(WideMeanState, (), (sum, rest, count))

struct MeanState {
  double sum = 0;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(MeanState, (), (sum, count))

template <class Field, class Number>
struct Mean {
  Field field;
  using Accumulator = std::conditional_t<detail::kSumIsWide<Number>, WideMeanState, MeanState>;
  static constexpr bool kCombines = detail::kExactInDouble<Number>;
  template <class Row>
  Number lift(const Row& row) const {
    return std::invoke(field, row);
  }
  void add(Accumulator& mean, Number n) const {
    if constexpr (detail::kSumIsWide<Number>) {
      const detail::TwoDoubles parts = detail::in_two_doubles(n);
      add_to_sum(mean, parts.high);
      if (parts.low != 0) add_to_sum(mean, parts.low);
    } else {
      mean.sum += static_cast<double>(n);
    }
    ++mean.count;
  }
  void merge(Accumulator& mean, const Accumulator& other) const {
    if constexpr (detail::kSumIsWide<Number>) {
      add_to_sum(mean, other.sum);
      add_to_sum(mean, other.rest);
    } else {
      mean.sum += other.sum;
    }
    mean.count += other.count;
  }
  void retract(Accumulator& mean, const Accumulator& other) const requires(std::is_integral_v<Number>) {
    if constexpr (detail::kSumIsWide<Number>) {
      add_to_sum(mean, -other.sum);
      add_to_sum(mean, -other.rest);
    } else {
      mean.sum -= other.sum;
    }
    mean.count -= other.count;
  }
  double result(const Accumulator& mean) const {
    if constexpr (detail::kSumIsWide<Number>) return (mean.sum + mean.rest) / static_cast<double>(mean.count);
    else return mean.sum / static_cast<double>(mean.count);
  }

 private:
  static void add_to_sum(WideMeanState& mean, double number) {
    detail::add_in_two_doubles(mean.sum, mean.rest, number);
  }
};

/// Aggregates over a member: `sum(&Flight::delay_minutes)`.
template <class Field>
auto sum(Field field) {
  using Number = detail::MemberOf<Field>;
  static_assert(std::is_arithmetic_v<Number>,
                "weir: sum() takes a member that is a number, sum(&Row::amount); make text, an optional or a "
                "function of the row a number by map() before");
  if constexpr (std::is_arithmetic_v<Number>) return Sum<Field, Number>{field};
  else return detail::NoAggregate{};
}
template <class Field>
auto mean(Field field) {
  using Number = detail::MemberOf<Field>;
  static_assert(
      std::is_arithmetic_v<Number>,
      "weir: mean() takes a member that is a number, mean(&Row::amount); make text, an optional or a "
      "function of the row a number by map() before");
  if constexpr (std::is_arithmetic_v<Number>) return Mean<Field, Number>{field};
  else return detail::NoAggregate{};
}
template <class Field>
auto min(Field field) {
  using Value = detail::MemberOf<Field>;
  static_assert(
      detail::kHasExtremes<Value>,
      "weir: min() takes a member that has an order and owns its text, min(&Row::amount): a number, "
      "a time, a std::string; for others there is min_by()");
  if constexpr (detail::kHasExtremes<Value>) return Extreme<Field, Value, Less>{field};
  else return detail::NoAggregate{};
}
template <class Field>
auto max(Field field) {
  using Value = detail::MemberOf<Field>;
  static_assert(
      detail::kHasExtremes<Value>,
      "weir: max() takes a member that has an order and owns its text, max(&Row::amount): a number, "
      "a time, a std::string; for others there is max_by()");
  if constexpr (detail::kHasExtremes<Value>) return Extreme<Field, Value, Greater>{field};
  else return detail::NoAggregate{};
}

}  // namespace weir
