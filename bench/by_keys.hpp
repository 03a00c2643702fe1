#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <weir/core/job_graph.hpp>

namespace weir::bench {

/// A pipeline whose cost is measured by number of keys, state backend and checkpoints.
struct ByKeys {
  std::string name;
  std::string description;
  std::uint64_t events;  ///< of a run, unless said otherwise
  /// Reads the source "events", of `keys` keys.
  std::function<JobGraph(std::uint64_t keys)> pipeline;
};

/// Runs each configuration several times and prints a row for it: median, minimum, maximum. Returns what the program exits with.
int run_by_keys(int argc, char** argv, const ByKeys& benchmark);

}  // namespace weir::bench
