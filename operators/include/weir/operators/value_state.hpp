#pragma once

#include <string>
#include <utility>

#include <weir/operators/keyed_cell.hpp>

namespace weir {

namespace detail {

/// One value a key, as ValueState and the states that combine use it.
template <class Value>
class OneValue : public KeyedState<Owned<Value>, Owned<Stamped<Value>>> {
 public:
  using KeyedState<Owned<Value>, Owned<Stamped<Value>>>::KeyedState;

  std::string type() const { return this->entry_type(state_type<Value>()); }
  /// Absent again.
  void clear() {
    if (this->expires()) this->expiring().erase();
    else this->cell().erase();
  }

 protected:
  const Value* find_value() const {
    if (this->expires()) return find_living();
    const auto* owned = this->cell().find();
    return owned ? &owned->get() : nullptr;
  }
  void set_value(const Value& value) {
    if (this->expires()) this->expiring().edit().set({this->written_at(), value});
    else this->cell().edit().set(value);
  }
  Value& edit_value() requires(!kHoldsViews<Value>) {
    if (!this->expires()) return this->cell().edit().edit();
    Stamped<Value>& stamped = this->expiring().edit().edit();
    if (this->is_over(stamped.written)) stamped.value = Value{};
    stamped.written = this->written_at();
    return stamped.value;
  }

 private:
  const Value* find_living() const {
    const auto* owned = this->expiring().find();
    if (!owned) return nullptr;
    if (this->is_over(owned->get().written)) {
      this->expiring().erase();
      return nullptr;
    }
    if (!this->refreshes(owned->get().written)) return &owned->get().value;
    auto* read = this->expiring().edit_if();
    restamp(*read, this->written_at());
    return &read->get().value;
  }
};

}  // namespace detail

/// One value a key; absent until it is set. Kept until cleared, or, with expire_after(), until it expires: set() and edit() count as writing.
/// Rows with string_view may be kept: their text is copied.
/// Source: Flink, "Working with State".
template <class Value>
class ValueState : public detail::OneValue<Value> {
 public:
  using detail::OneValue<Value>::OneValue;

  /// Null: absent. Valid until the state is used again.
  const Value* get() const { return this->find_value(); }
  Value value_or(Value otherwise) const {
    const Value* value = get();
    return value ? *value : otherwise;
  }
  void set(const Value& value) { this->set_value(value); }
  /// The value to be changed in place, default-constructed when absent. For values that own their text.
  Value& edit() requires(!kHoldsViews<Value>) { return this->edit_value(); }
};

/// What is added is taken into an accumulator by an aggregate (see aggregate.hpp). With expire_after() the accumulator lives from the row
/// that was added last.
template <class Aggregate>
class AggregatingState : public detail::OneValue<typename Aggregate::Accumulator> {
 public:
  using Accumulator = typename Aggregate::Accumulator;
  static_assert(!kHoldsViews<Accumulator>,
                "weir: an accumulator outlives its rows; let it own its text (std::string)");
  AggregatingState(std::string name, Aggregate aggregate, std::optional<StateTtl> ttl = std::nullopt)
      : detail::OneValue<Accumulator>(std::move(name), ttl), aggregate_(std::move(aggregate)) {}

  template <class Row>
  void add(const Row& row) {
    aggregate_.add(this->edit_value(), aggregate_.lift(row));
  }
  /// Null: nothing was added.
  const Accumulator* get() const { return this->find_value(); }
  /// Requires: something was added.
  auto result() const { return aggregate_.result(*get()); }

 private:
  Aggregate aggregate_;
};

/// What is added is combined with what is there: `reduce(value, added)` gives the new value. With expire_after() it lives from what was
/// added last.
template <class Value, class Reduce>
class ReducingState : public ValueState<Value> {
 public:
  ReducingState(std::string name, Reduce reduce, std::optional<StateTtl> ttl = std::nullopt)
      : ValueState<Value>(std::move(name), ttl), reduce_(std::move(reduce)) {}
  void add(const Value& added) {
    const Value* value = this->get();
    this->set(value ? reduce_(*value, added) : added);
  }

 private:
  Reduce reduce_;
};

}  // namespace weir
