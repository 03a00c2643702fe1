#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/mp11.hpp>

#include <weir/core/described.hpp>

namespace weir {

namespace detail {

template <class T>
inline constexpr bool kIsTupleLike = false;
template <class A, class B>
inline constexpr bool kIsTupleLike<std::pair<A, B>> = true;
template <class... Parts>
inline constexpr bool kIsTupleLike<std::tuple<Parts...>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

/// Its own comparison leaves values without an order, as floating point does.
template <class T>
inline constexpr bool kIsPartlyOrdered = false;
template <std::three_way_comparable T>
inline constexpr bool kIsPartlyOrdered<T> =
    std::is_same_v<std::compare_three_way_result_t<T>, std::partial_ordering>;

/// Values that order_of() compares part by part, since what they compare themselves by is no order where floating point is.
template <class T>
inline constexpr bool kOrderedByFields = Described<T> &&
                                         (kIsPartlyOrdered<T> || !requires(const T& a) { a < a; });

template <class Number>
constexpr std::weak_ordering order_of_reals(Number a, Number b) {
  if (a < b) return std::weak_ordering::less;
  if (b < a) return std::weak_ordering::greater;
  // Equal, or one of them is no number: then `x != x` says which.
  return (a != a) <=> (b != b);
}

template <class A, class B>
constexpr std::weak_ordering order_of(const A& a, const B& b);

template <class Tuple, std::size_t... kParts>
constexpr std::weak_ordering order_of_parts(const Tuple& a, const Tuple& b, std::index_sequence<kParts...>) {
  std::weak_ordering order = std::weak_ordering::equivalent;
  ((order = order_of(std::get<kParts>(a), std::get<kParts>(b)), order != 0) || ...);
  return order;
}

template <class T>
constexpr std::weak_ordering order_of_fields(const T& a, const T& b) {
  std::weak_ordering order = std::weak_ordering::equivalent;
  boost::mp11::mp_for_each<FieldsOf<T>>([&](auto field) {
    if (order == 0) order = order_of(a.*field.pointer, b.*field.pointer);
  });
  return order;
}

template <class A, class B>
constexpr std::weak_ordering order_of(const A& a, const B& b) {
  if constexpr (std::is_floating_point_v<A> && std::is_floating_point_v<B>) {
    return order_of_reals<std::common_type_t<A, B>>(a, b);
  } else if constexpr (std::is_same_v<A, B> && kIsOptional<A>) {
    return a && b ? order_of(*a, *b) : a.has_value() <=> b.has_value();
  } else if constexpr (std::is_same_v<A, B> && kIsTupleLike<A>) {
    return order_of_parts(a, b, std::make_index_sequence<std::tuple_size_v<A>>());
  } else if constexpr (std::is_same_v<A, B> && kOrderedByFields<A>) {
    return order_of_fields(a, b);
  } else {
    if (a < b) return std::weak_ordering::less;
    return b < a ? std::weak_ordering::greater : std::weak_ordering::equivalent;
  }
}

}  // namespace detail

/// The order of values wherever weir compares them: min and max, ranks, distinct values, keys of maps. Of floating point NaN is equal to
/// itself and above all numbers, infinity too, and −0.0 equals 0.0. Absent optionals come first; pairs, tuples and described structs without an order
/// of their own, or with one by `<=>` that floating point leaves partial, go part by part; all else by its `<`. docs/numbers.md.
struct Less {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) return a < b;
    else if constexpr (std::is_floating_point_v<A> && std::is_floating_point_v<B>)
      return a < b || (b != b && a == a);
    else return detail::order_of(a, b) < 0;
  }
};
/// The same the other way round.
struct Greater {
  template <class A, class B>
  constexpr bool operator()(const A& a, const B& b) const {
    return Less{}(b, a);
  }
};

/// Values that Less can compare.
template <class T>
concept Ordered = requires(const T& a) {
  { a < a } -> std::convertible_to<bool>;
}
|| detail::kOrderedByFields<T>;

/// The one zero and the one NaN that stand for all where values are compared by their bytes.
template <class T>
constexpr T canonical(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (value != value) return std::numeric_limits<T>::quiet_NaN();
    return value == 0 ? T{0} : value;
  } else {
    return value;
  }
}

}  // namespace weir
