#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace weir {

/// A span of event or processing time; milliseconds, as in Flink and Kafka.
using Duration = std::chrono::milliseconds;

/// A moment in event time: milliseconds since 1970-01-01T00:00:00Z. Ordered, and nothing more than an integer.
struct EventTime {
  std::int64_t millis = 0;

  static constexpr EventTime min() { return {std::numeric_limits<std::int64_t>::min()}; }
  static constexpr EventTime max() { return {std::numeric_limits<std::int64_t>::max()}; }

  friend constexpr auto operator<=>(const EventTime&, const EventTime&) = default;
  friend constexpr EventTime operator+(EventTime t, Duration d) { return {t.millis + d.count()}; }
  friend constexpr EventTime operator-(EventTime t, Duration d) { return {t.millis - d.count()}; }
  friend constexpr Duration operator-(EventTime a, EventTime b) { return Duration{a.millis - b.millis}; }
};

/// Watermarks from here on say that the inputs have ended: EventTime::max() for good, the others while loops are being emptied. Rows
/// do not have such times, and strategies do not come that far.
inline constexpr EventTime kEndOfInput{EventTime::max().millis - (std::int64_t{1} << 40)};
constexpr bool is_end_of_input(EventTime watermark) { return watermark >= kEndOfInput; }

/// `t - d`, staying at EventTime::min() instead of wrapping around.
constexpr EventTime saturating_sub(EventTime t, Duration d) {
  return t.millis < EventTime::min().millis + d.count() ? EventTime::min() : t - d;
}

/// `t + d`, staying at EventTime::max() instead of wrapping around.
constexpr EventTime saturating_add(EventTime t, Duration d) {
  return t.millis > EventTime::max().millis - d.count() ? EventTime::max() : t + d;
}

/// Half-open span of event time, [start, end).
struct Window {
  EventTime start;
  EventTime end;

  /// The last moment that belongs to the window; it fires when the watermark reaches it.
  constexpr EventTime last() const { return {end.millis - 1}; }
  friend constexpr auto operator<=>(const Window&, const Window&) = default;
};

}  // namespace weir
