#include "measured_runs.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <weir/runtime/real_environment.hpp>

#include "cpu_seconds.hpp"
#include "real_world.hpp"

namespace weir::bench {

namespace {

Measured run(const JobGraph& graph, const JobOptions& options, std::uint64_t rows) {
  const std::filesystem::path scratch = std::filesystem::path(options.state_dir).parent_path();
  std::filesystem::remove_all(scratch);
  const auto environment = make_real_environment();
  MetricRegistry metrics;
  Job job(graph, options, real_world(*environment, metrics));
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  if (job.run() != ExitCode::kDone) std::exit(1);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double cpu_used = cpu_seconds() - cpu;
  std::filesystem::remove_all(scratch);
  return {static_cast<double>(rows) / wall, cpu_used * 1e9 / static_cast<double>(rows)};
}

}  // namespace

JobOptions job_options(const RunOptions& options) {
  JobOptions job;
  job.parallelism = options.parallelism;
  job.state = options.state;
  job.state_dir = options.scratch / "state";
  job.checkpoint_dir = options.scratch / "checkpoints";
  job.checkpoint_interval = options.checkpoint_interval;
  job.memory_bytes = std::size_t{2} << 30;
  return job;
}

Runs measure(const std::function<JobGraph()>& pipeline, const JobOptions& options, std::uint64_t rows,
             int runs) {
  std::vector<Measured> all;
  for (int i = 0; i < runs; ++i) all.push_back(run(pipeline(), options, rows));
  std::sort(all.begin(), all.end(),
            [](const Measured& a, const Measured& b) { return a.per_second < b.per_second; });
  return {all[all.size() / 2], all.front().per_second, all.back().per_second};
}

const char* name_of(StateMode state) { return state == StateMode::kHeap ? "heap" : "rocksdb"; }

}  // namespace weir::bench
