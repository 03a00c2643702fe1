#include "progress.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "console.hpp"
#include "own_thread.hpp"
#include "quantity.hpp"

namespace weir {

namespace {

/// The mean over the partitions of all sources that can tell.
std::optional<double> overall_progress(const JobStatus& status) {
  double sum = 0;
  double weight = 0;
  for (const SourceStatus& source : status.sources) {
    if (!source.progress) continue;
    const double partitions = std::max(source.partitions, 1u);
    sum += std::clamp(*source.progress, 0.0, 1.0) * partitions;
    weight += partitions;
  }
  return weight == 0 ? std::nullopt : std::optional(sum / weight);
}

EventTime slowest_watermark(const JobStatus& status) {
  EventTime slowest = EventTime::max();
  for (const SourceStatus& source : status.sources) slowest = std::min(slowest, source.watermark);
  return status.sources.empty() ? EventTime::min() : slowest;
}

}  // namespace

std::uint64_t records_read(const JobStatus& status) {
  std::uint64_t sum = 0;
  for (const SourceStatus& source : status.sources) sum += source.records;
  return sum;
}

std::string progress_line(const JobStatus& status, std::optional<double> rate, std::size_t columns) {
  std::string line = fmt::format("{} records", with_thousands(records_read(status)));
  if (rate) line += fmt::format("  {}/s", with_thousands(static_cast<std::uint64_t>(std::max(*rate, 0.0))));
  line += fmt::format("  watermark {}", for_people(slowest_watermark(status)));
  // Rounded down: 100 % is said when it is true.
  if (const auto share = overall_progress(status))
    line += fmt::format("  {} %", static_cast<int>(*share * 100));
  if (status.state != JobState::kRunning) line += fmt::format("  {}", to_string(status.state));
  // The last column stays free: a full line would wrap, and could not be erased.
  if (line.size() >= columns) line.resize(columns > 0 ? columns - 1 : 0);
  return line;
}

ProgressPrinter::ProgressPrinter(Console& console, std::function<JobStatus()> status,
                                 std::function<std::chrono::nanoseconds()> now, std::size_t columns,
                                 bool colour)
    : console_(console),
      status_(std::move(status)),
      now_(std::move(now)),
      columns_(columns),
      colour_(colour),
      thread_(start_own_thread("progress", [this] { loop(); })) {}

ProgressPrinter::~ProgressPrinter() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
  console_.show_progress("");
}

void ProgressPrinter::loop() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, std::chrono::milliseconds(200), [this] { return stop_; })) {
    lock.unlock();
    draw();
    lock.lock();
  }
}

void ProgressPrinter::draw() {
  const JobStatus status = status_();
  if (!status.bounded) return;
  const auto now = now_();
  const std::uint64_t records = records_read(status);
  if (before_ && now > before_->first) {
    const double seconds = std::chrono::duration<double>(now - before_->first).count();
    // A restart may take the count back.
    const double latest =
        records >= before_->second ? static_cast<double>(records - before_->second) / seconds : 0.0;
    rate_ = rate_ ? 0.7 * *rate_ + 0.3 * latest : latest;
  }
  before_ = {now, records};
  const std::string line = progress_line(status, rate_, columns_);
  console_.show_progress(colour_ ? "\x1b[36m" + line + "\x1b[0m" : line);
}

}  // namespace weir
