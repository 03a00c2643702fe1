#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/compound_aggregates.hpp>
#include <weir/operators/exact_sum.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>

namespace weir {

template <>
struct StateCodec<Nothing> {
  static void encode(std::string&, Nothing) {}
  static Nothing decode(StateReader&) { return {}; }
  static std::string type() { return "nothing"; }
};

}  // namespace weir

namespace weir::detail {

/// result(accumulator), or result(key, accumulator).
template <class A, class Key, class Accumulator>
auto result_of(const A& aggregate, const Key& key, const Accumulator& accumulator) {
  if constexpr (requires { aggregate.result(accumulator); }) return aggregate.result(accumulator);
  else return aggregate.result(key, accumulator);
}
template <class A, class Key>
using ResultOf = std::remove_cvref_t<decltype(result_of(std::declval<const A&>(), std::declval<const Key&>(),
                                                        std::declval<const typename A::Accumulator&>()))>;

template <class A, class Row>
concept ContinuousAggregate = requires(const A& a, typename A::Accumulator accumulator, const Row& row) {
  a.lift(row);
  requires kWantsArrival<A, LiftedOf<Row, A>> || requires { a.add(accumulator, a.lift(row)); };
};

/// Any accumulator, and how many rows are in it.
template <class Accumulator>
struct Counted {
  std::int64_t rows = 0;
  Accumulator accumulator{};
  BOOST_DESCRIBE_CLASS(Counted, (), (rows, accumulator), (), ())
};

/// How an aggregate is kept up to date over rows that come and go: an Object of a KeyedTable, and what is done to it.
/// This one is for aggregates that say themselves how rows are taken back.
template <class A, class Row>
struct TableAggregate {
  static_assert(
      kRetracts<A>,
      "weir: an aggregate over a table has retract(Accumulator&, const Accumulator&): a row that changes is "
      "taken back first");
  using Accumulator = typename A::Accumulator;
  using Lifted = LiftedOf<Row, A>;
  using Object = Owned<Counted<Accumulator>>;
  static std::string type() { return state_type<Counted<Accumulator>>(); }

  void add(Object& object, const Lifted& lifted) const {
    ++object.edit().rows;
    add_to(aggregate, object.edit().accumulator, lifted, {});
  }
  void subtract(Object& object, const Lifted& lifted) const {
    Accumulator gone{};
    add_to(aggregate, gone, lifted, {});
    --object.edit().rows;
    aggregate.retract(object.edit().accumulator, gone);
  }
  bool empty(const Object& object) const { return object.get().rows == 0; }
  template <class Key>
  auto result(const Key& key, const Object& object) const {
    return result_of(aggregate, key, object.get().accumulator);
  }

  A aggregate;
};

template <class Row>
struct TableAggregate<Count, Row> {
  using Object = Owned<std::int64_t>;
  static std::string type() { return state_type<std::int64_t>(); }
  void add(Object& rows, Nothing) const { ++rows.edit(); }
  void subtract(Object& rows, Nothing) const { --rows.edit(); }
  bool empty(const Object& rows) const { return rows.get() == 0; }
  template <class Key>
  std::int64_t result(const Key&, const Object& rows) const {
    return rows.get();
  }
  Count aggregate;
};

/// Sums and means: exact, and as if rows that are gone had never been there.
template <class Number>
struct CountedSum {
  using Total = std::conditional_t<std::is_floating_point_v<Number>, ExactSum,
                                   std::conditional_t<kSumIsWide<Number>, WideInteger, std::int64_t>>;
  using Object = Owned<Counted<Total>>;
  static std::string type() { return state_type<Counted<Total>>(); }
  void add(Object& object, Number number) const {
    Counted<Total>& sum = object.edit();
    ++sum.rows;
    if constexpr (kIsClass) sum.accumulator.add(number);
    else sum.accumulator += number;
  }
  void subtract(Object& object, Number number) const {
    Counted<Total>& sum = object.edit();
    --sum.rows;
    if constexpr (kIsClass) sum.accumulator.subtract(number);
    else sum.accumulator -= number;
  }
  bool empty(const Object& object) const { return object.get().rows == 0; }

 protected:
  static constexpr bool kIsClass = std::is_class_v<Total>;
};

template <class Field, class Number, class Row>
struct TableAggregate<Sum<Field, Number>, Row> : CountedSum<Number> {
  explicit TableAggregate(const Sum<Field, Number>& sum) : field(sum.field) {}
  template <class Key>
  SumOf<Number> result(const Key&, const typename CountedSum<Number>::Object& object) const {
    const auto& total = object.get().accumulator;
    if constexpr (std::is_floating_point_v<Number>) return total.value();
    else if constexpr (kSumIsWide<Number>) return narrow_sum<SumOf<Number>>(total, field);
    else return total;
  }
  Field field;
};
template <class Field, class Number, class Row>
struct TableAggregate<Mean<Field, Number>, Row> : CountedSum<Number> {
  explicit TableAggregate(const Mean<Field, Number>&) {}
  template <class Key>
  double result(const Key&, const typename CountedSum<Number>::Object& object) const {
    const auto& [rows, total] = object.get();
    if constexpr (std::is_floating_point_v<Number>) return total.mean(rows);
    else if constexpr (kSumIsWide<Number>) return total.as_double() / static_cast<double>(rows);
    else return static_cast<double>(total) / static_cast<double>(rows);
  }
};

/// The smallest and the largest have no inverse: all values are kept, each with how often it is there.
template <class Field, class Number, class Before, class Row>
struct TableAggregate<Extreme<Field, Number, Before>, Row> {
  static constexpr bool kSmallest = std::is_same_v<Before, Less>;
  using Object = OrderedMap<Number, std::int64_t>;
  static std::string type() { return "map<" + state_type<Number>() + ",int64>"; }
  void add(Object& numbers, const Number& number) const { change(numbers, number, 1); }
  void subtract(Object& numbers, const Number& number) const { change(numbers, number, -1); }
  bool empty(const Object& numbers) const { return numbers.empty(); }
  template <class Key>
  Number result(const Key&, const Object& numbers) const {
    Number found{};
    const auto first = [&](const auto& number, std::int64_t) -> bool {
      found = Number(number);
      return false;
    };
    if constexpr (kSmallest) numbers.for_each(first);
    else numbers.for_each_back(first);
    return found;
  }
  Extreme<Field, Number, Before> aggregate;

 private:
  static void change(Object& numbers, const Number& number, std::int64_t by) {
    std::int64_t& times = numbers.edit(number);
    times += by;
    if (times == 0) numbers.erase(number);
  }
};

/// reduce(add, subtract) over a table.
template <class RowType, class Add, class Subtract>
struct Reduction {
  using Accumulator = std::optional<RowType>;
  RowType lift(const RowType& row) const { return row; }
  Add plus;
  Subtract minus;
};

template <class RowType, class Add, class Subtract, class Row>
struct TableAggregate<Reduction<RowType, Add, Subtract>, Row> {
  using Object = Owned<Counted<std::optional<RowType>>>;
  static std::string type() { return state_type<Counted<std::optional<RowType>>>(); }
  void add(Object& object, const RowType& row) const {
    auto& kept = object.edit();
    ++kept.rows;
    if (kept.accumulator) kept.accumulator = std::invoke(reduction.plus, *kept.accumulator, row);
    else kept.accumulator = row;
  }
  void subtract(Object& object, const RowType& row) const {
    auto& kept = object.edit();
    if (--kept.rows != 0) kept.accumulator = std::invoke(reduction.minus, *kept.accumulator, row);
    else kept.accumulator.reset();
  }
  bool empty(const Object& object) const { return object.get().rows == 0; }
  template <class Key>
  RowType result(const Key&, const Object& object) const {
    return *object.get().accumulator;
  }
  Reduction<RowType, Add, Subtract> reduction;
};

}  // namespace weir::detail
