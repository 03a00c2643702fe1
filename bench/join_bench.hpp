#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/operators/pipeline.hpp>

#include "measured_runs.hpp"

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
    JobOptions options = job_options(
        {scratch_, state, checkpoint_ms_ > 0 ? std::optional<Duration>(checkpoint_ms_) : std::nullopt});
    for (const char* source : {"views", "clicks"})
      options.sources[source] = fmt::format("generator:?events={}&partitions=1", rows_ / 2);
    const Runs all = measure(graph, options, rows_, runs_);
    double load = 0;
    if (getloadavg(&load, 1) != 1) load = -1;
    fmt::print("{:>7} {:>9} {:>8} {:>10.2f} {:>9.2f} {:>9.2f} {:>11.1f} {:>6.1f}\n", kind, keys,
               name_of(state), all.median.per_second / 1e6, all.min_per_second / 1e6,
               all.max_per_second / 1e6, all.median.cpu_ns_per_row, load);
    std::fflush(stdout);
  }

 private:
  CLI::App app_;
  std::string scratch_;
  std::uint64_t rows_ = 10'000'000;
  int runs_ = 3;
  std::int64_t checkpoint_ms_ = 1'000;
  std::uint64_t keys_ = 0;
};

}  // namespace weir::bench
