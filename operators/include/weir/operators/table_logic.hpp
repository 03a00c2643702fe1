#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/core/job_graph.hpp>
#include <weir/operators/result_of_key.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/table_aggregate.hpp>
#include <weir/state/keyed_table.hpp>

namespace weir::detail {

/// A table whose rows are the last ones that came.
template <class KeyType, class Row, class DeletedWhen>
class UpsertLogic {
 public:
  using Key = KeyType;
  using Out = Row;
  using Inputs = std::tuple<Row>;
  using Params = DeletedWhen;

  UpsertLogic(OperatorStates& states, const Params& deleted) : rows_(states, "rows"), deleted_(deleted) {}
  static std::vector<StateDescription> describe() { return {{"rows", state_type<Key>(), state_type<Row>()}}; }

  template <class Rows>
  void fetch(const Rows& rows) {
    rows_.fetch(rows);
  }
  template <std::size_t>
  void apply(std::uint64_t hash, const Key& key, const Row& row, EventTime) {
    if (std::invoke(deleted_, row)) rows_.erase(hash, key);
    else rows_.edit(hash, key).set(row);
  }
  std::optional<Row> current(std::uint64_t hash, const Key& key) {
    const Owned<Row>* row = rows_.find(hash, key);
    return row ? std::optional<Row>(row->get()) : std::nullopt;
  }
  void erase(std::uint64_t hash, const Key& key) { rows_.erase(hash, key); }

 private:
  KeyedTable<Key, Owned<Row>> rows_;
  const DeletedWhen deleted_;
};

/// A table of results over the rows of a stream, which only ever come.
template <class KeyType, class Row, class A>
class AggregateLogic {
 public:
  using Key = KeyType;
  using Accumulator = typename A::Accumulator;
  using Lifted = LiftedOf<Row, A>;
  using Out = ResultOf<A, Key>;
  using Inputs = std::tuple<Lifted>;
  using Params = A;

  AggregateLogic(OperatorStates& states, const A& aggregate)
      : states_(states), accumulators_(states, "accumulators"), aggregate_(aggregate) {}
  static std::vector<StateDescription> describe() {
    return {{"accumulators", state_type<Key>(), state_type<Accumulator>()}};
  }

  template <class Rows>
  void fetch(const Rows& rows) {
    accumulators_.fetch(rows);
  }
  template <std::size_t>
  void apply(std::uint64_t hash, const Key& key, const Lifted& lifted, EventTime time) {
    const Arrival arrival{time, states_.next_sequence()};
    add_to(aggregate_, accumulators_.edit(hash, key).edit(), lifted, arrival);
  }
  std::optional<Out> current(std::uint64_t hash, const Key& key) {
    const auto* accumulator = accumulators_.find(hash, key);
    if (!accumulator) return std::nullopt;
    return result_of_key(states_.operator_name(), key, nullptr,
                         [&] { return result_of(aggregate_, key, accumulator->get()); });
  }
  void erase(std::uint64_t hash, const Key& key) { accumulators_.erase(hash, key); }

 private:
  OperatorStates& states_;
  KeyedTable<Key, Owned<Accumulator>> accumulators_;
  const A aggregate_;
};

/// What a change of a table means for one group.
template <class Lifted>
struct GroupChange {
  std::optional<Lifted> gone;
  std::optional<Lifted> come;
  BOOST_DESCRIBE_CLASS(GroupChange, (), (gone, come), (), ())
};

}  // namespace weir::detail

namespace weir {

template <class Lifted>
inline constexpr bool kHoldsViews<detail::GroupChange<Lifted>> = kHoldsViews<Lifted>;

}  // namespace weir

namespace weir::detail {

/// A table of results over the rows of a table, by group. A group is there as long as it has rows.
template <class KeyType, class Row, class A>
class GroupLogic {
 public:
  using Key = KeyType;
  using Groups = TableAggregate<A, Row>;
  using Object = typename Groups::Object;
  using Lifted = LiftedOf<Row, A>;
  using Out = std::remove_cvref_t<decltype(std::declval<const Groups&>().result(
      std::declval<const Key&>(), std::declval<const Object&>()))>;
  using Inputs = std::tuple<GroupChange<Lifted>>;
  using Params = A;

  GroupLogic(OperatorStates& states, const A& aggregate)
      : states_(states), objects_(states, "groups"), groups_{aggregate} {}
  static std::vector<StateDescription> describe() { return {{"groups", state_type<Key>(), Groups::type()}}; }

  template <class Rows>
  void fetch(const Rows& rows) {
    objects_.fetch(rows);
  }
  template <std::size_t>
  void apply(std::uint64_t hash, const Key& key, const GroupChange<Lifted>& change, EventTime) {
    Object& object = objects_.edit(hash, key);
    if (change.gone) groups_.subtract(object, *change.gone);
    if (change.come) groups_.add(object, *change.come);
    if (groups_.empty(object)) objects_.erase(hash, key);
  }
  std::optional<Out> current(std::uint64_t hash, const Key& key) {
    const Object* object = objects_.find(hash, key);
    if (!object) return std::nullopt;
    return result_of_key(states_.operator_name(), key, nullptr, [&] { return groups_.result(key, *object); });
  }
  void erase(std::uint64_t hash, const Key& key) { objects_.erase(hash, key); }

 private:
  OperatorStates& states_;
  KeyedTable<Key, Object> objects_;
  const Groups groups_;
};

/// The row that a joining function makes of two, either of which may be missing where the kind of join allows it.
template <JoinKind kKind, class Join, class Left, class Right>
auto joined(const Join& join, const Left* left, const Right* right) {
  if constexpr (kKind == JoinKind::kInner) return std::invoke(join, *left, *right);
  else if constexpr (kKind == JoinKind::kLeft) return std::invoke(join, *left, right);
  else if constexpr (kKind == JoinKind::kRight) return std::invoke(join, left, *right);
  else return std::invoke(join, left, right);
}
template <JoinKind kKind, class Join, class Left, class Right>
using JoinedRow = std::remove_cvref_t<decltype(joined<kKind>(
    std::declval<const Join&>(), std::declval<const Left*>(), std::declval<const Right*>()))>;

/// Two tables by the same key.
template <JoinKind kKind, class KeyType, class Left, class Right, class Join>
class JoinLogic {
 public:
  using Key = KeyType;
  using Out = JoinedRow<kKind, Join, Left, Right>;
  using Inputs = std::tuple<std::optional<Left>, std::optional<Right>>;
  using Params = Join;

  JoinLogic(OperatorStates& states, const Join& join)
      : left_(states, "left"), right_(states, "right"), join_(join) {}
  static std::vector<StateDescription> describe() {
    return {{"left", state_type<Key>(), state_type<Left>()},
            {"right", state_type<Key>(), state_type<Right>()}};
  }

  template <class Rows>
  void fetch(const Rows& rows) {
    left_.fetch(rows);
    right_.fetch(rows);
  }
  template <std::size_t kInput, class Row>
  void apply(std::uint64_t hash, const Key& key, const std::optional<Row>& row, EventTime) {
    if constexpr (kInput == 0) set(left_, hash, key, row);
    else set(right_, hash, key, row);
  }
  std::optional<Out> current(std::uint64_t hash, const Key& key) {
    const Owned<Left>* left = left_.find(hash, key);
    const Owned<Right>* right = right_.find(hash, key);
    if (!left && !right) return std::nullopt;
    if (!left && (kKind == JoinKind::kInner || kKind == JoinKind::kLeft)) return std::nullopt;
    if (!right && (kKind == JoinKind::kInner || kKind == JoinKind::kRight)) return std::nullopt;
    return joined<kKind>(join_, left ? &left->get() : nullptr, right ? &right->get() : nullptr);
  }
  void erase(std::uint64_t hash, const Key& key) {
    left_.erase(hash, key);
    right_.erase(hash, key);
  }

 private:
  template <class Table, class Row>
  static void set(Table& table, std::uint64_t hash, const Key& key, const std::optional<Row>& row) {
    if (row) table.edit(hash, key).set(*row);
    else table.erase(hash, key);
  }

  KeyedTable<Key, Owned<Left>> left_;
  KeyedTable<Key, Owned<Right>> right_;
  const Join join_;
};

}  // namespace weir::detail
