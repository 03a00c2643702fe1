#include "bench.hpp"

#include <cmath>
#include <cstdio>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apart.hpp"
#include "generator.hpp"
#include "measure.hpp"
#include "queries.hpp"
#include "run_flags.hpp"

namespace nexmark {

namespace {

constexpr std::chrono::duration<double> kLatencyRun{30};

using Result = Apart<Measured>;

void print_json(const std::string& query, const BenchOptions& options, const Result& result) {
  const auto events = static_cast<double>(options.events);
  fmt::print(
      R"({{"query":"{}","events":{},"parallelism":{},"state":"{}","checkpoint_interval_ms":{},"seconds":{:.3f},)"
      R"("events_per_second":{:.0f},"cpu_seconds":{:.3f},"events_per_core_second":{:.0f},"peak_rss_mib":{:.1f},)"
      R"("checkpoints":{},"longest_stall_ms":{:.1f}}})"
      "\n",
      query, options.events, options.parallelism, name_of(options.state),
      options.checkpoint_interval ? std::to_string(options.checkpoint_interval->count()) : "null",
      result.value.seconds, events / result.value.seconds, result.value.cpu_seconds,
      events / result.value.cpu_seconds, result.peak_mebibytes, result.value.checkpoints,
      result.value.longest_stall_seconds * 1e3);
}

void print_latency_json(const std::string& query, const BenchOptions& options, const Result& result) {
  const Latency& latency = result.value.latency;
  fmt::print(
      R"({{"query":"{}","events":{},"rate":{},"event_rate":{},"parallelism":{},"state":"{}","checkpoint_interval_ms":{},)"
      R"("rows":{},"p50_ms":{:.3f},"p99_ms":{:.3f},"p99_9_ms":{:.3f},"max_ms":{:.3f},"cores":{:.3f},)"
      R"("checkpoints":{}}})"
      "\n",
      query, options.events, *options.rate, options.event_rate, options.parallelism, name_of(options.state),
      options.checkpoint_interval ? std::to_string(options.checkpoint_interval->count()) : "null",
      latency.rows, latency.p50_seconds * 1e3, latency.p99_seconds * 1e3, latency.p999_seconds * 1e3,
      latency.max_seconds * 1e3, result.value.cpu_seconds / result.value.seconds, result.value.checkpoints);
}

void print_latency_row(const std::string& query, const Result& result) {
  const Latency& latency = result.value.latency;
  fmt::print("{:<5} {:>10} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.2f} {:>12}\n", query, latency.rows,
             latency.p50_seconds * 1e3, latency.p99_seconds * 1e3, latency.p999_seconds * 1e3,
             latency.max_seconds * 1e3, result.value.cpu_seconds / result.value.seconds,
             result.value.checkpoints);
}

void print_row(const std::string& query, const BenchOptions& options, const Result& result) {
  const auto events = static_cast<double>(options.events);
  fmt::print("{:<5} {:>8.2f} {:>9.2f} {:>12.2f} {:>12.1f} {:>10.0f} {:>12} {:>10.0f}\n", query,
             result.value.seconds, events / result.value.seconds / 1e6,
             events / result.value.cpu_seconds / 1e6, result.value.cpu_seconds * 1e9 / events,
             result.peak_mebibytes, result.value.checkpoints, result.value.longest_stall_seconds * 1e3);
}

/// Where the user has not said them, the length of the run, and how event time goes on: by a millisecond an event, so that the time of
/// a row tells its event; with the clock where windows are to last as long as they say.
BenchOptions latency_options(const std::string& query, BenchOptions options) {
  const double rate = *options.rate;
  if (options.events == 0) options.events = static_cast<std::uint64_t>(rate * kLatencyRun.count());
  if (options.event_rate == 0)
    options.event_rate =
        Causes::wait_for_watermark(query) ? std::max<std::int64_t>(std::llround(rate), 1) : 1000;
  return options;
}

int run_all(const std::vector<std::string>& names, const BenchOptions& options, int runs, bool json) {
  if (!json && options.rate)
    fmt::print("{:<5} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>12}\n", "query", "rows", "p50 ms",
               "p99 ms", "p99.9 ms", "max ms", "cores", "checkpoints");
  else if (!json)
    fmt::print("{:<5} {:>8} {:>9} {:>12} {:>12} {:>10} {:>12} {:>10}\n", "query", "seconds", "M/s",
               "M/s a core", "CPU ns/event", "RSS MiB", "checkpoints", "stall ms");
  bool good = true;
  for (const std::string& name : names) {
    for (int run = 0; run < runs; ++run) {
      const BenchOptions own = options.rate ? latency_options(name, options) : options;
      const auto result = run_apart([&] { return measure(name, own); });
      if (!result) fmt::print(stderr, "{} has failed\n", name);
      else if (options.rate && json) print_latency_json(name, own, *result);
      else if (options.rate) print_latency_row(name, *result);
      else if (json) print_json(name, options, *result);
      else print_row(name, options, *result);
      good = good && result;
    }
  }
  return good ? 0 : 1;
}

}  // namespace

int bench(int argc, char** argv) {
  CLI::App app("Events a second through the queries of Nexmark");
  RunFlags flags;
  flags.add_to(app);
  BenchOptions& options = flags.options;
  app.add_option("--latency", options.rate,
                 "events a second of the clock: from when each is due to its results, for 30 s unless "
                 "--events is said")
      ->check(CLI::Range(1.0, 1e8));
  CLI11_PARSE(app, argc, argv);
  if (options.rate && app.get_option("--events")->empty()) options.events = 0;
  if (options.rate && app.get_option("--event-rate")->empty()) options.event_rate = 0;
  try {
    return run_all(chosen_queries(flags.names), options, flags.runs, flags.json);
  } catch (const weir::FailJob& e) {
    fmt::print(stderr, "nexmark: {}\n", e.what());
    return static_cast<int>(e.code());
  }
}

}  // namespace nexmark
