// Records a second through generator → key_by → sliding window → discard, by the number of slides in a window. A record goes into one
// slice, and a window fires from what it shares with the one before, so that 600 slides a window should cost what 10 do. The
// event time of a run is several times that of the largest window. Prints one row a configuration; each is run several times, and the
// median is shown with minimum and maximum.
//
//   build/release/bench/sliding_windows --events 90000000 --runs 3

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <weir/operators/pipeline.hpp>

#include "measured_runs.hpp"

namespace {

using namespace std::chrono_literals;

struct Event {
  std::uint64_t key;
  weir::EventTime time;
};
BOOST_DESCRIBE_STRUCT(Event, (), (key, time))

struct Configuration {
  std::string name;
  weir::AlignedWindows<> windows;
  bool retracts;
};

weir::JobGraph pipeline(const Configuration& c, std::uint64_t keys, std::uint64_t per_second) {
  weir::Pipeline pipeline("sliding-windows");
  auto windows =
      pipeline.source<Event>("events")
          .generated_by([keys, per_second](std::uint64_t n, std::uint64_t seed) {
            const std::uint64_t r = weir::detail::hash_u64(n + seed);
            return Event{((r >> 32) * keys) >> 32, {static_cast<std::int64_t>(n * 1000 / per_second)}};
          })
          .event_time(&Event::time, weir::monotonous())
          .key_by(&Event::key)
          .window(c.windows);
  if (c.retracts) windows.aggregate("window", weir::count()).sink("results", "discard:");
  else windows.aggregate("window", weir::max(&Event::time)).sink("results", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Records a second through sliding windows");
  std::uint64_t events = 90'000'000;
  std::uint64_t keys = 10'000;
  std::uint64_t per_second = 100'000;
  int runs = 3, checkpoint_seconds = 0;
  std::string scratch = (std::filesystem::temp_directory_path() / "weir-sliding-windows").string();
  app.add_option("--events", events, "events of a run");
  app.add_option("--keys", keys, "different keys");
  app.add_option("--per-second", per_second, "events a second of event time");
  app.add_option("--runs", runs, "runs of a configuration")->check(CLI::Range(1, 99));
  app.add_option("--checkpoint-seconds", checkpoint_seconds, "0: one checkpoint, at the end");
  app.add_option("--scratch", scratch, "directory for state and checkpoints; removed");
  CLI11_PARSE(app, argc, argv);
  const auto interval = checkpoint_seconds > 0
                            ? std::optional<weir::Duration>(std::chrono::seconds(checkpoint_seconds))
                            : std::nullopt;
  fmt::print("{:>22} {:>8} {:>9} {:>9} {:>9} {:>12}\n", "window", "state", "M/s median", "min", "max",
             "CPU ns/event");
  for (const auto state : {weir::StateMode::kHeap, weir::StateMode::kRocksDb})
    for (const bool retracts : {true, false})
      for (const auto size : {10s, 600s}) {
        const Configuration c{fmt::format("{} {} s/1 s", retracts ? "count" : "max", size.count()),
                              weir::sliding(size, 1s), retracts};
        weir::JobOptions options = weir::bench::job_options({scratch, state, interval});
        options.sources["events"] = fmt::format("generator:?events={}&partitions=1", events);
        const auto all =
            weir::bench::measure([&] { return pipeline(c, keys, per_second); }, options, events, runs);
        fmt::print("{:>22} {:>8} {:>9.2f} {:>9.2f} {:>9.2f} {:>12.1f}\n", c.name, weir::bench::name_of(state),
                   all.median.per_second / 1e6, all.min_per_second / 1e6, all.max_per_second / 1e6,
                   all.median.cpu_ns_per_row);
        std::fflush(stdout);
      }
}
