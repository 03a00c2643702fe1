#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/core/job_graph.hpp>
#include <weir/runtime/job.hpp>

namespace weir::testing {

/// What goes wrong in a simulation. Chances are a step of the simulated machine; 0 turns a fault off.
struct Faults {
  double crash = 0;           ///< the process dies: memory and unfinished work are gone
  double crash_at_point = 0;  ///< it dies at a kill point, each time one is passed
  double ambiguous_commit =
      0;                ///< a commit fails without saying whether it took effect, each time one is made
  double refuse = 0.2;  ///< a sink answers "not now", each time it is asked
};

struct SimulationOptions {
  std::uint64_t seed = 1;
  Faults faults;
  std::uint64_t max_crashes = 20;        ///< afterwards the run goes on without
  std::uint64_t max_steps = 20'000'000;  ///< a run that takes longer is stuck: std::runtime_error
};

/// What a simulated run leaves.
struct SimulationResult {
  /// What a reader of committed rows sees, for each sink in order of commits: each row as `{field:value,…}`.
  std::map<std::string, std::vector<std::string>> committed;
  std::uint64_t crashes = 0;
  std::uint64_t commits = 0;
  std::uint64_t steps = 0;
  /// Digest of every decision and outcome: equal for equal seeds.
  std::uint64_t trace = 0;
};

/// Runs a whole pipeline on one thread under a seed: virtual time, a random order of steps, simulated storage, a simulated log
/// with transactions, crashes at random moments and recovery from the last commit, until the last one is committed. Sources are
/// the pipeline's own generators (`generator:` addresses); every sink writes to the simulated log.
/// The same graph, options and seed give the same run, step by step.
SimulationResult simulate(const JobGraph& graph, const JobOptions& job, const SimulationOptions& options);
/// The same in several runs, each of which goes on where the one before has come to its end: with more input (a generator of more
/// `events`), other workers, or another AtEnd.
SimulationResult simulate(const JobGraph& graph, const std::vector<JobOptions>& runs,
                          const SimulationOptions& options);

}  // namespace weir::testing
