#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/state_changes.hpp>
#include <weir/core/job_graph.hpp>

namespace weir {

/// What the job that restores has said for itself.
struct RestoreDemands {
  std::uint32_t max_parallelism = kDefaultMaxParallelism;
  bool allow_dropped_state = false;
};

/// What a restore does to one state.
struct StateOutcome {
  StateChange change;
  bool refused = false;
  std::string line;  ///< for people; of what is refused it says what to do
};

/// What a restore of one checkpoint into one pipeline does to every state, and what forbids it. Made before anything is touched: the
/// restore follows it, and `check` shows it.
struct RestorePlan {
  std::vector<StateOutcome> states;      ///< in the order of the checkpoint, then of the pipeline
  std::vector<std::string> left_behind;  ///< sources whose positions are, each a line for people
  std::vector<std::string> refusals;     ///< everything, each a line for people; empty: the restore works
};

RestorePlan plan_restore(const Manifest& manifest, const JobGraph& graph, const RestoreDemands& demands);

}  // namespace weir
