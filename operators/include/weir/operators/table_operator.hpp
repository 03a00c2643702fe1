#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/job_graph.hpp>
#include <weir/operators/change.hpp>
#include <weir/operators/table_options.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>
#include <weir/state/timers.hpp>

namespace weir::detail {

/// When a key's row last changed, and for when its timer is set.
struct KeyAge {
  EventTime last = EventTime::min();
  EventTime timer = EventTime::max();
};
BOOST_DESCRIBE_STRUCT(KeyAge, (), (last, timer))

/// The place of a held row among those of its key.
struct HeldAt {
  EventTime time;
  std::uint64_t sequence;
};
BOOST_DESCRIBE_STRUCT(HeldAt, (), (time, sequence))

/// A row that waits, encoded: of the inputs' values as optionals, side by side, the one that has come. So text in it lives as long as it.
template <class Inputs>
struct HeldRow {
  std::string bytes;
  std::size_t heap_bytes() const { return bytes.capacity(); }

  template <std::size_t kInput>
  void set(const std::tuple_element_t<kInput, Inputs>& value) {
    bytes.clear();
    each([&](auto index) {
      append_number(bytes, static_cast<std::uint8_t>(index == kInput));
      if constexpr (index == kInput) StateCodec<std::tuple_element_t<kInput, Inputs>>::encode(bytes, value);
    });
  }
  /// visit(index of the input, value)
  template <class Visit>
  void get(Visit&& visit) const {
    StateReader in(bytes);
    each([&](auto index) {
      if (in.number<std::uint8_t>() != 0)
        visit(index, StateCodec<std::tuple_element_t<index, Inputs>>::decode(in));
    });
  }
  template <class Visit>
  static void each(Visit&& visit) {
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<std::tuple_size_v<Inputs>>>(visit);
  }
};

/// What is asked of a table, whatever its rows are made from.
struct TableRules {
  bool by_event_time = false;
  std::optional<Duration> at_watermark;
  std::optional<Duration> time_to_live;
};

}  // namespace weir::detail

namespace weir {

template <class Inputs>
struct StateCodec<detail::HeldRow<Inputs>> {
  using Row = detail::HeldRow<Inputs>;
  static void encode(std::string& out, const Row& row) { out.append(row.bytes); }
  static Row decode(StateReader& in) { return {std::string(in.take(in.rest().size()))}; }
  static std::string type() {
    std::string text;
    Row::each([&](auto index) {
      text += (text.empty() ? "{row" : ",row") + std::to_string(index()) + ":" +
              state_type<std::optional<std::tuple_element_t<index, Inputs>>>();
    });
    return text + "}";
  }
};

}  // namespace weir

namespace weir::detail {

/// Keeps one row a key up to date and emits its changes. What a row is made from is the `Logic`'s:
///   Key, Out, Inputs (a tuple: what arrives on each input), Params, describe(params, states)
///   Logic(OperatorStates&, const Params&)
///   fetch(rows)                        reads ahead
///   apply<kInput>(hash, key, value, time)  takes in what has arrived
///   current(hash, key)                 the row as it is, or none; may point into the state
///   erase(hash, key)                   forgets the key
///
/// Emits a change for each arrival that makes one, at once, with the arrival's event time or that of the key's last change, whichever is later.
/// Under emit_at_watermark: one a key and step, when the watermark has passed the step, in the order of steps.
/// State: what the logic keeps, and for each key the time of its last change; for a key that is gone until the watermark has passed that time.
/// Held rows until the watermark has. A restart changes nothing.
/// The end of the input takes in what is held; it lets nothing expire.
template <class Logic>
class TableOperator final : public Operator {
 public:
  using Key = typename Logic::Key;
  using Out = typename Logic::Out;
  using Inputs = typename Logic::Inputs;
  using Params = typename Logic::Params;

  TableOperator(OperatorContext context, TableRules rules, const Params& params)
      : rules_(rules),
        states_(context),
        logic_(states_, params),
        ages_(states_, "times"),
        timers_(states_, "timers"),
        emitter_(context),
        watermark_(states_.restored_watermark()) {
    if (rules_.at_watermark) held_.emplace(states_);
  }

  static std::vector<StateDescription> describe(const TableRules& rules) {
    auto states = Logic::describe();
    states.push_back({"times", state_type<Key>(), state_type<KeyAge>()});
    states.push_back({"timers", state_type<Key>(), TimerSet::type_name()});
    if (rules.at_watermark) {
      states.push_back({"held", state_type<Key>(),
                        "map<" + state_type<HeldAt>() + "," + state_type<HeldRow<Inputs>>() + ">"});
      states.push_back({"held until", state_type<Key>(), TimerSet::type_name()});
    }
    return states;
  }

  void process(std::uint32_t input, const Batch& batch) override {
    process_any(input, batch, std::make_index_sequence<std::tuple_size_v<Inputs>>());
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (is_end_of_input(watermark)) states_.note_end();
    else watermark_ = std::max(watermark_, watermark);
    const auto go_on = [this] { return emitter_.emitted() < kEmitAtMost; };
    bool done = true;
    if (held_)
      done = held_->until.fire(std::max(watermark_, watermark), go_on,
                               [&](std::uint64_t hash, const Key& key, EventTime time) {
                                 // At the end steps come that no watermark has reached.
                                 if (!is_end_of_input(time)) watermark_ = std::max(watermark_, time);
                                 release(hash, key, time);
                               });
    if (done)
      done = timers_.fire(watermark_, go_on, [&](std::uint64_t hash, const Key& key, EventTime time) {
        grow_old(hash, key, time);
      });
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  struct Held {
    explicit Held(OperatorStates& states) : rows(states, "held"), until(states, "held until") {}
    KeyedTable<Key, OrderedMap<HeldAt, HeldRow<Inputs>>> rows;
    Timers<Key> until;
  };

  template <std::size_t... kInputs>
  void process_any(std::uint32_t input, const Batch& batch, std::index_sequence<kInputs...>) {
    ((input == kInputs ? process_one<kInputs>(batch) : void()), ...);
  }
  template <std::size_t kInput>
  void process_one(const Batch& batch) {
    using Value = std::tuple_element_t<kInput, Inputs>;
    const auto& rows = static_cast<const RowBatch<Keyed<Key, Value>>&>(batch);
    if (held_) return hold<kInput>(rows);
    logic_.fetch(rows.rows());
    ages_.fetch(rows.rows());
    for_each_row(0, rows.size(), [&](std::size_t i) {
      const auto& row = rows[i];
      const KeyAge* age = ages_.find(row.hash, row.key);
      if (rules_.by_event_time && age && rows.time(i) < age->last) return;
      emitter_.before(logic_.current(row.hash, row.key));
      logic_.template apply<kInput>(row.hash, row.key, row.value, rows.time(i));
      finish(row.hash, row.key, rows.time(i));
    });
  }

  template <std::size_t kInput, class Value>
  void hold(const RowBatch<Keyed<Key, Value>>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& row = rows[i];
      auto& held = held_->rows.edit(row.hash, row.key);
      const EventTime armed = step_end(first_of(held)), due = step_end(rows.time(i));
      held_row_.template set<kInput>(row.value);
      held.put({rows.time(i), states_.next_sequence()}, held_row_);
      if (due >= armed && held.size() > 1) continue;
      if (held.size() > 1) held_->until.remove(row.hash, row.key, armed);
      held_->until.set(row.hash, row.key, due);
    }
  }
  static EventTime first_of(const OrderedMap<HeldAt, HeldRow<Inputs>>& held) {
    EventTime first = EventTime::max();
    held.for_each([&](const HeldAt& at, const HeldRow<Inputs>&) -> bool {
      first = at.time;
      return false;
    });
    return first;
  }
  /// Takes in what was held of a key and has a time up to `until`, the end of a step.
  void release(std::uint64_t hash, const Key& key, EventTime until) {
    auto* held = held_->rows.edit_if(hash, key);
    if (!held) return;
    const KeyAge* age = ages_.find(hash, key);
    EventTime last = age ? age->last : EventTime::min();
    if (age && step_end(dies_at(last)) < until) expire(hash, key, last);
    emitter_.before(logic_.current(hash, key));
    std::vector<HeldAt> taken;
    held->for_each([&](const HeldAt& at, const HeldRow<Inputs>& row) -> bool {
      if (at.time > until) return false;
      taken.push_back(at);
      if (rules_.by_event_time && at.time < last) return true;
      // Time passes between two rows of one step.
      if (last != EventTime::min() && dies_at(last) <= at.time) logic_.erase(hash, key);
      row.get(
          [&](auto input, const auto& value) { logic_.template apply<input>(hash, key, value, at.time); });
      last = std::max(last, at.time);
      return true;
    });
    for (const HeldAt& at : taken) held->erase(at);
    const EventTime next = first_of(*held);
    if (held->empty()) held_->rows.erase(hash, key);
    else held_->until.set(hash, key, step_end(next));
    // What comes and expires within a step never shows.
    if (dies_at(last) <= until) logic_.erase(hash, key);
    finish(hash, key, last);
  }
  /// The last moment of a time's step.
  EventTime step_end(EventTime time) const {
    if (!rules_.at_watermark || time == EventTime::min() || time == EventTime::max()) return time;
    const std::int64_t step = rules_.at_watermark->count();
    const std::int64_t into = (time.millis % step + step) % step;
    return saturating_add(time, Duration{step - 1 - into});
  }
  EventTime dies_at(EventTime last) const {
    return rules_.time_to_live ? saturating_add(last, *rules_.time_to_live) : EventTime::max();
  }

  /// Emits what has become of a key by a row of time `last`.
  void finish(std::uint64_t hash, const Key& key, EventTime last) {
    emitter_.after(logic_.current(hash, key));
    const KeyAge* known = ages_.find(hash, key);
    if (known) last = std::max(last, known->last);
    emitter_.emit(key, step_end(last));
    const bool gone = emitter_.is_absent_after();
    if (gone && last <= watermark_) return ages_.erase(hash, key);
    KeyAge& age = ages_.edit(hash, key);
    age.last = last;
    if (gone) set_timer(hash, key, age, last);
    else if (rules_.time_to_live) set_timer(hash, key, age, step_end(dies_at(last)));
  }
  /// A timer that is set for an earlier time is left to find out.
  void set_timer(std::uint64_t hash, const Key& key, KeyAge& age, EventTime time) {
    if (age.timer <= time) return;
    if (age.timer != EventTime::max()) timers_.remove(hash, key, age.timer);
    age.timer = time;
    timers_.set(hash, key, time);
  }

  void grow_old(std::uint64_t hash, const Key& key, EventTime time) {
    const KeyAge* known = ages_.find(hash, key);
    if (!known || known->timer != time) return;
    const EventTime last = known->last;
    const auto row = logic_.current(hash, key);
    if (!row) return last <= watermark_ ? ages_.erase(hash, key) : set_again(hash, key, last);
    if (!rules_.time_to_live) return forget_timer(hash, key);
    const EventTime dies = step_end(dies_at(last));
    if (dies > watermark_) return set_again(hash, key, dies);
    expire(hash, key, last);
  }
  void expire(std::uint64_t hash, const Key& key, EventTime last) {
    emitter_.before(logic_.current(hash, key));
    logic_.erase(hash, key);
    emitter_.after(std::nullopt);
    emitter_.emit(key, step_end(dies_at(last)));
    ages_.erase(hash, key);
  }
  void set_again(std::uint64_t hash, const Key& key, EventTime time) {
    KeyAge& age = ages_.edit(hash, key);
    age.timer = EventTime::max();
    set_timer(hash, key, age, time);
  }
  void forget_timer(std::uint64_t hash, const Key& key) { ages_.edit(hash, key).timer = EventTime::max(); }

  void end_of_call() {
    emitter_.end_of_call();
    states_.settle();
  }

  const TableRules rules_;
  OperatorStates states_;
  Logic logic_;
  KeyedTable<Key, KeyAge> ages_;
  Timers<Key> timers_;  ///< of keys that may expire, and of those that are gone
  std::optional<Held> held_;
  ChangeEmitter<Key, Out> emitter_;
  HeldRow<Inputs> held_row_;
  EventTime watermark_;
};

/// Adds the vertex of a table.
template <class Logic, class Builder>
VertexId add_table(Builder& builder, const std::string& name, const std::string& description,
                   TableRules rules, typename Logic::Params params) {
  OperatorVertex vertex;
  vertex.states = TableOperator<Logic>::describe(rules);
  vertex.make = [rules, params](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<TableOperator<Logic>>(std::move(context), rules, params);
  };
  return builder.add(name, description, std::move(vertex));
}

}  // namespace weir::detail
