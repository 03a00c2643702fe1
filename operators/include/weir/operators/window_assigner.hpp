#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <ranges>
#include <string>
#include <type_traits>
#include <vector>

#include <weir/core/error.hpp>
#include <weir/core/time.hpp>
#include <weir/operators/session_window.hpp>

namespace weir {

/// Gives the windows a row belongs to: `assigner(EventTime, const Row&)` is a Window or a range of Windows, perhaps empty. A function of the
/// program: the same row must always get the same windows. What an assigner may say of itself besides:
///   static constexpr WindowClock kClock      kProcessingTime: it is given the wall clock instead of the row's time
///   static constexpr bool kNeedsRow = false  it looks at times only: rows need not travel whole
template <class Assigner, class Row>
concept WindowAssigner = requires(const Assigner& assigner, EventTime time, const Row& row) {
  requires std::convertible_to<decltype(assigner(time, row)), Window> ||
      std::convertible_to<std::ranges::range_reference_t<decltype(assigner(time, row))>, Window>;
};

/// One window a key for all times. Without a trigger it would never fire.
struct GlobalWindows {
  static constexpr bool kNeedsRow = false;
  static constexpr bool kGlobal = true;
  static constexpr Window kAll{EventTime::min(), EventTime::max()};
  template <class Row>
  Window operator()(EventTime, const Row&) const {
    return kAll;
  }
  std::string description() const { return "global window"; }
};
inline GlobalWindows global() { return {}; }

/// Windows of the wall clock, aligned to 1970-01-01T00:00Z plus an offset.
class ProcessingTimeWindows {
 public:
  static constexpr bool kNeedsRow = false;
  static constexpr WindowClock kClock = WindowClock::kProcessingTime;

  ProcessingTimeWindows(Duration size, Duration slide);
  ProcessingTimeWindows offset(Duration offset) const {
    ProcessingTimeWindows copy = *this;
    copy.offset_ = offset;
    copy.windows_.clear();
    return copy;
  }
  /// One thread: the windows are kept, because the clock stands still for as long as a batch.
  template <class Row>
  const std::vector<Window>& operator()(EventTime now, const Row&) const {
    if (windows_.empty() || now != windows_at_) {
      windows_ = windows_of(now);
      windows_at_ = now;
    }
    return windows_;
  }
  std::vector<Window> windows_of(EventTime now) const;
  std::string description() const;

 private:
  Duration size_;
  Duration slide_;
  Duration offset_{0};
  mutable EventTime windows_at_;
  mutable std::vector<Window> windows_;
};

/// Windows of equal size side by side, by the time at which rows arrive. They fire when the wall clock reaches their end; those that are
/// open at the end of the input fire then. After a restart what was due meanwhile fires at once.
inline ProcessingTimeWindows tumbling_processing_time(Duration size) { return {size, size}; }
/// Windows of `size`, one every `slide`, by the time at which rows arrive.
inline ProcessingTimeWindows sliding_processing_time(Duration size, Duration slide) { return {size, slide}; }

namespace detail {

template <class Assigner>
inline constexpr bool kGlobal = requires {
  requires Assigner::kGlobal;
};
template <class Assigner>
constexpr WindowClock clock_of() {
  if constexpr (requires { Assigner::kClock; }) return Assigner::kClock;
  else return WindowClock::kEventTime;
}

/// Throws FailJob: a window that ends before it begins is an error of the program.
void check_window(const Window& window);

template <class Windows, class Visit>
void each_window(const Windows& windows, Visit&& visit) {
  if constexpr (std::convertible_to<const Windows&, Window>) {
    visit(Window(windows));
  } else {
    for (const Window& window : windows) visit(window);
  }
}

}  // namespace detail

}  // namespace weir
