#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>

#include <weir/core/error.hpp>
#include <weir/core/time.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/timers.hpp>

namespace weir {

/// What a trigger wants. Firing emits the window's result; purging empties the window, so that every result tells only what came since.
enum class TriggerResult : std::uint8_t { kContinue, kFire, kPurge, kFireAndPurge };

/// What a trigger may use: its state for the key and window at hand, times, and timers. Valid during the call it is given to.
/// Timers belong to the key and window; they and the state are in checkpoints, and go when the window closes.
template <class StateType>
class TriggerContext {
 public:
  TriggerContext(StateType& state, TimerSet& timers, TimerSet& processing_timers, EventTime watermark,
                 EventTime now, bool takes_timers)
      : state_(state),
        timers_(timers),
        processing_timers_(processing_timers),
        watermark_(watermark),
        now_(now),
        takes_timers_(takes_timers) {}

  StateType& state() { return state_; }
  EventTime watermark() const { return watermark_; }
  /// The wall clock, read once a batch.
  EventTime processing_time() const { return now_; }

  /// Calls on_event_time() once the watermark has reached `time`; at the next watermark when it has already. At the end of the
  /// input all timers fire, and no new ones are taken by what they call.
  void set_timer(EventTime time) {
    if (takes_timers_) timers_.add(time);
  }
  void remove_timer(EventTime time) { timers_.remove(time); }
  /// Calls on_processing_time() once the wall clock has reached `time`, to some milliseconds. At the end of the input as above.
  void set_processing_timer(EventTime time) {
    if (takes_timers_) processing_timers_.add(time);
  }
  void remove_processing_timer(EventTime time) { processing_timers_.remove(time); }

 private:
  StateType& state_;
  TimerSet& timers_;
  TimerSet& processing_timers_;
  EventTime watermark_;
  EventTime now_;
  bool takes_timers_;
};

/// Says when windows fire:
///   State                        kept for each key and window; default-constructed; described, or with a StateCodec
///   on_row(const Row&, EventTime, const Window&, TriggerContext<State>&)   after a row was taken into the window
///   on_event_time(EventTime, const Window&, context)       when a timer has come that set_timer() set
///   on_processing_time(EventTime, const Window&, context)  when a timer has come that set_processing_timer() set
///   clear(const Window&, context)                          when the window closes: its watermark and lateness are over
/// The first three give a TriggerResult. Derive from RowTrigger to write on_row() alone. A window that was purged, whose state is
/// as in the beginning and which has no timers, is forgotten. Source: Flink, "Triggers".
template <class T, class Row>
concept WindowTrigger = requires(const T& trigger, const Row& row, EventTime time, const Window& window,
                                 TriggerContext<typename T::State>& context) {
  { trigger.on_row(row, time, window, context) } -> std::same_as<TriggerResult>;
  { trigger.on_event_time(time, window, context) } -> std::same_as<TriggerResult>;
  { trigger.on_processing_time(time, window, context) } -> std::same_as<TriggerResult>;
  trigger.clear(window, context);
};

/// State of triggers that need none.
struct NoTriggerState {};
BOOST_DESCRIBE_STRUCT(NoTriggerState, (), ())

/// What a trigger without timers need not say.
struct RowTrigger {
  using State = NoTriggerState;
  template <class Context>
  TriggerResult on_event_time(EventTime, const Window&, Context&) const {
    return TriggerResult::kContinue;
  }
  template <class Context>
  TriggerResult on_processing_time(EventTime, const Window&, Context&) const {
    return TriggerResult::kContinue;
  }
  template <class Context>
  void clear(const Window&, Context&) const {}
};

namespace detail {

/// Of triggers and assigners that do not look at rows: then rows need not travel whole.
template <class T>
inline constexpr bool kNeedsRow = !requires {
  requires !T::kNeedsRow;
};

/// The first multiple of `interval` after `time`.
inline EventTime next_multiple(EventTime time, Duration interval) {
  const std::int64_t n = interval.count();
  const std::int64_t into = time.millis % n;
  return saturating_add(time, Duration{into < 0 ? -into : n - into});
}
inline Duration checked_interval(Duration interval) {
  if (interval.count() <= 0) throw FailJob("a trigger needs an interval of at least 1 ms", ExitCode::kUsage);
  return interval;
}

}  // namespace detail

/// Fires when the watermark reaches the window's last millisecond, and at once for rows that come later.
struct OnWatermarkPastEnd : RowTrigger {
  static constexpr bool kNeedsRow = false;
  template <class Row, class Context>
  TriggerResult on_row(const Row&, EventTime, const Window& window, Context& context) const {
    if (window.last() <= context.watermark()) return TriggerResult::kFire;
    context.set_timer(window.last());
    return TriggerResult::kContinue;
  }
  template <class Context>
  TriggerResult on_event_time(EventTime time, const Window& window, Context&) const {
    return time == window.last() ? TriggerResult::kFire : TriggerResult::kContinue;
  }
};
/// The trigger of windows that are given no other: fires when the watermark passes their end.
inline OnWatermarkPastEnd on_watermark_past_end() { return {}; }

/// Fires when the wall clock reaches the window's end.
struct OnClockPastEnd : RowTrigger {
  static constexpr bool kNeedsRow = false;
  template <class Row, class Context>
  TriggerResult on_row(const Row&, EventTime, const Window& window, Context& context) const {
    context.set_processing_timer(window.end);
    return TriggerResult::kContinue;
  }
  template <class Context>
  TriggerResult on_processing_time(EventTime time, const Window& window, Context&) const {
    return time == window.end ? TriggerResult::kFire : TriggerResult::kContinue;
  }
};

struct RowsSeen {
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(RowsSeen, (), (rows))

struct EveryCount : RowTrigger {
  std::uint64_t rows;
  explicit EveryCount(std::uint64_t n) : rows(n) {
    if (n == 0) throw FailJob("every_count() needs at least 1 row", ExitCode::kUsage);
  }
  using State = RowsSeen;
  static constexpr bool kNeedsRow = false;
  template <class Row, class Context>
  TriggerResult on_row(const Row&, EventTime, const Window&, Context& context) const {
    if (++context.state().rows < rows) return TriggerResult::kContinue;
    context.state().rows = 0;
    return TriggerResult::kFire;
  }
};
/// Fires after every `rows` rows of the key's window, and at no other time: not at its end.
inline EveryCount every_count(std::uint64_t rows) { return EveryCount(rows); }

struct EventTimeEvery : OnWatermarkPastEnd {
  Duration interval;
  explicit EventTimeEvery(Duration d) : interval(detail::checked_interval(d)) {}
  template <class Row, class Context>
  TriggerResult on_row(const Row& row, EventTime time, const Window& window, Context& context) const {
    const EventTime next = detail::next_multiple(std::max(time, context.watermark()), interval);
    if (window.last() > context.watermark() && next < window.last()) context.set_timer(next);
    return window.end == EventTime::max() ? TriggerResult::kContinue
                                          : OnWatermarkPastEnd::on_row(row, time, window, context);
  }
  template <class Context>
  TriggerResult on_event_time(EventTime, const Window&, Context&) const {
    return TriggerResult::kFire;
  }
};
/// Fires when the watermark reaches the multiple of `interval` that follows a row's time, and at the window's end. Without new
/// rows it does not fire again.
inline EventTimeEvery event_time_every(Duration interval) { return EventTimeEvery(interval); }

struct ProcessingTimeEvery : RowTrigger {
  Duration interval;
  explicit ProcessingTimeEvery(Duration d) : interval(detail::checked_interval(d)) {}
  static constexpr bool kNeedsRow = false;
  template <class Row, class Context>
  TriggerResult on_row(const Row&, EventTime, const Window&, Context& context) const {
    context.set_processing_timer(detail::next_multiple(context.processing_time(), interval));
    return TriggerResult::kContinue;
  }
  template <class Context>
  TriggerResult on_processing_time(EventTime, const Window&, Context&) const {
    return TriggerResult::kFire;
  }
};
/// Fires when the wall clock reaches the multiple of `interval` that follows a row's arrival; not at the window's end.
inline ProcessingTimeEvery processing_time_every(Duration interval) { return ProcessingTimeEvery(interval); }

template <class Row>
struct LastFired {
  std::optional<Owned<Row>> row;
  BOOST_DESCRIBE_CLASS(LastFired, (), (row), (), ())
};

template <class RowType, class Distance>
struct Delta : RowTrigger {
  double threshold;
  Distance distance;
  Delta(double t, Distance d) : threshold(t), distance(std::move(d)) {}
  using State = LastFired<RowType>;
  template <class Context>
  TriggerResult on_row(const RowType& row, EventTime, const Window&, Context& context) const {
    auto& last = context.state().row;
    if (last && !(distance(last->get(), row) > threshold)) return TriggerResult::kContinue;
    const bool first = !last;
    last.emplace(row);
    return first ? TriggerResult::kContinue : TriggerResult::kFire;
  }
};
template <class Distance>
struct DeltaOfAnyRow {
  double threshold;
  Distance distance;
  template <class Row>
  Delta<Row, Distance> bind() const {
    static_assert(std::is_invocable_r_v<double, const Distance&, const Row&, const Row&>,
                  "weir: delta() takes a function of (const Row& last, const Row&) that gives a number");
    return {threshold, distance};
  }
};
/// Fires when a row is more than `threshold` away from the one that fired last; the first row is only remembered. Keeps that row for
/// each key and window. `distance(const Row& last, const Row&)` gives a number.
template <class Distance>
DeltaOfAnyRow<Distance> delta(double threshold, Distance distance) {
  return {threshold, std::move(distance)};
}

template <class Trigger>
struct Purging {
  Trigger trigger;
  using State = typename Trigger::State;
  static constexpr bool kNeedsRow = detail::kNeedsRow<Trigger>;

  template <class Row, class Context>
  TriggerResult on_row(const Row& row, EventTime time, const Window& window, Context& context) const {
    return purging(trigger.on_row(row, time, window, context));
  }
  template <class Context>
  TriggerResult on_event_time(EventTime time, const Window& window, Context& context) const {
    return purging(trigger.on_event_time(time, window, context));
  }
  template <class Context>
  TriggerResult on_processing_time(EventTime time, const Window& window, Context& context) const {
    return purging(trigger.on_processing_time(time, window, context));
  }
  template <class Context>
  void clear(const Window& window, Context& context) const {
    trigger.clear(window, context);
  }

 private:
  static TriggerResult purging(TriggerResult result) {
    return result == TriggerResult::kFire ? TriggerResult::kFireAndPurge : result;
  }
};
template <class Trigger>
struct PurgingOfAnyRow {
  Trigger trigger;
  template <class Row>
  auto bind() const {
    if constexpr (requires { trigger.template bind<Row>(); })
      return Purging<decltype(trigger.template bind<Row>())>{trigger.template bind<Row>()};
    else return Purging<Trigger>{trigger};
  }
};
/// As `trigger`, but every firing empties the window.
template <class Trigger>
PurgingOfAnyRow<Trigger> purging(Trigger trigger) {
  return {std::move(trigger)};
}

}  // namespace weir
