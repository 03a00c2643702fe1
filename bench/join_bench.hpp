#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/connectors/connectors.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/runtime/job.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

#include "cpu_seconds.hpp"

namespace weir::bench {

/// The rows of the two sides, with text.
struct View {
  std::uint64_t user;
  EventTime time;
  std::string_view page;
};
BOOST_DESCRIBE_STRUCT(View, (), (user, time, page))

struct Click {
  std::uint64_t user;
  EventTime time;
  std::uint32_t button;
};
BOOST_DESCRIBE_STRUCT(Click, (), (user, time, button))

struct Joined {
  std::uint64_t user;
  std::string_view page;
  std::uint32_t button;
};
BOOST_DESCRIBE_STRUCT(Joined, (), (user, page, button))

/// Which of `keys` keys row n has, and when it happened: `per_ms` rows a millisecond.
inline std::uint64_t key_of(std::uint64_t n, std::uint64_t seed, std::uint64_t keys) {
  return ((weir::detail::hash_u64(n + seed) >> 32) * keys) >> 32;
}
inline EventTime time_of(std::uint64_t n, std::uint64_t per_ms) {
  return {static_cast<std::int64_t>(n / per_ms)};
}

inline SourceStream<View> views(Pipeline& pipeline, std::uint64_t keys, std::uint64_t per_ms) {
  return pipeline.source<View>("views")
      .generated_by([=](std::uint64_t n, std::uint64_t seed) {
        return View{key_of(n, seed, keys), time_of(n, per_ms), "/catalogue/shoes"};
      })
      .event_time(&View::time, monotonous())
      .align(Duration{100}, "both");
}
inline SourceStream<Click> clicks(Pipeline& pipeline, std::uint64_t keys, std::uint64_t per_ms) {
  return pipeline.source<Click>("clicks")
      .generated_by([=](std::uint64_t n, std::uint64_t seed) {
        return Click{key_of(n, seed + 7, keys), time_of(n, per_ms), static_cast<std::uint32_t>(n & 3)};
      })
      .event_time(&Click::time, monotonous())
      .align(Duration{100}, "both");
}

/// Runs joins of views and clicks, and prints how fast they were.
class JoinBench {
 public:
  JoinBench(const std::string& description, const std::string& scratch)
      : app_(description), scratch_((std::filesystem::temp_directory_path() / scratch).string()) {
    app_.add_option("--rows", rows_, "rows of a run, both sides together");
    app_.add_option("--runs", runs_, "runs of a configuration")->check(CLI::Range(1, 99));
    app_.add_option("--checkpoint-every", checkpoint_ms_, "milliseconds; 0: only at the end");
    app_.add_option("--keys", keys_, "only the configurations of so many keys");
    app_.add_option("--scratch", scratch_, "directory for state and checkpoints; removed");
  }
  /// 0, or what the program exits with.
  int parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int exit = app_.exit(error);
      return exit == 0 ? -1 : exit;
    }
    fmt::print("{:>7} {:>9} {:>8} {:>10} {:>9} {:>9} {:>11} {:>6}\n", "join", "keys", "state", "M/s median",
               "min", "max", "CPU ns/row", "load");
    return 0;
  }
  void report(const std::string& kind, std::uint64_t keys, StateMode state,
              const std::function<JobGraph()>& graph) {
    if (keys_ != 0 && keys != keys_) return;
    std::vector<Measured> all;
    for (int i = 0; i < runs_; ++i) all.push_back(run(graph(), state));
    std::sort(all.begin(), all.end(),
              [](const Measured& a, const Measured& b) { return a.per_second < b.per_second; });
    const Measured& median = all[all.size() / 2];
    double load = 0;
    if (getloadavg(&load, 1) != 1) load = -1;
    fmt::print("{:>7} {:>9} {:>8} {:>10.2f} {:>9.2f} {:>9.2f} {:>11.1f} {:>6.1f}\n", kind, keys,
               state == StateMode::kHeap ? "heap" : "rocksdb", median.per_second / 1e6,
               all.front().per_second / 1e6, all.back().per_second / 1e6,
               median.cpu_seconds * 1e9 / static_cast<double>(rows_), load);
    std::filesystem::remove_all(scratch_);
  }

 private:
  struct Measured {
    double per_second;
    double cpu_seconds;
  };

  Measured run(const JobGraph& graph, StateMode state) {
    const std::filesystem::path scratch = scratch_;
    std::filesystem::remove_all(scratch);
    JobOptions options;
    options.parallelism = 1;
    options.state = state;
    options.state_dir = scratch / "state";
    options.checkpoint_dir = scratch / "checkpoints";
    if (checkpoint_ms_ > 0) options.checkpoint_interval = Duration{checkpoint_ms_};
    else options.checkpoint_interval = std::nullopt;
    options.memory_bytes = std::size_t{2} << 30;
    for (const char* source : {"views", "clicks"})
      options.sources[source] = fmt::format("generator:?events={}&partitions=1", rows_ / 2);
    const auto environment = make_real_environment();
    MetricRegistry metrics;
    Job job(graph, options,
            {*environment, metrics, make_connectors(),
             [](const JobOptions& o) {
               return make_rocksdb_backend({o.state_dir, o.memory_bytes / 4});
             },
             [](const JobOptions& o) { return make_directory_store(o.checkpoint_dir); },
             [](const std::string& line) { fmt::print(stderr, "{}\n", line); }});
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    if (job.run() != ExitCode::kDone) std::exit(1);
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return {static_cast<double>(rows_) / wall, cpu_seconds() - cpu};
  }

  CLI::App app_;
  std::string scratch_;
  std::uint64_t rows_ = 10'000'000;
  int runs_ = 3;
  std::int64_t checkpoint_ms_ = 1'000;
  std::uint64_t keys_ = 0;
};

}  // namespace weir::bench
