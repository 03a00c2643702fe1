#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>

#include <weir/core/connector.hpp>

#include "generator.hpp"

namespace nexmark {

/// How long after its cause was due a row came to the sink. Trivially copyable: it travels through a pipe.
struct Latency {
  std::uint64_t rows;
  double p50_seconds;
  double p99_seconds;
  double p999_seconds;
  double max_seconds;
};

/// Which event a row of a result is owed to, told from the row's time.
///
/// Most queries answer an event with rows of its time. Others wait for a watermark to pass the row's time t: what they wait for is
/// the first event so far above t that its watermark does. When an event is due is known from its number
/// and the rate alone, not from when it was really made: whatever makes it late counts.
class Causes {
 public:
  /// Throws weir::FailJob(kUsage) for a query whose rows are owed to no event.
  Causes(std::string_view query, const EventClock& clock, weir::Duration watermark_delay);
  /// Whether rows of `query` wait for a watermark.
  static bool wait_for_watermark(std::string_view query);
  /// The number of the event; of several in one millisecond the first.
  std::uint64_t event_of(weir::EventTime row) const { return clock_.first_at(row + after_); }

 private:
  EventClock clock_;
  weir::Duration after_;
};

/// Stands where the sink of a job is, and notes when rows come.
class LatencyWatch {
 public:
  /// Counts rows owed to events from `first` up to `end` only: not those of the start, nor those that the end of the input sets free.
  LatencyWatch(Causes causes, double events_per_second, std::uint64_t first, std::uint64_t end)
      : causes_(causes), nanoseconds_an_event_(1e9 / events_per_second), first_(first), end_(end) {}

  /// weir's own connectors, and the sink `latency:`. The watch outlives them.
  weir::ConnectorsFactory connectors();
  /// After the job; event n was due (n + 1) / rate seconds after `began`. Throws std::runtime_error when a row came before its cause was due.
  Latency result(weir::Environment::Instant began);

 private:
  /// What one worker has seen. Times since each row's event would have been due, had the source begun at 0.
  struct Samples {
    const LatencyWatch& watch;
    std::deque<std::int64_t> nanoseconds;
    void note(const weir::Batch& rows, weir::Environment::Instant now);
  };

  const Causes causes_;
  const double nanoseconds_an_event_;
  const std::uint64_t first_;
  const std::uint64_t end_;
  std::mutex mutex_;
  std::deque<Samples> samples_;
};

}  // namespace nexmark
