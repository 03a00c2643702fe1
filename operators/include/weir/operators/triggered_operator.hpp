#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/core/operator.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/key_windows.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/lazy_timers.hpp>
#include <weir/operators/window_assigner.hpp>
#include <weir/operators/window_operator.hpp>
#include <weir/operators/window_results.hpp>
#include <weir/operators/window_trigger.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/operator_states.hpp>

namespace weir {

/// Aggregates keyed rows in the windows that an assigner gives them, each with a trigger of its own. Port 0: results, with the window's last
/// millisecond as their time; of global windows with the time of the row or timer that fired them, or, fired by the wall clock,
/// that of their latest row. Port 1, where `Intake` keeps whole rows: rows all windows of which were closed.
///
/// State: one object a key with its open windows, each until the clock passes its end and the allowed lateness, a global one until it is
/// purged and its trigger is as in the beginning; in memory besides, as far as there is room, up to two alarms a key. After a restart windows, triggers and timers go
/// on where the checkpoint left them; what came due meanwhile by the wall clock fires at once.
template <class In, class A, class Intake, class Assigner, class Trigger>
class TriggeredWindowOperator final : public Operator {
 public:
  using Key = typename In::Key;
  using Accumulator = typename A::Accumulator;
  using Windows = KeyWindows<Accumulator, typename Trigger::State>;
  using Results = WindowResults<A, Key>;
  using Out = typename Results::Out;
  using LateRow = typename Intake::LateRow;
  static_assert(detail::owns_text<Accumulator>(),
                "weir: an accumulator outlives its rows; let it own its text (std::string)");
  static_assert(!kHoldsViews<typename Trigger::State>,
                "weir: a trigger's state outlives the rows; let it own its text (weir::Owned)");

  TriggeredWindowOperator(OperatorContext context, Assigner assigner, Trigger trigger, Duration lateness,
                          A aggregate, Intake intake)
      : assigner_(std::move(assigner)),
        trigger_(std::move(trigger)),
        lateness_(lateness),
        intake_(std::move(intake)),
        environment_(context.environment),
        states_(context),
        windows_(states_, "windows"),
        alarms_(states_),
        processing_alarms_(states_),
        results_(context, std::move(aggregate)),
        late_(context, 1),
        watermark_(states_.restored_watermark()) {
    if (!states_.restored()) return;
    windows_.for_each_stored([&](std::uint64_t hash, const Key& key, const Windows& windows) {
      alarms_.restore(windows.armed, hash, key);
      processing_alarms_.restore(windows.armed_processing, hash, key);
      for (const Open& open : windows.windows) note(open);
    });
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    now_ = std::max(now_, environment_->wall_clock());
    windows_.fetch(rows.rows());
    for_each_row(0, rows.size(), [&](std::size_t i) { add(rows[i], rows.time(i)); });
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    takes_timers_ = !is_end_of_input(watermark);
    if (!takes_timers_) states_.note_end();
    watermark_ = std::max(watermark_, takes_timers_ ? watermark : furthest_);
    const bool done = alarms_.fire(
        windows_, watermark_, [](auto& windows) -> auto& { return windows.armed; },
        [this] { return results_.emitted() < kEmitAtMost; },
        [this](std::uint64_t hash, const Key& key, Windows& windows) {
          look(hash, key, windows, [&](Open& open) {
            const EventTime until =
                kClock == WindowClock::kEventTime ? close_time(open.window) : EventTime::max();
            fire_timers(key, open, open.timers, std::min(watermark_, until), WindowClock::kEventTime);
            return closed(open.window);
          });
        });
    takes_timers_ = true;
    end_of_call();
    return done;
  }

  EventTime next_processing_time() const override { return processing_alarms_.next(); }
  bool advance_processing_time(EventTime now) override {
    now_ = std::max(now_, now);
    return pass_clock(now_);
  }
  bool end_of_input() override {
    // Windows of event time that are kept for late rows have time left: what the clock is to do with them, it does when a run goes on.
    if (!kGlobal && kClock == WindowClock::kEventTime) return true;
    takes_timers_ = false;
    return pass_clock(EventTime::max());
  }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  using Open = typename Windows::Open;
  static constexpr WindowClock kClock = detail::clock_of<Assigner>();
  static constexpr bool kGlobal = detail::kGlobal<Assigner>;
  /// Rows tell the span of a global window better than what was noted of them, once some were evicted.
  static constexpr bool kShowsSpan = kGlobal && !requires { A::kKeepsRows; };

  /// When an event-time or processing-time window is forgotten, by its clock.
  EventTime close_time(const Window& window) const {
    if constexpr (kGlobal) return EventTime::max();
    else if constexpr (kClock == WindowClock::kProcessingTime) return window.end;
    else return saturating_add(window.last(), lateness_);
  }
  bool closed(const Window& window) const {
    return !kGlobal && kClock == WindowClock::kEventTime && close_time(window) <= watermark_;
  }

  void add(const In& row, EventTime time) {
    Windows& windows = windows_.edit(row.hash, row.key);
    bool late = false, taken = false;
    Arrival arrival{time, 0};
    if constexpr (Intake::kWantsArrival) arrival.sequence = states_.next_sequence();
    detail::each_window(
        assigner_(kClock == WindowClock::kEventTime ? time : now_, row.value), [&](const Window& window) {
          detail::check_window(window);
          if (closed(window)) {
            late = true;
            return;
          }
          taken = true;
          Open& open = windows.open(window);
          intake_.add(results_.aggregate, open.accumulator, row.value, arrival);
          open.take(time);
          auto context = context_of(open);
          apply(trigger_.on_row(row.value, time, window, context), row.key, open, kind_now(window), time);
        });
    if (late && !taken) reject(row, time);
    settle_key(row.hash, row.key, windows);
  }

  /// Looks at all windows of a key whose alarm went off; `is_over(open)` fires what is due.
  template <class IsOver>
  void look(std::uint64_t hash, const Key& key, Windows& windows, IsOver&& is_over) {
    std::erase_if(windows.windows, [&](Open& open) {
      if (!is_over(open)) return false;
      auto context = context_of(open);
      trigger_.clear(open.window, context);
      return true;
    });
    settle_key(hash, key, windows);
  }
  bool pass_clock(EventTime until) {
    const bool done = processing_alarms_.fire(
        windows_, until, [](auto& windows) -> auto& { return windows.armed_processing; },
        [this] { return results_.emitted() < kEmitAtMost; },
        [this, until](std::uint64_t hash, const Key& key, Windows& windows) {
          look(hash, key, windows, [&](Open& open) {
            const EventTime end = kClock == WindowClock::kProcessingTime ? close_time(open.window) : until;
            fire_timers(key, open, open.processing_timers, std::min(until, end),
                        WindowClock::kProcessingTime);
            return !kGlobal && kClock == WindowClock::kProcessingTime && close_time(open.window) <= until;
          });
        });
    end_of_call();
    return done;
  }
  /// Timers that are due, in order; those that are set meanwhile come with the next alarm.
  void fire_timers(const Key& key, Open& open, TimerSet& timers, EventTime until, WindowClock clock) {
    const auto after = std::upper_bound(timers.times().begin(), timers.times().end(), until);
    const std::vector<EventTime> due(timers.times().begin(), after);
    for (const EventTime time : due) {
      if (!timers.remove(time)) continue;
      auto context = context_of(open);
      if (clock == WindowClock::kEventTime) {
        const TriggerResult result = trigger_.on_event_time(time, open.window, context);
        apply(result, key, open, kind_at(open.window, time), time);
      } else {
        const TriggerResult result = trigger_.on_processing_time(time, open.window, context);
        const bool over = kClock == WindowClock::kProcessingTime && time >= open.window.end;
        apply(result, key, open, over ? PaneKind::kOnTime : kind_now(open.window), open.span.last());
      }
    }
  }

  /// Of a firing for a row, or by the wall clock.
  PaneKind kind_now(const Window& window) const {
    const bool late = !kGlobal && kClock == WindowClock::kEventTime && window.last() <= watermark_;
    return late ? PaneKind::kLate : PaneKind::kEarly;
  }
  /// Of a firing by an event-time timer.
  static PaneKind kind_at(const Window& window, EventTime time) {
    if (kGlobal || kClock == WindowClock::kProcessingTime || time < window.last()) return PaneKind::kEarly;
    return time == window.last() ? PaneKind::kOnTime : PaneKind::kLate;
  }

  void apply(TriggerResult result, const Key& key, Open& open, PaneKind kind, EventTime time) {
    const bool fires = result == TriggerResult::kFire || result == TriggerResult::kFireAndPurge;
    if (fires && open.filled) {
      const Window& shown = kShowsSpan ? open.span : open.window;
      if (!results_.emit(key, shown, kind, open.accumulator, kGlobal ? time : open.window.last()))
        open.purge();
    }
    if (result == TriggerResult::kPurge || result == TriggerResult::kFireAndPurge) open.purge();
  }

  /// Forgets what has nothing to say, and arms the key's alarms for what has.
  void settle_key(std::uint64_t hash, const Key& key, Windows& windows) {
    std::erase_if(windows.windows, [](const Open& open) { return open.idle(); });
    if (windows.windows.empty()) return windows_.erase(hash, key);
    EventTime due = EventTime::max(), processing_due = EventTime::max();
    for (const Open& open : windows.windows) {
      note(open);
      if (!open.timers.empty()) due = std::min(due, open.timers.times().front());
      if (!open.processing_timers.empty())
        processing_due = std::min(processing_due, open.processing_timers.times().front());
      EventTime& closing = kClock == WindowClock::kEventTime ? due : processing_due;
      closing = std::min(closing, close_time(open.window));
    }
    alarms_.arm(windows.armed, due, hash, key);
    processing_alarms_.arm(windows.armed_processing, processing_due, hash, key);
  }

  /// What the end of the input must still see come due.
  void note(const Open& open) {
    if (!kGlobal && kClock == WindowClock::kEventTime) furthest_ = std::max(furthest_, open.window.last());
    const EventTime closes = kClock == WindowClock::kEventTime ? close_time(open.window) : EventTime::max();
    for (auto time = open.timers.times().rbegin(); time != open.timers.times().rend(); ++time)
      if (*time <= closes && !is_end_of_input(*time)) {
        furthest_ = std::max(furthest_, *time);
        break;
      }
  }

  auto context_of(Open& open) {
    return TriggerContext<typename Trigger::State>(open.trigger, open.timers, open.processing_timers,
                                                   watermark_, now_, takes_timers_);
  }

  void reject(const In& row, EventTime time) {
    if constexpr (Intake::kKeepsRows) late_.take(row.value, time);
    else late_.count();
  }
  void end_of_call() {
    results_.flush();
    late_.flush();
    states_.settle();
  }

  const Assigner assigner_;
  const Trigger trigger_;
  const Duration lateness_;
  const Intake intake_;
  Environment* environment_;
  OperatorStates states_;
  KeyedTable<Key, Windows> windows_;
  LazyTimers<Key> alarms_;
  LazyTimers<Key> processing_alarms_;
  Results results_;
  detail::LateRows<LateRow> late_;
  EventTime furthest_ =
      EventTime::min();  ///< no window ends later, nor does an event-time timer wait for longer
  EventTime watermark_;
  EventTime now_ = EventTime::min();
  bool takes_timers_ = true;
};

}  // namespace weir
