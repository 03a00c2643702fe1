// Records a second through generator → key_by → the ten largest of each key → discard, by number of keys, state backend and
// checkpoints. Prints one row a configuration; each is run several times, and the median is shown with minimum and maximum.
//
//   build/release/bench/top_n --events 20000000 --runs 3

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/connectors/connectors.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/top_n.hpp>
#include <weir/runtime/job.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

#include "cpu_seconds.hpp"

namespace {

using namespace std::chrono_literals;

struct Event {
  std::uint64_t key;
  weir::EventTime time;
  std::uint32_t value;
};
BOOST_DESCRIBE_STRUCT(Event, (), (key, time, value))

struct Configuration {
  std::uint64_t keys;
  weir::StateMode state;
  bool checkpoints;
  std::uint32_t parallelism;
};

struct Measured {
  double per_second;
  double cpu_seconds;
};

weir::JobGraph pipeline(std::uint64_t keys) {
  weir::Pipeline pipeline("top-n");
  pipeline.source<Event>("events")
      .generated_by([keys](std::uint64_t n, std::uint64_t seed) {
        const std::uint64_t r = weir::detail::hash_u64(n + seed);
        return Event{
            ((r >> 32) * keys) >> 32, {static_cast<std::int64_t>(n / 10'000)}, static_cast<std::uint32_t>(r)};
      })
      .event_time(&Event::time, weir::monotonous())
      .key_by(&Event::key)
      .top_n("top", weir::top(10, &Event::value))
      .sink("changes", "discard:");
  return pipeline.graph();
}

Measured run(const Configuration& c, std::uint64_t events, const std::filesystem::path& scratch) {
  std::filesystem::remove_all(scratch);
  weir::JobOptions options;
  options.parallelism = c.parallelism;
  options.state = c.state;
  options.state_dir = scratch / "state";
  options.checkpoint_dir = scratch / "checkpoints";
  options.checkpoint_interval = c.checkpoints ? std::optional<weir::Duration>(1s) : std::nullopt;
  options.memory_bytes = std::size_t{2} << 30;
  options.sources["events"] = fmt::format("generator:?events={}&partitions={}", events, c.parallelism);
  const auto environment = weir::make_real_environment();
  weir::MetricRegistry metrics;
  weir::Job job(pipeline(c.keys), options,
                {*environment, metrics, weir::make_connectors(),
                 [](const weir::JobOptions& o) {
                   return weir::make_rocksdb_backend({o.state_dir, o.memory_bytes / 4});
                 },
                 [](const weir::JobOptions& o) { return weir::make_directory_store(o.checkpoint_dir); },
                 [](const std::string& line) { fmt::print(stderr, "{}\n", line); }});
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  if (job.run() != weir::ExitCode::kDone) std::exit(1);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return {static_cast<double>(events) / wall, cpu_seconds() - cpu};
}

void report(const Configuration& c, std::uint64_t events, int runs, const std::filesystem::path& scratch) {
  std::vector<Measured> all;
  for (int i = 0; i < runs; ++i) all.push_back(run(c, events, scratch));
  std::sort(all.begin(), all.end(),
            [](const Measured& a, const Measured& b) { return a.per_second < b.per_second; });
  const Measured& median = all[all.size() / 2];
  fmt::print("{:>9} {:>8} {:>11} {:>2} {:>9.2f} {:>9.2f} {:>9.2f} {:>12.1f}\n", c.keys,
             c.state == weir::StateMode::kHeap ? "heap" : "rocksdb", c.checkpoints ? "1 s" : "at the end",
             c.parallelism, median.per_second / 1e6, all.front().per_second / 1e6,
             all.back().per_second / 1e6, median.cpu_seconds * 1e9 / static_cast<double>(events));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Records a second through the ten largest of each key");
  std::uint64_t events = 20'000'000;
  int runs = 3;
  std::uint32_t parallelism = 1;
  std::string scratch = (std::filesystem::temp_directory_path() / "weir-top-n").string();
  app.add_option("--events", events, "events of a run");
  app.add_option("--runs", runs, "runs of a configuration")->check(CLI::Range(1, 99));
  app.add_option("--parallelism", parallelism, "workers");
  app.add_option("--scratch", scratch, "directory for state and checkpoints; removed");
  CLI11_PARSE(app, argc, argv);
  fmt::print("{:>9} {:>8} {:>11} {:>2} {:>9} {:>9} {:>9} {:>12}\n", "keys", "state", "checkpoints", "P",
             "M/s median", "min", "max", "CPU ns/event");
  for (const std::uint64_t keys : {std::uint64_t{10'000}, std::uint64_t{1'000'000}})
    for (const bool checkpoints : {false, true})
      for (const auto state : {weir::StateMode::kHeap, weir::StateMode::kRocksDb})
        report({keys, state, checkpoints, parallelism}, events, runs, scratch);
  std::filesystem::remove_all(scratch);
}
