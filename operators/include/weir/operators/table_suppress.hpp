#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/job_graph.hpp>
#include <weir/operators/change.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/timers.hpp>

namespace weir {

/// When a table's suppressed changes are let through. Changes of a key that wait become one.
struct AtMostEvery {
  Duration interval;
  template <class Row>
  EventTime due(const Row&, EventTime time) const {
    return saturating_add(time, interval);
  }
  static constexpr bool kCloses = false;
};
/// A key's changes at most once in this much event time: the first that comes waits so long, and takes with it what comes meanwhile.
inline AtMostEvery at_most_every(Duration interval) { return {interval}; }

struct EachWatermark {
  template <class Row>
  EventTime due(const Row&, EventTime time) const {
    return time;
  }
  static constexpr bool kCloses = false;
};
/// A key's changes once the watermark has reached their time, as one. Over tables that emit at the watermark the result does so too.
inline EachWatermark each_watermark() { return {}; }

namespace detail {

template <class EndOf>
struct UntilClosed {
  EndOf end_of;
  template <class Row>
  EventTime due(const Row& row, EventTime) const {
    return EventTime{EventTime(std::invoke(end_of, row)).millis - 1};
  }
  static constexpr bool kCloses = true;
};

template <class Row>
struct HeldChange {
  std::optional<Row> before;
  std::optional<Row> after;
  EventTime time;
  BOOST_DESCRIBE_CLASS(HeldChange, (), (before, after, time), (), ())
};

/// Holds changes by key. State: one change for each key that has one waiting.
template <class Key, class Row, class Policy>
class SuppressOperator final : public Operator {
 public:
  using In = Keyed<Key, Change<Key, Row>>;

  SuppressOperator(OperatorContext context, const Policy& policy)
      : states_(context),
        held_(states_, "held"),
        timers_(states_, "timers"),
        policy_(policy),
        emitter_(context),
        too_late_(context.metrics->counter("weir_table_changes_too_late_total",
                                           "Changes of rows whose window had closed",
                                           {{"operator", std::string(context.name)}})),
        watermark_(states_.restored_watermark()) {}

  static std::vector<StateDescription> describe() {
    return {{"held", state_type<Key>(), state_type<HeldChange<Row>>()},
            {"timers", state_type<Key>(), TimerSet::type_name()}};
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    held_.fetch(rows.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) hold(rows[i], rows.time(i));
    states_.settle();
  }
  bool advance_watermark(EventTime watermark) override {
    if (is_end_of_input(watermark)) states_.note_end();
    else watermark_ = std::max(watermark_, watermark);
    const bool done = timers_.fire(
        std::max(watermark_, watermark), [this] { return emitter_.emitted() < kEmitAtMost; },
        [this](std::uint64_t hash, const Key& key, EventTime due) {
          if (!is_end_of_input(due)) watermark_ = std::max(watermark_, due);
          let_through(hash, key);
        });
    emitter_.end_of_call();
    states_.settle();
    return done;
  }
  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  void hold(const In& row, EventTime time) {
    const auto& change = row.value;
    auto* held = held_.edit_if(row.hash, row.key);
    if (held) {
      held->set({held->get().before, change.after, std::max(held->get().time, time)});
      return;
    }
    const EventTime due = policy_.due(change.after ? *change.after : *change.before, time);
    if (Policy::kCloses && due <= watermark_) return too_late_.add(1);
    held_.edit(row.hash, row.key).set({change.before, change.after, time});
    timers_.set(row.hash, row.key, due);
  }
  void let_through(std::uint64_t hash, const Key& key) {
    const auto* held = held_.find(hash, key);
    if (!held) return;
    emitter_.before(held->get().before);
    emitter_.after(held->get().after);
    emitter_.emit(key, held->get().time);
    held_.erase(hash, key);
  }

  OperatorStates states_;
  KeyedTable<Key, Owned<HeldChange<Row>>> held_;
  Timers<Key> timers_;
  const Policy policy_;
  ChangeEmitter<Key, Row> emitter_;
  Counter& too_late_;
  EventTime watermark_;
};

}  // namespace detail

}  // namespace weir
