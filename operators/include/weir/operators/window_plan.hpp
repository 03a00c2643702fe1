#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <weir/core/time.hpp>

namespace weir {

class TimeZone;

/// Where the boundaries of aligned windows lie, and how the windows are made of *slices*: spans that do not overlap and that no
/// window's boundary cuts, so that a row belongs to one slice and a window is a run of slices. A value; decisions only, no state.
/// Sliding windows are cut at their starts and ends, at most two slices a slide. Source: Krishnamurthy et al., "On-the-fly
/// sharing for streamed aggregation" (paired windows).
///
/// Windows are told by their ends, which all differ. Near the ends of time boundaries are cut short instead of wrapping around.
class WindowPlan {
 public:
  enum class Kind : std::uint8_t { kTumbling, kSliding, kCumulative, kCalendarDays };

  /// Sizes of 1 ms and up; throws FailJob(kUsage). `step`: the slide of sliding windows, the step of cumulative ones, else unused.
  WindowPlan(Kind kind, Duration size, Duration step);
  explicit WindowPlan(std::shared_ptr<const TimeZone> zone);

  /// True where each window is one slice.
  bool single_slice() const { return kind_ == Kind::kTumbling || kind_ == Kind::kCalendarDays; }

  /// The slice that `time` belongs to.
  Window slice_of(EventTime time) const;
  /// False for what lies between windows, where the slide is larger than the size.
  bool covered(const Window& slice) const { return single_slice() || last_end(slice) >= slice.end; }
  /// Ends of the first and of the last window that a slice belongs to. Requires: covered(slice).
  EventTime first_end(const Window& slice) const;
  EventTime last_end(const Window& slice) const;
  /// The first end of a window after `time`; `time` itself at the end of time.
  EventTime next_end(EventTime time) const;
  /// The start of the window that ends at `end`.
  EventTime start_of(EventTime end) const;

  /// For people: "sliding window of 10 s every 1 s".
  std::string description() const;
  /// What decides where slices lie: the description, and the offset.
  std::string geometry() const;

  Duration offset{0};
  Duration lateness{0};
  Duration early_event{0};       ///< 0: no early firing by event time
  Duration early_processing{0};  ///< 0: none by processing time
  bool purging = false;

 private:
  Window day_of(EventTime time) const;

  Kind kind_;
  Duration size_;
  Duration step_;
  std::shared_ptr<const TimeZone> zone_;
};

}  // namespace weir
