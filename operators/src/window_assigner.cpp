#include <weir/operators/window_assigner.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <weir/operators/stream.hpp>

namespace weir {

ProcessingTimeWindows::ProcessingTimeWindows(Duration size, Duration slide) : size_(size), slide_(slide) {
  if (size.count() <= 0) throw FailJob("a window needs a size of at least 1 ms", ExitCode::kUsage);
  if (slide.count() <= 0) throw FailJob("a sliding window needs a slide of at least 1 ms", ExitCode::kUsage);
}

std::vector<Window> ProcessingTimeWindows::windows_of(EventTime now) const {
  const std::int64_t slide = slide_.count();
  const std::int64_t into = (now.millis % slide - offset_.count() % slide + 2 * slide) % slide;
  std::vector<Window> windows;
  for (EventTime start = now - Duration{into}; start + size_ > now; start = start - slide_)
    windows.push_back({start, start + size_});
  std::reverse(windows.begin(), windows.end());
  return windows;
}

std::string ProcessingTimeWindows::description() const {
  if (size_ == slide_) return "processing-time window of " + detail::describe(size_);
  return fmt::format("processing-time window of {} every {}", detail::describe(size_),
                     detail::describe(slide_));
}

namespace detail {

void check_window(const Window& window) {
  if (window.start < window.end) return;
  throw FailJob(fmt::format("a window assigner gave [{}, {}): a window ends after it begins",
                            window.start.millis, window.end.millis));
}

}  // namespace detail

}  // namespace weir
