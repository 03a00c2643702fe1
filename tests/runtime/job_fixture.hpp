#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <weir/checkpoint/store.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/runtime/job.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

#include "collecting_connectors.hpp"

namespace weir {

struct Sample {
  std::string_view sensor;
  EventTime time;
  std::int64_t value;
};
BOOST_DESCRIBE_STRUCT(Sample, (), (sensor, time, value))

/// Row n of the input: a pure function, so that the expected output can be computed without the engine.
inline Sample sample(std::uint64_t n, std::uint64_t seed, Arena& arena) {
  const std::uint64_t r = detail::hash_u64(n ^ seed << 40);
  return {arena.copy("sensor " + std::to_string(r % 53)),
          EventTime{static_cast<std::int64_t>(n * 7) - static_cast<std::int64_t>(r >> 20 & 255)},
          static_cast<std::int64_t>(r >> 50)};
}

/// samples → one-second sums → results. `touch` sees every row on the way.
inline JobGraph summing(std::function<void(const Sample&)> touch = [](const Sample&) {}) {
  Pipeline pipeline("summing");
  pipeline.source<Sample>("samples", "generator:?events=30000&partitions=4")
      .generated_by(sample)
      .event_time(&Sample::time, bounded_out_of_orderness(Duration{300}))
      .align(Duration{5000})
      .filter([touch](const Sample& s) {
        touch(s);
        return true;
      })
      .key_by(&Sample::sensor)
      .window(tumbling(Duration{1000}))
      .aggregate("sums", sum(&Sample::value))
      .sink("results", "collect:");
  return pipeline.graph();
}

inline std::vector<std::string> expected_sums(std::uint64_t events, std::uint64_t seed = 1) {
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> sums;
  Arena arena;
  for (std::uint64_t n = 0; n < events; ++n) {
    const Sample s = sample(n, seed, arena);
    const std::int64_t start = (s.time.millis + 10'000) / 1000 * 1000 - 10'000;
    sums[{start, std::string(s.sensor)}] += s.value;
  }
  std::vector<std::string> rows;
  for (const auto& [key, sum] : sums)
    rows.push_back("{key:" + key.second + ",window_start:" + std::to_string(key.first) +
                   ",window_end:" + std::to_string(key.first + 1000) + ",value:" + std::to_string(sum) + "}");
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// What a job needs of its machine, in memory; survives jobs.
struct Machine {
  explicit Machine(CollectingConnectors::MakeSource make_source = {}) : make(std::move(make_source)) {}

  JobWorld world() {
    return {*environment,
            metrics,
            [this] { return std::make_unique<CollectingConnectors>(rows, make); },
            [](const JobOptions&) { return make_memory_backend(); },
            [this](const JobOptions&) { return make_memory_store(checkpoints); },
            [this](const std::string& line) {
              const std::lock_guard lock(rows.mutex);
              log.push_back(line);
            }};
  }
  /// RocksDB and a directory instead of memory.
  JobWorld world_on_disk() {
    JobWorld world = this->world();
    world.backend = [](const JobOptions& options) {
      return make_rocksdb_backend({options.state_dir, 16 << 20});
    };
    world.store = [](const JobOptions& options) { return make_directory_store(options.checkpoint_dir); };
    return world;
  }

  CollectingConnectors::MakeSource make;
  CollectedRows rows;
  std::vector<std::string> log;
  MetricRegistry metrics;
  std::shared_ptr<MemoryCheckpoints> checkpoints = make_memory_checkpoints();
  std::unique_ptr<Environment> environment = make_real_environment();
};

inline JobOptions quick_options(std::uint32_t parallelism = 1) {
  JobOptions options;
  options.parallelism = parallelism;
  options.checkpoint_interval = Duration{20};
  options.restart = {Duration{1}, Duration{5}, 5, Duration{60'000}};
  return options;
}

/// A job on a thread of its own.
class RunningJob {
 public:
  RunningJob(JobGraph graph, JobOptions options, JobWorld world)
      : job_(std::move(graph), std::move(options), std::move(world)),
        thread_([this] { code_ = job_.run(); }) {}
  ~RunningJob() {
    job_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Job& job() { return job_; }
  ExitCode stop() {
    job_.stop();
    thread_.join();
    return code_;
  }
  /// False when that does not happen within ten seconds.
  bool wait_until(const std::function<bool(const JobStatus&)>& condition) {
    for (int n = 0; n < 10'000; ++n) {
      if (condition(job_.status())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

 private:
  Job job_;
  ExitCode code_ = ExitCode::kDone;
  std::thread thread_;
};

/// A directory of the test's own, removed with it.
class JobScratch {
 public:
  JobScratch() : path_(std::filesystem::temp_directory_path() / ("weir-job-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~JobScratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace weir
