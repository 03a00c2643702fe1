#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <weir/core/error.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// What decides when a time has come: the watermark, or the wall clock.
enum class WindowClock : bool { kEventTime, kProcessingTime };

/// The same gap after every row.
struct FixedGap {
  Duration gap;
};

/// Sessions: a key's rows that follow each other within a gap. A row at t spans [t, t + gap); spans that overlap or touch are one
/// session, [first row, end of the last gap). A session fires when the watermark reaches its last millisecond.
///
/// Within the allowed lateness a row that reaches a session that has fired is taken in, and the session fires again: at once when its
/// end has passed, else when the watermark reaches its new end. Where a row joins two sessions, the joined one fires; what was emitted
/// for its parts is not taken back. A row that reaches no session that is kept, and is late, is counted and dropped, or goes to the side output.
///
/// `GapOf`: FixedGap, or a function of the row that gives its gap. Source: Flink, "Session Windows".
template <class GapOf = FixedGap>
class SessionWindows {
 public:
  SessionWindows(GapOf gap_of, WindowClock clock) : gap_of_(std::move(gap_of)), clock_(clock) {}

  /// 0 ms and up; 0 by default. Of no use by processing time, where nothing is late.
  SessionWindows allowed_lateness(Duration lateness) const {
    if (lateness.count() < 0) throw FailJob("allowed lateness must not be negative", ExitCode::kUsage);
    SessionWindows copy = *this;
    copy.lateness_ = lateness;
    return copy;
  }
  /// The longest a session may be, from its first row to its end; by default there is no such limit. A session ends `length` after its
  /// first row, and a row after that begins another; rows out of order join sessions only where these stay within it.
  SessionWindows at_most(Duration length) const {
    if (length.count() <= 0) throw FailJob("a session lasts at least 1 ms", ExitCode::kUsage);
    SessionWindows copy = *this;
    copy.at_most_ = length;
    return copy;
  }

  const GapOf& gap_of() const { return gap_of_; }
  WindowClock clock() const { return clock_; }
  Duration lateness() const { return lateness_; }
  Duration longest() const { return at_most_; }

 private:
  GapOf gap_of_;
  WindowClock clock_;
  Duration lateness_{0};
  Duration at_most_ = Duration::max();
};

namespace detail {

inline Duration checked_gap(Duration gap) {
  if (gap.count() <= 0) throw FailJob("a session needs a gap of at least 1 ms", ExitCode::kUsage);
  return gap;
}
template <class GapOf>
concept IsGapFunction = !std::convertible_to<GapOf, Duration>;

}  // namespace detail

/// Sessions that end after `gap` without a row: 1 ms and up.
inline SessionWindows<> session(Duration gap) {
  return {FixedGap{detail::checked_gap(gap)}, WindowClock::kEventTime};
}
/// Sessions that end after a gap that each row brings: `gap_of(const Row&)` gives a duration of 1 ms and up.
template <detail::IsGapFunction GapOf>
SessionWindows<GapOf> session(GapOf gap_of) {
  return {std::move(gap_of), WindowClock::kEventTime};
}
/// Sessions by the time at which rows arrive, on the wall clock. At the end of the input they fire at once.
inline SessionWindows<> session_processing_time(Duration gap) {
  return {FixedGap{detail::checked_gap(gap)}, WindowClock::kProcessingTime};
}
template <detail::IsGapFunction GapOf>
SessionWindows<GapOf> session_processing_time(GapOf gap_of) {
  return {std::move(gap_of), WindowClock::kProcessingTime};
}

}  // namespace weir
