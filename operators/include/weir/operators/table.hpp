#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/change.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/table_foreign_key.hpp>
#include <weir/operators/table_global_join.hpp>
#include <weir/operators/table_logic.hpp>
#include <weir/operators/table_operator.hpp>
#include <weir/operators/table_suppress.hpp>

namespace weir {

namespace detail {

/// Whether `Function` takes (row), (key, row), or one of these with an arena.
template <class Function, class Key, class Row>
concept TableFunction =
    std::invocable<const Function&, const Row&> || std::invocable<const Function&, const Row&, Arena&> ||
    std::invocable<const Function&, const Key&, const Row&> ||
    std::invocable<const Function&, const Key&, const Row&, Arena&>;
template <class Predicate, class Key, class Row>
concept TablePredicate =
    std::predicate<const Predicate&, const Row&> || std::predicate<const Predicate&, const Key&, const Row&>;

template <class Function, class Key, class Row>
using TableMapped =
    std::remove_cvref_t<decltype(table_mapped(std::declval<const Function&>(), std::declval<const Key&>(),
                                              std::declval<const Row&>(), std::declval<ChainContext&>()))>;

template <class Function, class Key, class Row>
auto of_row(const Function& function, const Key& key, const Row& row) {
  if constexpr (std::is_invocable_v<const Function&, const Row&>) return std::invoke(function, row);
  else return std::invoke(function, key, row);
}

template <JoinKind kKind, class Join, class Left, class Right>
concept JoinFunction = (kKind == JoinKind::kInner &&
                        std::invocable<const Join&, const Left&, const Right&>) ||
                       (kKind == JoinKind::kLeft && std::invocable<const Join&, const Left&, const Right*>) ||
                       (kKind == JoinKind::kRight &&
                        std::invocable<const Join&, const Left*, const Right&>) ||
                       (kKind == JoinKind::kFull && std::invocable<const Join&, const Left*, const Right*>);

template <class T>
struct KeyInside {
  using Type = T;
  static const T* get(const T& key) { return &key; }
};
template <class T>
struct KeyInside<std::optional<T>> {
  using Type = T;
  static const T* get(const std::optional<T>& key) { return key ? &*key : nullptr; }
};

}  // namespace detail

template <class Grouping, class Of>
class GroupedTable;

/// Rows by key, as they change: a Kafka Streams KTable, or what Flink calls a changelog. Each key has at most one row; what travels are
/// Change rows, with the row before and after, so that whoever takes rows together can take them back. Made by KeyedStream::to_table(),
/// KeyedStream::aggregate(), debezium() and the operations here. A value that says what is to be done, like Stream.
///
/// Functions are given (row), or (key, row). They must give the same for the same, since they are asked for rows that come and again when
/// these go. A change that changes nothing, to the last byte of state, is not passed on. Changes of a key come in order.
/// docs/tables.md is for those who know Kafka Streams or Flink.
template <class KeyType, class RowType, class From = Change<KeyType, RowType>, class Chain = chain::Identity>
class Table {
 public:
  using Key = KeyType;
  using Row = RowType;
  using Changes = Stream<Change<Key, Row>, From, Chain>;

  explicit Table(Changes changes, Chain stages, std::string description)
      : changes_(std::move(changes)), chain_(std::move(stages)), description_(std::move(description)) {}

  /// The rows for which `predicate` holds. A row that ceases to hold is deleted. Keeps no state.
  template <class Predicate>
  auto filter(Predicate predicate) const {
    static_assert(
        detail::TablePredicate<Predicate, Key, Row>,
        "weir: a table's filter() takes a predicate of (const Row&), or of (const Key&, const Row&)");
    return staged<Row>(chain::FilterTable<Chain, Predicate>{chain_, std::move(predicate)}, "filter");
  }
  /// Other rows under the same keys; `function` may take a weir::Arena& at the end, for text that it makes. Keeps no state.
  template <class Function>
  auto map(Function function) const {
    static_assert(
        detail::TableFunction<Function, Key, Row>,
        "weir: a table's map() takes a function of (const Row&), or of (const Key&, const Row&), and "
        "weir::Arena& where it makes text");
    using Out = detail::TableMapped<Function, Key, Row>;
    return staged<Out>(chain::MapTable<Chain, Function, Out>{chain_, std::move(function)}, "map");
  }

  /// Partitions the rows by another key, to be aggregated: a row that changes is taken from its old group and added to its new one.
  template <class GroupOf>
  auto group_by(GroupOf group_of) const {
    static_assert(
        std::invocable<const GroupOf&, const Row&> || std::invocable<const GroupOf&, const Key&, const Row&>,
        "weir: a table's group_by() takes a member of its row type, or a function of (const Row&), or of "
        "(const Key&, const Row&)");
    return GroupedTable<GroupOf, Table>(*this, std::move(group_of));
  }

  /// The rows of both tables under the same key: `combine(const Left&, const Right&)`. Each change on either side that changes the result is
  /// emitted, at once or as the options say. State: all rows of both. `name` names the state.
  template <class Right, class Join>
  auto join(const std::string& name, const Right& right, Join combine, Emission emission = {}) const {
    return joined_with<JoinKind::kInner>(name, right, std::move(combine), emission, "join");
  }
  /// The same, also for left rows without a right one: `combine(const Left&, const Right*)`.
  template <class Right, class Join>
  auto left_join(const std::string& name, const Right& right, Join combine, Emission emission = {}) const {
    return joined_with<JoinKind::kLeft>(name, right, std::move(combine), emission, "left join");
  }
  /// Also for right rows without a left one: `combine(const Left*, const Right&)`.
  template <class Right, class Join>
  auto right_join(const std::string& name, const Right& right, Join combine, Emission emission = {}) const {
    return joined_with<JoinKind::kRight>(name, right, std::move(combine), emission, "right join");
  }
  /// For the rows of either: `combine(const Left*, const Right*)`, never both missing.
  template <class Right, class Join>
  auto full_join(const std::string& name, const Right& right, Join combine, Emission emission = {}) const {
    return joined_with<JoinKind::kFull>(name, right, std::move(combine), emission, "full join");
  }

  /// Joins with a table that rows of this one refer to: `foreign_key` gives the right table's key, or std::optional of it for rows that may refer
  /// to none. The result has this table's keys. A change of a right row changes the results of all rows that refer to it. State: both
  /// tables, and every result. `name` names the state; `name.versions` and `name.matches` are vertices too. See table_foreign_key.hpp.
  template <class Right, class ForeignKey, class Join>
  auto join_by(const std::string& name, const Right& right, ForeignKey foreign_key, Join combine) const {
    return joined_by<JoinKind::kInner>(name, right, std::move(foreign_key), std::move(combine));
  }
  /// The same, also for rows without a right one: `combine(const Left&, const Right*)`.
  template <class Right, class ForeignKey, class Join>
  auto left_join_by(const std::string& name, const Right& right, ForeignKey foreign_key, Join combine) const {
    return joined_by<JoinKind::kLeft>(name, right, std::move(foreign_key), std::move(combine));
  }

  /// Lets fewer changes through: at_most_every(10s), each_watermark(). What is held back of a key becomes one change.
  /// State: one change for each key that has one waiting. `name` names the state.
  template <class Policy>
  auto suppress(const std::string& name, Policy policy) const {
    return suppressed(name, policy, "suppress");
  }
  /// Holds a row's changes until the watermark has passed the end of its window, and then emits its final row, once. `end_of(const Row&)` gives
  /// the end (exclusive), later by what lateness is allowed for. Changes that come even later are dropped, and counted
  /// (weir_table_changes_too_late_total). For tables keyed by key and window.
  template <class EndOf>
  auto suppress_until_window_closes(const std::string& name, EndOf end_of) const {
    static_assert(std::is_invocable_r_v<EventTime, const EndOf&, const Row&>,
                  "weir: suppress_until_window_closes() takes a member of type weir::EventTime, or a "
                  "function of (const "
                  "Row&) that returns one");
    return suppressed(name, detail::UntilClosed<EndOf>{std::move(end_of)},
                      "suppress until the window closes");
  }

  /// The changes, with the row before and after.
  const Changes& changes() const { return changes_; }
  /// The rows as they come to be: upserts. Deletions do not show.
  auto to_stream() const {
    return changes_.template flat_map<Row>([](const Change<Key, Row>& change, auto&& collect) {
      if (change.after) collect(*change.after);
    });
  }
  /// The same, with a row for each deletion: `deleted` makes it of the last row, or of the key and the last row.
  template <class Deleted>
  auto to_stream(Deleted deleted) const {
    static_assert(
        detail::TablePredicate<Deleted, Key, Row> || std::is_invocable_r_v<Row, const Deleted&, const Row&> ||
            std::is_invocable_r_v<Row, const Deleted&, const Key&, const Row&>,
        "weir: to_stream() takes a function that makes the row for a deletion: of (const Row&), or of (const "
        "Key&, const Row&)");
    return changes_.template flat_map<Row>([deleted](const Change<Key, Row>& change, auto&& collect) {
      if (change.after) collect(*change.after);
      else collect(Row(detail::of_row(deleted, change.key, *change.before)));
    });
  }
  /// Writes upserts: to_stream().sink(…).
  void sink(const std::string& name, const std::string& default_address = {}) const {
    to_stream().sink(name, default_address);
  }

  detail::GraphBuilder& builder() const { return changes_.builder(); }
  /// Ties the changes to an input of vertex `to` on the same worker, as Keyed<Key, Value> with what `lift(change)` takes. For operators.
  template <class Value, class Lift>
  void connect(VertexId to, std::uint32_t input, Lift lift) const {
    using Place = place::ByTableKey<Key, Value, Lift>;
    changes_.template connect<Keyed<Key, Value>>(to, input, Partitioning::kForward, Place{std::move(lift)});
  }

 private:
  template <class Out, class Next>
  auto staged(Next next, const char* stage) const {
    std::string description = detail::then(description_, stage);
    Stream<Change<Key, Out>, From, Next> changes(builder(), changes_.vertex(), 0, next, description);
    return Table<Key, Out, From, Next>(std::move(changes), std::move(next), std::move(description));
  }
  template <class Out>
  auto table_of(VertexId vertex) const {
    return Table<Key, Out>(Stream<Change<Key, Out>>(builder(), vertex, 0, {}, {}), {}, {});
  }

  template <JoinKind kKind, class Right, class Join>
  auto joined_with(const std::string& name, const Right& right, Join combine, Emission emission,
                   const char* description) const {
    using RightRow = typename Right::Row;
    static_assert(
        std::is_same_v<Key, typename Right::Key>,
        "weir: joined tables have keys of the same type; for a table that rows refer to there is join_by()");
    static_assert(
        detail::JoinFunction<kKind, Join, Row, RightRow>,
        "weir: the function of a table join takes (const Left&, const Right&); where a side may be missing "
        "it "
        "takes a pointer: left_join (const Left&, const Right*), right_join (const Left*, const Right&), "
        "full_join (const Left*, const Right*)");
    using Logic = detail::JoinLogic<kKind, Key, Row, RightRow, Join>;
    const VertexId to = detail::add_table<Logic>(builder(), name, description,
                                                 {false, emission.at_watermark, {}}, std::move(combine));
    connect<std::optional<Row>>(to, 0, [](const auto& change) { return change.after; });
    right.template connect<std::optional<RightRow>>(to, 1, [](const auto& change) { return change.after; });
    return table_of<typename Logic::Out>(to);
  }

  template <JoinKind kKind, class Right, class ForeignKey, class Join>
  auto joined_by(const std::string& name, const Right& right, ForeignKey foreign_key, Join combine) const {
    using RightRow = typename Right::Row;
    using RightKey = typename Right::Key;
    static_assert(
        std::invocable<const ForeignKey&, const Row&>,
        "weir: a foreign key is a member of the left table's row type, or a function of (const Row&)");
    using Found = std::remove_cvref_t<std::invoke_result_t<const ForeignKey&, const Row&>>;
    using Inside = detail::KeyInside<Found>;
    static_assert(std::is_same_v<typename Inside::Type, RightKey>,
                  "weir: a foreign key has the type of the right table's keys, or std::optional of it");
    static_assert(
        detail::JoinFunction<kKind, Join, Row, RightRow>,
        "weir: the function of a foreign-key join takes (const Left&, const Right&); that of left_join_by() "
        "(const Left&, const Right*)");
    using Matches = detail::MatchesOperator<kKind, Key, Row, RightKey, RightRow, Join>;
    using Out = typename Matches::Out;

    const auto versions = versioned(name + ".versions");
    OperatorVertex matching;
    matching.states = Matches::describe();
    matching.make = [combine](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Matches>(std::move(context), combine);
    };
    const VertexId matches = builder().add(name + ".matches", "matches by foreign key", std::move(matching));
    const auto spread = [foreign_key](const auto& change, auto&& send) {
      std::optional<Found> before, after;
      if (change.before) before.emplace(std::invoke(foreign_key, *change.before));
      if (change.after) after.emplace(std::invoke(foreign_key, *change.after));
      const RightKey* old_key = before ? Inside::get(*before) : nullptr;
      const RightKey* new_key = after ? Inside::get(*after) : nullptr;
      using Reference = detail::Reference<Key, Row>;
      if (old_key && !(new_key && *new_key == *old_key))
        send(*old_key, Reference{change.key, change.version, {}});
      if (new_key) send(*new_key, Reference{change.key, change.version, change.after});
    };
    using ToMatches = place::Spreading<RightKey, detail::Reference<Key, Row>, decltype(spread)>;
    versions.template connect<Keyed<RightKey, detail::Reference<Key, Row>>>(matches, 0, Partitioning::kKeyed,
                                                                            ToMatches{spread});
    right.template connect<std::optional<RightRow>>(matches, 1,
                                                    [](const auto& change) { return change.after; });
    return answered<kKind, Out, RightRow>(name, versions, matches, foreign_key, combine);
  }
  auto versioned(const std::string& name) const {
    OperatorVertex vertex;
    vertex.states.push_back({"next version", "", "uint64"});
    vertex.make = [](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<detail::VersionsOperator<Key, Row>>(std::move(context));
    };
    const VertexId to = builder().add(name, "versions of rows", std::move(vertex));
    changes_.template connect<Change<Key, Row>>(to, 0, Partitioning::kForward, place::Forward{});
    return Stream<detail::VersionedChange<Key, Row>>(builder(), to, 0, {}, {});
  }
  template <JoinKind kKind, class Out, class RightRow, class Versions, class ForeignKey, class Join>
  auto answered(const std::string& name, const Versions& versions, VertexId matches, ForeignKey foreign_key,
                Join combine) const {
    using Answers = detail::AnswersOperator<Key, Out>;
    OperatorVertex vertex;
    vertex.states = Answers::describe();
    vertex.make = [](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Answers>(std::move(context));
    };
    const VertexId to = builder().add(name, "join by foreign key", std::move(vertex));
    const auto notice = [foreign_key, combine](const auto& change) -> detail::Notice<Out> {
      detail::Notice<Out> said{change.version, change.after.has_value(), false, {}};
      if (!change.after) return said;
      const auto key = std::invoke(foreign_key, *change.after);
      said.answered = detail::KeyInside<std::remove_cvref_t<decltype(key)>>::get(key) == nullptr;
      if constexpr (kKind == JoinKind::kLeft)
        if (said.answered)
          said.row.emplace(std::invoke(combine, *change.after, static_cast<const RightRow*>(nullptr)));
      return said;
    };
    using ToAnswers = place::ByTableKey<Key, detail::Notice<Out>, decltype(notice)>;
    versions.template connect<Keyed<Key, detail::Notice<Out>>>(to, 0, Partitioning::kForward,
                                                               ToAnswers{notice});
    const auto send_back = [](const auto& answer, auto&& send) {
      send(answer.key, detail::Versioned<Out>{answer.version, {}, answer.row});
    };
    using Back = place::Spreading<Key, detail::Versioned<Out>, decltype(send_back)>;
    Stream<detail::Answer<Key, Out>>(builder(), matches, 0, {}, {})
        .template connect<Keyed<Key, detail::Versioned<Out>>>(to, 1, Partitioning::kKeyed, Back{send_back});
    return table_of<Out>(to);
  }

  template <class Policy>
  auto suppressed(const std::string& name, Policy policy, const char* description) const {
    using Suppress = detail::SuppressOperator<Key, Row, Policy>;
    OperatorVertex vertex;
    vertex.states = Suppress::describe();
    vertex.make = [policy](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Suppress>(std::move(context), policy);
    };
    const VertexId to = builder().add(name, description, std::move(vertex));
    connect<Change<Key, Row>>(to, 0, [](const auto& change) { return change; });
    return table_of<Row>(to);
  }

  Changes changes_;
  Chain chain_;
  std::string description_;
};

/// A table's rows by another key.
template <class GroupOf, class Of>
class GroupedTable {
 public:
  using Row = typename Of::Row;
  using Group = std::remove_cvref_t<decltype(detail::of_row(
      std::declval<const GroupOf&>(), std::declval<const typename Of::Key&>(), std::declval<const Row&>()))>;

  GroupedTable(Of table, GroupOf group_of) : table_(std::move(table)), group_of_(std::move(group_of)) {}

  /// A table of results by group: count(), sum(), mean(), min(), max(), or an aggregate of your own with retract(). A row that changes within
  /// its group is taken back and added in one step, so that the group never shows what lies between. A group whose last row goes is
  /// deleted. State: an accumulator a group; for min() and max() all values. `name` names the state.
  template <class A>
  auto aggregate(const std::string& name, A any, Emission emission = {}) const {
    auto bound = detail::bind_row<Row>(any);
    static_assert(
        detail::ContinuousAggregate<decltype(bound), Row>,
        "weir: an aggregate has Accumulator, lift(const Row&), add(Accumulator&, lifted) and result() for "
        "this table's row type");
    return aggregated(name, std::move(bound), emission, "aggregate");
  }
  /// A table of rows by group: `add(const Row&, const Row&)` takes a row into the one that stands for the group, `subtract` takes it back.
  template <class Add, class Subtract>
  auto reduce(const std::string& name, Add add, Subtract subtract, Emission emission = {}) const {
    static_assert(
        std::is_invocable_r_v<Row, const Add&, const Row&, const Row&> &&
            std::is_invocable_r_v<Row, const Subtract&, const Row&, const Row&>,
        "weir: reduce() over a table takes two functions of (const Row&, const Row&) that return a row: one "
        "adds, the other takes back");
    static_assert(!kHoldsViews<Row>,
                  "weir: a reduced row outlives its rows; let it own its text (std::string)");
    using Reduction = detail::Reduction<Row, Add, Subtract>;
    return aggregated(name, Reduction{std::move(add), std::move(subtract)}, emission, "reduce");
  }

 private:
  template <class A>
  auto aggregated(const std::string& name, A aggregate, Emission emission, const char* description) const {
    using Logic = detail::GroupLogic<Group, Row, A>;
    using Out = typename Logic::Out;
    using Lifted = typename Logic::Lifted;
    using Change = detail::GroupChange<Lifted>;
    const VertexId to = detail::add_table<Logic>(table_.builder(), name, description,
                                                 {false, emission.at_watermark, {}}, aggregate);
    const auto spread = [group_of = group_of_, aggregate](const auto& change, auto&& send) {
      Change gone, come;
      std::optional<Group> old_group, new_group;
      if (change.before) {
        old_group.emplace(detail::of_row(group_of, change.key, *change.before));
        gone.gone.emplace(aggregate.lift(*change.before));
      }
      if (change.after) {
        new_group.emplace(detail::of_row(group_of, change.key, *change.after));
        come.come.emplace(aggregate.lift(*change.after));
      }
      if (old_group && new_group && *old_group == *new_group) {
        come.gone = std::move(gone.gone);
        if (!detail::same_bytes(come.gone, come.come)) send(*new_group, std::move(come));
        return;
      }
      if (old_group) send(*old_group, std::move(gone));
      if (new_group) send(*new_group, std::move(come));
    };
    using Place = place::Spreading<Group, Change, decltype(spread)>;
    table_.changes().template connect<Keyed<Group, Change>>(to, 0, Partitioning::kKeyed, Place{spread});
    return Table<Group, Out>(Stream<weir::Change<Group, Out>>(table_.builder(), to, 0, {}, {}), {}, {});
  }

  Of table_;
  GroupOf group_of_;
};

template <class Row, class From, class Chain, class KeyOf>
template <class DeletedWhen>
auto KeyedStream<Row, From, Chain, KeyOf>::to_table(const std::string& name,
                                                    TableOptions<DeletedWhen> options) const {
  static_assert(std::predicate<const DeletedWhen&, const Row&>,
                "weir: deleted_when() takes a predicate of (const Row&) of this stream's row type");
  using Logic = detail::UpsertLogic<Key, Row, DeletedWhen>;
  const VertexId to = detail::add_table<Logic>(
      builder(), name, "table", {options.by_event_time, options.at_watermark, options.time_to_live},
      options.deleted);
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return Table<Key, Row>(Stream<Change<Key, Row>>(builder(), to, 0, {}, {}), {}, {});
}

template <class Row, class From, class Chain, class KeyOf>
template <class A>
auto KeyedStream<Row, From, Chain, KeyOf>::aggregate(const std::string& name, A any,
                                                     TableOptions<> options) const {
  const auto bound = detail::bind_row<Row>(any);
  using Bound = std::remove_cvref_t<decltype(bound)>;
  static_assert(
      detail::ContinuousAggregate<Bound, Row>,
      "weir: an aggregate has Accumulator, lift(const Row&), add(Accumulator&, lifted) and result() for this "
      "stream's row type");
  using Logic = detail::AggregateLogic<Key, Row, Bound>;
  using Out = typename Logic::Out;
  static_assert(!kHoldsViews<typename Bound::Accumulator>,
                "weir: an accumulator outlives its rows; let it own its text (std::string)");
  const VertexId to = detail::add_table<Logic>(builder(), name, "aggregate",
                                               {false, options.at_watermark, options.time_to_live}, bound);
  connect<typename Logic::Lifted>(to, 0, [bound](const Row& row) { return bound.lift(row); });
  return Table<Key, Out>(Stream<Change<Key, Out>>(builder(), to, 0, {}, {}), {}, {});
}

template <class Row, class From, class Chain>
template <JoinKind kKind, class Table, class KeyOf, class Join>
auto Stream<Row, From, Chain>::joined_global(const std::string& name, const Table& table, KeyOf key_of,
                                             Join combine, GlobalJoinStart start) const {
  using Key = typename Table::Key;
  using TableRow = typename Table::Row;
  static_assert(
      std::is_invocable_r_v<Key, const KeyOf&, const Row&>,
      "weir: a global join takes a member of this stream's row type, or a function of (const Row&), that "
      "gives a key of the table");
  static_assert(
      detail::JoinFunction<kKind, Join, Row, TableRow>,
      "weir: the function of join_global() takes (const Row&, const TableRow&); that of left_join_global() "
      "(const Row&, const TableRow*)");
  using Global = detail::GlobalJoinOperator<kKind, Row, Key, TableRow, KeyOf, Join>;
  OperatorVertex vertex;
  vertex.states.push_back({"rows", state_type<Key>(), "broadcast<" + state_type<TableRow>() + ">"});
  if (start.at_first_watermark) vertex.states.push_back({"rows that wait", "none", state_type<Row>()});
  vertex.make = [key_of, combine, start](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Global>(std::move(context), key_of, combine, start);
  };
  const VertexId to = builder_->add(name, "join with a global table", std::move(vertex));
  connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  table.changes().template connect<Change<Key, TableRow>>(to, 1, Partitioning::kBroadcast,
                                                          place::Broadcast{});
  return Stream<typename Global::Out>(*builder_, to, 0, {}, {});
}

}  // namespace weir
