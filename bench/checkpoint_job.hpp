#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <weir/runtime/job.hpp>

namespace weir::bench {

/// A job that keeps about a hundred bytes for each key: first gives each key its state, then updates keys at random, while checkpoints
/// are taken. Its states outlive the process, in its directories.
struct CheckpointJob {
  std::filesystem::path scratch;
  std::uint64_t keys = 0;
  std::size_t memory_bytes = 0;
  Duration interval{1000};
};

/// One checkpoint, as seen from outside and from the operator.
struct CheckpointSeen {
  double duration_ms = 0;  ///< from its barrier to its commit
  double stall_ms = 0;     ///< the longest time between two rows in the half interval behind its barrier
  double quiet_ms = 0;     ///< the same from there to the next barrier: what the machine does by itself
  std::uint64_t new_bytes = 0;
  std::uint64_t referenced_bytes = 0;
};

struct CheckpointRun {
  double first_row_seconds = 0;  ///< from the job's start to its first row
  double seconds = 0;
  double cpu_seconds = 0;
  std::vector<CheckpointSeen> checkpoints;  ///< but for the last, which ends the job
};

/// How far a run has come.
struct CheckpointProgress {
  std::uint64_t updates = 0;                       ///< in all, also those of earlier runs
  const std::vector<CheckpointSeen>& checkpoints;  ///< of this run, without stalls
};

/// Runs the job until `enough` says so, which is asked a hundred times a second; at most `rate` updates a second, 0: as fast as it can.
/// Goes on from where an earlier run has ended. Ends the program when a run fails.
CheckpointRun run(const CheckpointJob& job, std::uint64_t rate,
                  const std::function<bool(const CheckpointProgress&)>& enough);

}  // namespace weir::bench
