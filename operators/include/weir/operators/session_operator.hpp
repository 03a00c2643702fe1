#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/core/environment.hpp>
#include <weir/core/operator.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/key_sessions.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/lazy_timers.hpp>
#include <weir/operators/session_window.hpp>
#include <weir/operators/window_operator.hpp>
#include <weir/operators/window_results.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/operator_states.hpp>

namespace weir {

/// Travels where each row brings its gap.
template <class ValueType>
struct Gapped {
  Duration gap;
  [[no_unique_address]] ValueType value;
};
template <class Value>
inline constexpr bool kHoldsViews<Gapped<Value>> = kHoldsViews<Value>;

/// Aggregates keyed rows in sessions. Port 0: results, with the session's last millisecond as their time. Port 1, where `Intake` keeps
/// whole rows: rows that were too late.
///
/// State: one object a key with its few open sessions, from their first row until the clock passes their end, and the allowed lateness;
/// in memory besides, as far as there is room, one alarm a key. After a restart sessions go on where the checkpoint left them; none fires twice, none is lost.
///
/// `In` is Keyed<Key, Value>, or Keyed<Key, Gapped<Value>>; `Intake` says how the value gets into an accumulator. Sessions in place with alarms
/// that are moved only when they go off: measured eight times as fast as a window object and a timer a row.
template <class In, class A, class Intake, class GapOf>
class SessionOperator final : public Operator {
 public:
  using Key = typename In::Key;
  using Accumulator = typename A::Accumulator;
  using Sessions = KeySessions<Accumulator>;
  using Results = WindowResults<A, Key>;
  using Out = typename Results::Out;
  using LateRow = typename Intake::LateRow;
  static_assert(detail::owns_text<Accumulator>(),
                "weir: an accumulator outlives its rows; let it own its text (std::string)");

  SessionOperator(OperatorContext context, SessionWindows<GapOf> windows, A aggregate, Intake intake)
      : windows_(std::move(windows)),
        intake_(std::move(intake)),
        environment_(context.environment),
        states_(context),
        sessions_(states_, "sessions"),
        alarms_(states_),
        results_(context, std::move(aggregate)),
        late_(context, 1),
        passed_(states_.restored_watermark()) {
    if (!states_.restored()) return;
    sessions_.for_each_stored([&](std::uint64_t hash, const Key& key, const Sessions& sessions) {
      alarms_.restore(sessions.armed, hash, key);
      furthest_ = std::max(furthest_, sessions.last());
    });
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    const In* row = rows.data();
    const EventTime* time = rows.times().data();
    sessions_.fetch(rows.rows());
    if (by_event_time()) {
      for_each_row(0, rows.size(), [&](std::size_t i) { add(row[i], time[i]); });
    } else {
      // A clock that was set back must not make rows late.
      const EventTime now = std::max(environment_->wall_clock(), saturating_add(passed_, Duration{1}));
      for_each_row(0, rows.size(), [&](std::size_t i) { add(row[i], now); });
    }
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    return !by_event_time() || (is_end_of_input(watermark) ? pass_all() : pass(watermark));
  }

  EventTime next_processing_time() const override {
    return by_event_time() ? EventTime::max() : saturating_add(alarms_.next(), Duration{1});
  }
  bool advance_processing_time(EventTime now) override {
    return by_event_time() || pass(saturating_sub(now, Duration{1}));
  }
  bool end_of_input() override { return by_event_time() || pass_all(); }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, passed_); }

 private:
  static constexpr bool kGapTravels = !std::is_same_v<GapOf, FixedGap>;

  bool by_event_time() const { return windows_.clock() == WindowClock::kEventTime; }
  bool expired(EventTime last) const { return saturating_add(last, windows_.lateness()) <= passed_; }
  static const auto& value_of(const In& row) {
    if constexpr (kGapTravels) return row.value.value;
    else return row.value;
  }
  Duration gap_of(const In& row) const {
    if constexpr (kGapTravels) return row.value.gap;
    else return windows_.gap_of().gap;
  }

  void add(const In& row, EventTime time) {
    Sessions& sessions = sessions_.edit(row.hash, row.key);
    Session<Accumulator>* session = sessions.join(
        time, gap_of(row), windows_.longest(), [this](EventTime last) { return expired(last); },
        [this](Accumulator& into, const Accumulator& other) { results_.aggregate.merge(into, other); });
    if (!session) {
      if (sessions.empty()) sessions_.erase(row.hash, row.key);
      return reject(row, time);
    }
    Arrival arrival{time, 0};
    if constexpr (Intake::kWantsArrival) arrival.sequence = states_.next_sequence();
    furthest_ = std::max(furthest_, session->last());
    intake_.add(results_.aggregate, session->accumulator, value_of(row), arrival);
    session->fired = session->last() <= passed_;
    if (session->fired) [[unlikely]]
      results_.emit(row.key, session->window(), PaneKind::kLate, session->accumulator, session->last());
    alarms_.arm(sessions.armed, due(*session), row.hash, row.key);
  }
  /// When the session is to be looked at: to fire it, or to forget it.
  EventTime due(const Session<Accumulator>& session) const {
    return session.fired ? saturating_add(session.last(), windows_.lateness()) : session.last();
  }

  /// The end of the input: all sessions fire.
  bool pass_all() {
    states_.note_end();
    return pass(furthest_);
  }
  /// All sessions that end by `now` fire.
  bool pass(EventTime now) {
    passed_ = std::max(passed_, now);
    const bool done = alarms_.fire(
        sessions_, passed_, [](auto& sessions) -> auto& { return sessions.armed; },
        [this] { return results_.emitted() < kEmitAtMost; },
        [this](std::uint64_t hash, const Key& key, Sessions& sessions) { look(hash, key, sessions); });
    end_of_call();
    return done;
  }
  void look(std::uint64_t hash, const Key& key, Sessions& sessions) {
    EventTime next = EventTime::max();
    sessions.keep_if([&](Session<Accumulator>& session) {
      if (session.last() <= passed_ && !session.fired) {
        results_.emit(key, session.window(), PaneKind::kOnTime, session.accumulator, session.last());
        session.fired = true;
      }
      if (expired(session.last())) return false;
      next = std::min(next, due(session));
      return true;
    });
    if (sessions.empty()) sessions_.erase(hash, key);
    else alarms_.arm(sessions.armed, next, hash, key);
  }

  void reject(const In& row, EventTime time) {
    if constexpr (Intake::kKeepsRows) late_.take(value_of(row), time);
    else late_.count();
  }
  void end_of_call() {
    results_.flush();
    late_.flush();
    states_.settle();
  }

  const SessionWindows<GapOf> windows_;
  const Intake intake_;
  Environment* environment_;
  OperatorStates states_;
  KeyedTable<Key, Sessions> sessions_;
  LazyTimers<Key> alarms_;
  Results results_;
  detail::LateRows<LateRow> late_;
  EventTime furthest_ = EventTime::min();  ///< no session ends later
  EventTime passed_;  ///< the watermark; by processing time, the last moment that is over
};

}  // namespace weir
