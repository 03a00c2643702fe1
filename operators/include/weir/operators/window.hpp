#pragma once

#include <cstdint>
#include <string>

#include <boost/describe.hpp>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/time.hpp>
#include <weir/operators/time_zone.hpp>
#include <weir/operators/window_plan.hpp>

namespace weir {

/// Windows with boundaries that are the same for all keys: tumbling(), sliding(), cumulative(), calendar_days().
///
/// A window fires when the watermark reaches its last millisecond: one result for each key that has rows in it. Rows that come
/// after that, but not later than the allowed lateness, update it and fire it again at once for their key. A row is too late when
/// all windows it belongs to are; it is counted and, with late_rows(), goes to a side output. State is kept until the watermark
/// passes the end of the last window that needs it by the allowed lateness. docs/windows.md says it in full.
///
/// `kEarly`: results come before the end of a window, too.
template <bool kEarly = false>
class AlignedWindows {
 public:
  explicit AlignedWindows(WindowPlan plan) : plan_(std::move(plan)) {}

  /// Boundaries are moved by this much; without it they are aligned to 1970-01-01T00:00Z, days to local midnight.
  AlignedWindows offset(Duration offset) const {
    AlignedWindows copy = *this;
    copy.plan_.offset = offset;
    return copy;
  }
  /// 0 ms and up; 0 by default.
  AlignedWindows allowed_lateness(Duration lateness) const {
    if (lateness.count() < 0) throw FailJob("allowed lateness must not be negative", ExitCode::kUsage);
    AlignedWindows copy = *this;
    copy.plan_.lateness = lateness;
    return copy;
  }
  /// Whenever the watermark passes a multiple of `interval` (1 ms and up), the windows that have not fired emit their current value
  /// for those keys that have changed since. Once, where it passes several multiples at a time.
  AlignedWindows<true> early_every(Duration interval) const {
    AlignedWindows<true> copy(plan_);
    copy.plan().early_event = positive(interval);
    return copy;
  }
  /// As early_every(), by the wall clock. Restored after a restart; what was due meanwhile is made up for at once.
  AlignedWindows<true> early_every_processing_time(Duration interval) const {
    AlignedWindows<true> copy(plan_);
    copy.plan().early_processing = positive(interval);
    return copy;
  }
  /// After each firing the window starts anew for the keys that were emitted: every result tells only what came since the last.
  AlignedWindows purging() const {
    AlignedWindows copy = *this;
    copy.plan_.purging = true;
    return copy;
  }

  const WindowPlan& plan() const { return plan_; }
  WindowPlan& plan() { return plan_; }
  /// The first window that `time` belongs to.
  Window window_of(EventTime time) const {
    const EventTime end = plan_.first_end(plan_.slice_of(time));
    return {plan_.start_of(end), end};
  }

 private:
  static Duration positive(Duration interval) {
    if (interval.count() <= 0)
      throw FailJob("early firing needs an interval of at least 1 ms", ExitCode::kUsage);
    return interval;
  }

  WindowPlan plan_;
};

/// Windows of equal size side by side.
inline AlignedWindows<> tumbling(Duration size) {
  return AlignedWindows<>({WindowPlan::Kind::kTumbling, size, size});
}
/// Windows of `size`, one every `slide`: a row is in size / slide of them, but costs no more for that. With a slide larger than the
/// size, rows between windows belong to none and are passed over, not late.
inline AlignedWindows<> sliding(Duration size, Duration slide) {
  return AlignedWindows<>({WindowPlan::Kind::kSliding, size, slide});
}
/// Windows that begin together every `max_size` and grow by `step`: [0, step), [0, 2 step) … [0, max_size). As CUMULATE of Flink SQL.
inline AlignedWindows<> cumulative(Duration max_size, Duration step) {
  return AlignedWindows<>({WindowPlan::Kind::kCumulative, max_size, step});
}
/// Calendar days of an IANA time zone, "Europe/Berlin": 23 or 25 hours long when clocks change. Throws FailJob(kUsage) where the
/// system does not know the zone.
inline AlignedWindows<> calendar_days(const std::string& zone) {
  return AlignedWindows<>(WindowPlan(TimeZone::load(zone)));
}

/// Why a result is emitted.
enum class PaneKind : std::uint8_t {
  kEarly,   ///< before the window's end
  kOnTime,  ///< at its end
  kLate,    ///< after it, for a late row
};

/// The firing a result belongs to.
struct WindowPane {
  PaneKind kind = PaneKind::kOnTime;
  friend constexpr bool operator==(WindowPane, WindowPane) = default;
};

/// What an aggregate that names no row type of its own emits: one row a key and window.
template <class Key, class Value>
struct WindowResult {
  Key key;
  EventTime window_start;
  EventTime window_end;
  Value value;
  BOOST_DESCRIBE_CLASS(WindowResult, (), (key, window_start, window_end, value), (), ())
};

}  // namespace weir
