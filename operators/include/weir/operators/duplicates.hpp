#pragma once

#include <weir/core/error.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// Of the rows of a key that lie less than `time` of event time apart from each other, the one that comes first passes, at once.
class FirstWithin {
 public:
  /// 1 ms and up.
  explicit FirstWithin(Duration time) : time_(time) {
    if (time.count() <= 0) throw FailJob("rows are deduplicated within at least 1 ms", ExitCode::kUsage);
  }
  /// How far behind the watermark a row may be and still be judged, 0 ms by default; the state is kept that much longer.
  FirstWithin allowed_lateness(Duration lateness) const {
    if (lateness.count() < 0) throw FailJob("allowed lateness must not be negative", ExitCode::kUsage);
    FirstWithin copy = *this;
    copy.lateness_ = lateness;
    return copy;
  }
  Duration time() const { return time_; }
  Duration lateness() const { return lateness_; }

 private:
  Duration time_;
  Duration lateness_{0};
};

/// A key's first row, by event time, begins a span of `time`; of all its rows in the span the last one passes, at its end.
class LastWithin {
 public:
  /// 1 ms and up.
  explicit LastWithin(Duration time) : time_(time) {
    if (time.count() <= 0) throw FailJob("rows are deduplicated within at least 1 ms", ExitCode::kUsage);
  }
  Duration time() const { return time_; }

 private:
  Duration time_;
};

inline FirstWithin first_within(Duration time) { return FirstWithin(time); }
inline LastWithin last_within(Duration time) { return LastWithin(time); }

}  // namespace weir
