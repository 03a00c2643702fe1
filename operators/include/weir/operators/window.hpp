#pragma once

#include <boost/describe.hpp>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// Windows of equal size side by side, aligned to 1970-01-01T00:00Z plus `offset`.
/// A window fires when the watermark reaches its last millisecond. Rows that come after that, but not later than the allowed
/// lateness, update it and fire it again at once for their key; rows later still are counted and, with late_rows(), go to a
/// side output. State of a window is kept until the watermark passes its end by the allowed lateness.
class TumblingWindows {
 public:
  explicit TumblingWindows(Duration size) : size_(size) {
    if (size.count() <= 0) throw FailJob("a window needs a size of at least 1 ms", ExitCode::kUsage);
  }
  TumblingWindows offset(Duration offset) const {
    TumblingWindows copy = *this;
    copy.offset_ = offset;
    return copy;
  }
  /// 0 ms and up; 0 by default.
  TumblingWindows allowed_lateness(Duration lateness) const {
    if (lateness.count() < 0) throw FailJob("allowed lateness must not be negative", ExitCode::kUsage);
    TumblingWindows copy = *this;
    copy.lateness_ = lateness;
    return copy;
  }

  Duration size() const { return size_; }
  Duration lateness() const { return lateness_; }
  /// At the ends of time windows are cut short rather than wrapped around.
  Window window_of(EventTime time) const {
    const std::int64_t into = (time.millis % size_.count() - offset_.count() % size_.count()) % size_.count();
    const EventTime end = saturating_add(time, Duration{into < 0 ? -into : size_.count() - into});
    return {saturating_sub(end, size_), end};
  }

 private:
  Duration size_;
  Duration offset_{0};
  Duration lateness_{0};
};

inline TumblingWindows tumbling(Duration size) { return TumblingWindows(size); }

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
