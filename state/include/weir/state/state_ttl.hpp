#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <weir/core/environment.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// How long the entries of a keyed state live: made by expire_after() and given to the state besides its name.
///
/// An entry is a value, an accumulator, a row of a list, or an entry of a map: each expires by itself. It lives for the time to live
/// after it was written last; with refreshed_by_reads() also after it was read last. What has expired is never returned, and is
/// removed, from memory and from checkpoints, by a sweep an eighth of the time to live (at least a second) later at most, and however long
/// the sweep takes.
///
/// Time is the wall clock; with by_event_time() the watermark: then what a row writes lives from the row's time on (a late row's from the
/// watermark on), and results do not depend on when the job runs, or how often it is restarted. A wall clock that goes back
/// counts as one that stands still. The end of the input expires nothing by event time.
/// Source: Flink, "State Time-To-Live (TTL)".
class StateTtl {
 public:
  enum class Clock : std::uint8_t { kProcessingTime, kEventTime };

  /// In milliseconds. Throws FailJob(kUsage) unless it is at least one.
  explicit StateTtl(Duration time_to_live);

  /// Reading an entry lets it live as long again. Each read becomes a write, then: a list is written whole when it is read.
  StateTtl refreshed_by_reads() const;
  /// Instead of by the wall clock.
  StateTtl by_event_time() const;

  Duration time_to_live() const { return time_to_live_; }
  bool reads_refresh() const { return reads_refresh_; }
  Clock clock() const { return clock_; }

 private:
  Duration time_to_live_;
  bool reads_refresh_ = false;
  Clock clock_ = Clock::kProcessingTime;
};

/// `ValueState<Session> session{"session", expire_after(24h).refreshed_by_reads()};`
inline StateTtl expire_after(Duration time_to_live) { return StateTtl(time_to_live); }

/// What time it is for the states of one operator on one worker. One thread.
class StateClock {
 public:
  explicit StateClock(Environment* environment) : environment_(environment) {}

  /// The wall clock, read at most once a call into the operator.
  EventTime wall_clock() {
    if (!wall_clock_) wall_clock_ = environment_->wall_clock();
    return *wall_clock_;
  }
  /// By which entries expire. By event time: the watermark, or the time of the timer that fires on the way to it; EventTime::min()
  /// before the first. Never goes back.
  EventTime now(StateTtl::Clock clock) {
    if (clock == StateTtl::Clock::kEventTime) return event_time_;
    return processing_time_ = std::max(processing_time_, wall_clock());
  }
  /// The same by event time; reads no clock.
  EventTime event_time() const { return event_time_; }
  /// What is written now is written at that time; EventTime::min(): unknown yet.
  EventTime written_at(StateTtl::Clock clock) {
    const EventTime time = now(clock);
    return clock == StateTtl::Clock::kEventTime ? std::max(time, row_time_) : time;
  }

  // For the operator: what it is about to handle, and how far it has come.
  void row(EventTime time) { row_time_ = time; }
  void event_timer(EventTime time) { row_time_ = event_time_ = std::max(event_time_, time); }
  void processing_timer() { row_time_ = EventTime::min(); }
  /// All timers up to `watermark` have fired. The end of the input is no moment in time.
  void reached(EventTime watermark) {
    if (watermark != EventTime::max()) event_time_ = std::max(event_time_, watermark);
  }
  void at_wall_clock(EventTime now) { wall_clock_ = now; }
  void end_of_call() { wall_clock_.reset(); }

 private:
  Environment* environment_;
  std::optional<EventTime> wall_clock_;
  EventTime processing_time_ = EventTime::min();
  EventTime event_time_ = EventTime::min();
  EventTime row_time_ = EventTime::min();
};

/// The time to live of one state, by its operator's clock. One thread.
class Expiry {
 public:
  Expiry(const StateTtl& ttl, StateClock& clock) : ttl_(ttl), clock_(&clock) {}

  const StateTtl& ttl() const { return ttl_; }
  EventTime now() { return clock_->now(ttl_.clock()); }
  EventTime event_time() const { return clock_->event_time(); }
  EventTime written_at() { return clock_->written_at(ttl_.clock()); }
  /// What was written then or before has expired. EventTime::min(): nothing has.
  EventTime horizon() { return saturating_sub(now(), ttl_.time_to_live()); }
  bool is_over(EventTime written) { return is_over(written, horizon()); }
  /// An entry whose time is unknown lives until a sweep gives it one.
  static bool is_over(EventTime written, EventTime horizon) {
    return written <= horizon && written != EventTime::min();
  }

 private:
  StateTtl ttl_;
  StateClock* clock_;
};

}  // namespace weir
