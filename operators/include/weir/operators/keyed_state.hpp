#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/core/job_graph.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>
#include <weir/state/row_list.hpp>

namespace weir {

/// A key with its hash, as a process function's states see it.
template <class Key>
struct KeyRef {
  std::uint64_t hash = 0;
  Key key{};
};

namespace detail {

/// A state of some kind for whatever key is current. Derived classes know the key's type.
template <class Object>
class StateCell {
 public:
  virtual ~StateCell() = default;
  virtual const Object* find() = 0;
  virtual Object* edit_if() = 0;
  virtual Object& edit() = 0;
  /// To add to it without reading it.
  virtual Object& edit_unread() = 0;
  virtual void erase() = 0;
};

template <class Key, class Object>
class KeyedCell final : public StateCell<Object> {
 public:
  KeyedCell(OperatorStates& states, const std::string& name, const KeyRef<Key>& current)
      : table_(states, name), current_(current) {}
  const Object* find() override { return table_.find(current_.hash, current_.key); }
  Object* edit_if() override { return table_.edit_if(current_.hash, current_.key); }
  Object& edit() override { return table_.edit(current_.hash, current_.key); }
  Object& edit_unread() override {
    if constexpr (AddsUnread<Object>) return table_.edit_unread(current_.hash, current_.key);
    else return edit();
  }
  void erase() override { table_.erase(current_.hash, current_.key); }
  void fetch(const std::vector<KeyRef<Key>>& keys) { table_.fetch(keys); }

 private:
  KeyedTable<Key, Object> table_;
  const KeyRef<Key>& current_;
};

}  // namespace detail

/// Reads ahead what a batch of keys will need of a state.
template <class Key>
using StateFetch = std::function<void(const std::vector<KeyRef<Key>>&)>;

/// Common to the states of a process function: a name, and, once its function runs, the place of the current key's object.
/// A member of the function, listed by its `states()`; used in its calls only. The name is what a restore finds it by.
template <class Object>
class KeyedState {
 public:
  explicit KeyedState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  /// Ties the state to an operator's tables and its current key. For operators.
  template <class Key>
  StateFetch<Key> bind(OperatorStates& states, const KeyRef<Key>& current) {
    auto cell = std::make_shared<detail::KeyedCell<Key, Object>>(states, name_, current);
    cell_ = cell;
    return [cell](const std::vector<KeyRef<Key>>& keys) { cell->fetch(keys); };
  }

 protected:
  detail::StateCell<Object>& cell() const {
    WEIR_ASSERT(cell_, "a state is used while its function runs, and is listed in its states()");
    return *cell_;
  }

 private:
  std::string name_;
  std::shared_ptr<detail::StateCell<Object>> cell_;
};

/// One value a key; absent until it is set. Kept until cleared. Rows with string_view may be kept: their text is copied.
/// Source: Flink, "Working with State".
template <class Value>
class ValueState : public KeyedState<Owned<Value>> {
 public:
  using KeyedState<Owned<Value>>::KeyedState;

  /// Null: absent. Valid until the state is used again.
  const Value* get() const {
    const auto* owned = this->cell().find();
    return owned ? &owned->get() : nullptr;
  }
  Value value_or(Value otherwise) const {
    const Value* value = get();
    return value ? *value : otherwise;
  }
  void set(const Value& value) { this->cell().edit().set(value); }
  /// The value to be changed in place, default-constructed when absent. For values that own their text.
  Value& edit() requires(!kHoldsViews<Value>) { return this->cell().edit().edit(); }
  void clear() { this->cell().erase(); }

  static std::string type() { return state_type<Value>(); }
};

/// Rows in the order in which they were added, each with a time. Adding reads nothing.
template <class Row>
class ListState : public KeyedState<RowList<Row>> {
 public:
  using KeyedState<RowList<Row>>::KeyedState;

  void add(const Row& row, EventTime time = {}) { this->cell().edit_unread().append(row, time); }
  /// visit(row, time). The list must not be changed meanwhile; text of rows is valid until it is.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (const auto* list = this->cell().find()) list->for_each(visit);
  }
  /// Keeps the rows for which keep(row, time) holds. Returns how many have gone.
  template <class Keep>
  std::size_t keep_if(Keep&& keep) {
    RowList<Row>* list = this->cell().edit_if();
    if (!list) return 0;
    const std::size_t gone = list->keep_if(keep);
    if (list->empty()) clear();
    return gone;
  }
  bool empty() const { return this->cell().find() == nullptr; }
  std::size_t size() const {
    const auto* list = this->cell().find();
    return list ? list->size() : 0;
  }
  void clear() { this->cell().erase(); }

  static std::string type() { return "rows<" + state_type<Row>() + ">"; }
};

/// A map a key, in the order of its keys. Loaded whole when a key is first asked for it; only what changes is written.
template <class MapKey, class Value>
class MapState : public KeyedState<OrderedMap<MapKey, Value>> {
 public:
  using Map = OrderedMap<MapKey, Value>;
  using KeyedState<Map>::KeyedState;

  const Value* get(const MapKey& key) const {
    const Map* map = this->cell().find();
    return map ? map->find(key) : nullptr;
  }
  bool contains(const MapKey& key) const { return get(key) != nullptr; }
  void put(const MapKey& key, const Value& value) { this->cell().edit().put(key, value); }
  Value& edit(const MapKey& key) requires(!kHoldsViews<Value>) { return this->cell().edit().edit(key); }
  bool erase(const MapKey& key) {
    return change([&](Map& map) { return map.erase(key); });
  }
  /// Erases the entries for which drop(key, value) holds.
  template <class Drop>
  void erase_if(Drop&& drop) {
    change([&](Map& map) {
      map.erase_if(drop);
      return true;
    });
  }
  /// visit(key, value), in order; of keys from `from`, inclusive, to `to`, exclusive. A visit that returns bool ends the walk with false.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (const Map* map = this->cell().find()) map->for_each(visit);
  }
  template <class Visit>
  void for_range(const MapKey& from, const MapKey& to, Visit&& visit) const {
    if (const Map* map = this->cell().find()) map->for_range(from, to, visit);
  }
  template <class Visit>
  void for_each_back_from(const MapKey& to, Visit&& visit) const {
    if (const Map* map = this->cell().find()) map->for_each_back_from(to, visit);
  }
  bool empty() const { return this->cell().find() == nullptr; }
  std::size_t size() const {
    const Map* map = this->cell().find();
    return map ? map->size() : 0;
  }
  void clear() { this->cell().erase(); }

  static std::string type() { return "map<" + state_type<MapKey>() + "," + state_type<Value>() + ">"; }

 private:
  template <class Change>
  bool change(Change&& change) {
    Map* map = this->cell().edit_if();
    if (!map) return false;
    const bool changed = change(*map);
    if (map->empty()) clear();
    return changed;
  }
};

/// What is added is taken into an accumulator by an aggregate (see aggregate.hpp).
template <class Aggregate>
class AggregatingState : public KeyedState<Owned<typename Aggregate::Accumulator>> {
 public:
  using Accumulator = typename Aggregate::Accumulator;
  static_assert(!kHoldsViews<Accumulator>,
                "weir: an accumulator outlives its rows; let it own its text (std::string)");
  AggregatingState(std::string name, Aggregate aggregate)
      : KeyedState<Owned<Accumulator>>(std::move(name)), aggregate_(std::move(aggregate)) {}

  template <class Row>
  void add(const Row& row) {
    aggregate_.add(this->cell().edit().edit(), aggregate_.lift(row));
  }
  /// Null: nothing was added.
  const Accumulator* get() const {
    const auto* owned = this->cell().find();
    return owned ? &owned->get() : nullptr;
  }
  auto result() const { return aggregate_.result(*get()); }
  void clear() { this->cell().erase(); }

  static std::string type() { return state_type<Accumulator>(); }

 private:
  Aggregate aggregate_;
};

/// What is added is combined with what is there: `reduce(value, added)` gives the new value.
template <class Value, class Reduce>
class ReducingState : public ValueState<Value> {
 public:
  ReducingState(std::string name, Reduce reduce)
      : ValueState<Value>(std::move(name)), reduce_(std::move(reduce)) {}
  void add(const Value& added) {
    const Value* value = this->get();
    this->set(value ? reduce_(*value, added) : added);
  }

 private:
  Reduce reduce_;
};

namespace detail {

template <class Function>
concept HasStates = requires(Function function) {
  function.states();
};

/// The states that a process function lists, as the graph describes them.
template <class Key, class Function>
std::vector<StateDescription> describe_states(Function& function) {
  std::vector<StateDescription> described;
  if constexpr (HasStates<Function>)
    std::apply(
        [&](auto&... state) {
          (described.push_back({state.name(), state_type<Key>(), state.type()}), ...);
        },
        function.states());
  return described;
}

/// Ties the states that a process function lists to its operator. What reads ahead for a batch.
template <class Key, class Function>
std::vector<StateFetch<Key>> bind_states(Function& function, OperatorStates& states,
                                         const KeyRef<Key>& current) {
  std::vector<StateFetch<Key>> fetches;
  if constexpr (HasStates<Function>)
    std::apply([&](auto&... state) { (fetches.push_back(state.bind(states, current)), ...); },
               function.states());
  return fetches;
}

}  // namespace detail

}  // namespace weir
