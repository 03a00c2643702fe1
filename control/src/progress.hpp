#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <weir/runtime/job.hpp>

namespace weir {

class Console;

/// Records read by all sources.
std::uint64_t records_read(const JobStatus& status);

/// "1,234,567 records  345,678/s  watermark 2026-01-01 00:00:00  43 %", cut to `columns`; the slowest source's watermark counts.
/// `rate` is records a second; nothing when not known yet.
std::string progress_line(const JobStatus& status, std::optional<double> rate, std::size_t columns);

/// Redraws the progress line of a bounded run five times a second, on a thread of its own, as long as it lives.
class ProgressPrinter {
 public:
  /// `status` and `now` are called from the printer's thread; all arguments outlive it.
  ProgressPrinter(Console& console, std::function<JobStatus()> status,
                  std::function<std::chrono::nanoseconds()> now, std::size_t columns, bool colour);
  ~ProgressPrinter();

 private:
  void loop();
  void draw();

  Console& console_;
  const std::function<JobStatus()> status_;
  const std::function<std::chrono::nanoseconds()> now_;
  const std::size_t columns_;
  const bool colour_;
  std::optional<std::pair<std::chrono::nanoseconds, std::uint64_t>> before_;
  std::optional<double> rate_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weir
