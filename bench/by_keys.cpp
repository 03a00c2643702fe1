#include "by_keys.hpp"

#include <chrono>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "measured_runs.hpp"

namespace weir::bench {

using namespace std::chrono_literals;

int run_by_keys(int argc, char** argv, const ByKeys& benchmark) {
  CLI::App app(benchmark.description);
  std::uint64_t events = benchmark.events;
  int runs = 3;
  std::uint32_t parallelism = 1;
  std::string scratch = (std::filesystem::temp_directory_path() / ("weir-" + benchmark.name)).string();
  app.add_option("--events", events, "events of a run");
  app.add_option("--runs", runs, "runs of a configuration")->check(CLI::Range(1, 99));
  app.add_option("--parallelism", parallelism, "workers");
  app.add_option("--scratch", scratch, "directory for state and checkpoints; removed");
  CLI11_PARSE(app, argc, argv);
  fmt::print("{:>9} {:>8} {:>11} {:>2} {:>9} {:>9} {:>9} {:>12}\n", "keys", "state", "checkpoints", "P",
             "M/s median", "min", "max", "CPU ns/event");
  for (const std::uint64_t keys : {std::uint64_t{10'000}, std::uint64_t{1'000'000}})
    for (const bool checkpoints : {false, true})
      for (const StateMode state : {StateMode::kHeap, StateMode::kRocksDb}) {
        JobOptions options = job_options(
            {scratch, state, checkpoints ? std::optional<Duration>(1s) : std::nullopt, parallelism});
        options.sources["events"] = fmt::format("generator:?events={}&partitions={}", events, parallelism);
        const Runs all = measure([&] { return benchmark.pipeline(keys); }, options, events, runs);
        fmt::print("{:>9} {:>8} {:>11} {:>2} {:>9.2f} {:>9.2f} {:>9.2f} {:>12.1f}\n", keys, name_of(state),
                   checkpoints ? "1 s" : "at the end", parallelism, all.median.per_second / 1e6,
                   all.min_per_second / 1e6, all.max_per_second / 1e6, all.median.cpu_ns_per_row);
        std::fflush(stdout);
      }
  return 0;
}

}  // namespace weir::bench
