#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/operators/aggregate.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>

namespace weir {

namespace detail {

/// An aggregate of any row type, told the stream's; others as they are.
template <class Row, class A>
auto bind_row(const A& aggregate) {
  if constexpr (requires { aggregate.template bind<Row>(); }) return aggregate.template bind<Row>();
  else return aggregate;
}

/// Values in order, each once.
template <class Value>
struct DistinctValues {
  std::vector<Value> values;
  /// Without what long texts own: it is asked for at every row, so it must not walk over all.
  std::size_t heap_bytes() const { return values.capacity() * sizeof(Value); }
  BOOST_DESCRIBE_CLASS(DistinctValues, (), (values), (), ())
};

template <class Row, class ValueOf>
struct CountDistinct {
  ValueOf value_of;
  using Lifted = FieldOf<ValueOf, Row>;
  using Kept = std::conditional_t<std::is_same_v<Lifted, std::string_view>, std::string, Lifted>;
  using Accumulator = DistinctValues<Kept>;

  Lifted lift(const Row& row) const { return std::invoke(value_of, row); }
  template <class Value>
  void add(Accumulator& distinct, const Value& value) const {
    auto& values = distinct.values;
    const auto at = std::lower_bound(values.begin(), values.end(), value, Less{});
    if (at == values.end() || Less{}(value, *at)) values.emplace(at, value);
  }
  void merge(Accumulator& distinct, const Accumulator& other) const {
    std::vector<Kept> both;
    both.reserve(distinct.values.size() + other.values.size());
    std::set_union(distinct.values.begin(), distinct.values.end(), other.values.begin(), other.values.end(),
                   std::back_inserter(both), Less{});
    distinct.values = std::move(both);
  }
  std::int64_t result(const Accumulator& distinct) const {
    return static_cast<std::int64_t>(distinct.values.size());
  }
};

template <class ValueOf>
struct CountDistinctOfAnyRow {
  ValueOf value_of;
  template <class Row>
  CountDistinct<Row, ValueOf> bind() const {
    return {value_of};
  }
};

template <class Row, class ValueOf, class Function>
struct Reduce {
  ValueOf value_of;
  Function function;
  using Value = FieldOf<ValueOf, Row>;
  using Accumulator = std::optional<Value>;

  Value lift(const Row& row) const { return std::invoke(value_of, row); }
  void add(Accumulator& all, const Value& value) const {
    all = all ? std::invoke(function, *all, value) : value;
  }
  void merge(Accumulator& all, const Accumulator& other) const {
    if (other) add(all, *other);
  }
  Value result(const Accumulator& all) const { return *all; }
};

/// The accumulators, or the lifted values, of aggregates side by side.
template <class... Parts>
struct SideBySide {
  static constexpr bool kOwnsText = (owns_text<Parts>() && ...);
  std::tuple<Parts...> parts;
  std::size_t heap_bytes() const {
    return std::apply([](const auto&... part) { return (std::size_t{0} + ... + weir::heap_bytes(part)); },
                      parts);
  }
};

template <class Row, class A>
using LiftedOf = std::remove_cvref_t<decltype(std::declval<const A&>().lift(std::declval<const Row&>()))>;

template <class Row, class Out, class... As>
struct AllOf {
  std::tuple<As...> aggregates;
  using Accumulator = SideBySide<typename As::Accumulator...>;
  using Lifted = SideBySide<LiftedOf<Row, As>...>;
  static constexpr bool kCombines = (detail::kCombines<As> && ...);
  static constexpr bool kRetracts = (detail::kRetracts<As> && ...);
  static constexpr bool kArrival = (kWantsArrival<As, LiftedOf<Row, As>> || ...);

  Lifted lift(const Row& row) const {
    return std::apply([&](const As&... a) { return Lifted{{a.lift(row)...}}; }, aggregates);
  }
  void add(Accumulator& all, const Lifted& lifted) const requires(!kArrival) { add_each(all, lifted, {}); }
  void add(Accumulator& all, const Lifted& lifted, Arrival arrival) const requires(kArrival) {
    add_each(all, lifted, arrival);
  }
  void merge(Accumulator& all, const Accumulator& other) const {
    each([&](const auto& a, auto index) {
      a.merge(std::get<index>(all.parts), std::get<index>(other.parts));
    });
  }
  void retract(Accumulator& all, const Accumulator& other) const requires(kRetracts) {
    each([&](const auto& a, auto index) {
      a.retract(std::get<index>(all.parts), std::get<index>(other.parts));
    });
  }
  Out result(const Accumulator& all) const { return result_of(all, std::index_sequence_for<As...>()); }

 private:
  template <class Visit>
  void each(Visit&& visit) const {
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<sizeof...(As)>>(
        [&](auto index) { visit(std::get<index>(aggregates), index); });
  }
  void add_each(Accumulator& all, const Lifted& lifted, Arrival arrival) const {
    each([&](const auto& a, auto index) {
      add_to(a, std::get<index>(all.parts), std::get<index>(lifted.parts), arrival);
    });
  }
  template <std::size_t... kIndex>
  Out result_of(const Accumulator& all, std::index_sequence<kIndex...>) const {
    return Out{std::get<kIndex>(aggregates).result(std::get<kIndex>(all.parts))...};
  }
};

template <class Out, class... As>
struct AllOfAnyRow {
  std::tuple<As...> aggregates;
  template <class Row>
  auto bind() const {
    return std::apply(
        [](const As&... a) { return AllOf<Row, Out, decltype(bind_row<Row>(a))...>{{bind_row<Row>(a)...}}; },
        aggregates);
  }
};

}  // namespace detail

template <class... Parts>
inline constexpr bool kHoldsViews<detail::SideBySide<Parts...>> = (kHoldsViews<Parts> || ...);

template <class... Parts>
struct StateCodec<detail::SideBySide<Parts...>> {
  using Value = detail::SideBySide<Parts...>;
  static void encode(std::string& out, const Value& value) {
    std::apply([&](const Parts&... part) { (StateCodec<Parts>::encode(out, part), ...); }, value.parts);
  }
  static Value decode(StateReader& in) {
    // Braces: parts are read in order.
    return Value{std::tuple<Parts...>{StateCodec<Parts>::decode(in)...}};
  }
  static std::string type() {
    std::string text;
    ((text += (text.empty() ? "(" : ",") + StateCodec<Parts>::type()), ...);
    return text + ")";
  }
};

/// How many different values, by Less, a member, or a function of the row, has. Exact: keeps all of them, in order, for each key and slice.
template <class ValueOf>
auto count_distinct(ValueOf value_of) {
  return detail::CountDistinctOfAnyRow<ValueOf>{value_of};
}

/// Several aggregates at once: `all_of<Summary>(count(), sum(&R::x), max(&R::y))`. Their results, in this order, initialise a
/// `Summary`, a described struct, so that they have names.
template <class Out, class... As>
auto all_of(As... aggregates) {
  static_assert(
      Described<Out>,
      "weir: all_of<Out>() fills a struct described with BOOST_DESCRIBE_STRUCT, one field a result");
  return detail::AllOfAnyRow<Out, As...>{{std::move(aggregates)...}};
}

}  // namespace weir
