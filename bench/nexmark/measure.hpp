#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <weir/runtime/job.hpp>

#include "latency.hpp"

namespace nexmark {

/// How queries are measured: from the pipeline's own generator, to nowhere.
struct BenchOptions {
  std::uint64_t events = 10'000'000;
  std::uint64_t seed = 42;
  std::int64_t event_rate = 100'000;  ///< events a second of event time
  /// Events a second of the clock, for measuring latency; none: as fast as they go.
  std::optional<double> rate;
  Crowd crowd;
  std::chrono::duration<double> warm_up{2};  ///< events due earlier have no latency
  weir::Duration watermark_delay{4000};
  std::uint32_t parallelism = 1;
  weir::StateMode state = weir::StateMode::kRocksDb;
  std::optional<weir::Duration> checkpoint_interval{1000};
  std::size_t memory_bytes = std::size_t{1} << 30;
  std::filesystem::path scratch;
};

/// One run of a query. Trivially copyable: it travels through a pipe.
struct Measured {
  double seconds;
  double cpu_seconds;
  std::uint64_t checkpoints;
  double
      longest_stall_seconds;  ///< in which no event was read, though there were some; seen every few milliseconds
  Latency latency;            ///< where there is a rate; stalls are not looked for then
};

/// How event time goes on.
EventClock clock_of(const BenchOptions& options);

/// Runs `query` in this process. Throws std::runtime_error when the job fails, with its last words.
Measured measure(const std::string& query, const BenchOptions& options);
/// Runs it to look at its rows instead, by hash_row().
weir::Digest digest_of_rows(const std::string& query, const BenchOptions& options);

}  // namespace nexmark
