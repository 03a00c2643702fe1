#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include <weir/core/job_graph.hpp>
#include <weir/runtime/job.hpp>

namespace weir::bench {

/// What a run is given besides its pipeline and its source.
struct RunOptions {
  std::filesystem::path scratch;  ///< for state and checkpoints; emptied before and after
  StateMode state = StateMode::kHeap;
  std::optional<Duration> checkpoint_interval;  ///< none: one checkpoint, at the end
  std::uint32_t parallelism = 1;
};

/// Enough memory for all state.
JobOptions job_options(const RunOptions& options);

struct Measured {
  double per_second;
  double cpu_ns_per_row;
};

/// Several runs of one configuration, by rows a second.
struct Runs {
  Measured median;
  double min_per_second;
  double max_per_second;
};

/// Runs the pipeline, which reads `rows` rows, `runs` times. Ends the program when a run fails.
Runs measure(const std::function<JobGraph()>& pipeline, const JobOptions& options, std::uint64_t rows,
             int runs);

const char* name_of(StateMode state);

}  // namespace weir::bench
