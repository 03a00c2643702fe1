#include "bench.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "generator.hpp"
#include "measure.hpp"
#include "queries.hpp"

namespace nexmark {

namespace {

constexpr std::chrono::duration<double> kLatencyRun{30};

struct Result {
  Measured run;
  double peak_mebibytes;
};

/// Measures in a child, so that memory and processor time are the query's own.
std::optional<Result> measure_apart(const std::string& query, const BenchOptions& options) {
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      const Measured run = measure(query, options);
      code = write(ends[1], &run, sizeof run) == sizeof run ? 0 : 1;
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}\n", e.what());
    }
    std::fflush(nullptr);
    _exit(code);
  }
  close(ends[1]);
  Result result{};
  const bool told = child > 0 && read(ends[0], &result.run, sizeof result.run) == sizeof result.run;
  close(ends[0]);
  rusage usage{};
  int status = 0;
  const bool ended = child > 0 && wait4(child, &status, 0, &usage) == child && status == 0;
  if (!told || !ended) return std::nullopt;
  result.peak_mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return result;
}

const char* name_of(weir::StateMode state) { return state == weir::StateMode::kHeap ? "heap" : "rocksdb"; }

void print_json(const std::string& query, const BenchOptions& options, const Result& result) {
  const auto events = static_cast<double>(options.events);
  fmt::print(
      R"({{"query":"{}","events":{},"parallelism":{},"state":"{}","checkpoint_interval_ms":{},"seconds":{:.3f},)"
      R"("events_per_second":{:.0f},"cpu_seconds":{:.3f},"events_per_core_second":{:.0f},"peak_rss_mib":{:.1f},)"
      R"("checkpoints":{},"longest_stall_ms":{:.1f}}})"
      "\n",
      query, options.events, options.parallelism, name_of(options.state),
      options.checkpoint_interval ? std::to_string(options.checkpoint_interval->count()) : "null",
      result.run.seconds, events / result.run.seconds, result.run.cpu_seconds,
      events / result.run.cpu_seconds, result.peak_mebibytes, result.run.checkpoints,
      result.run.longest_stall_seconds * 1e3);
}

void print_latency_json(const std::string& query, const BenchOptions& options, const Result& result) {
  const Latency& latency = result.run.latency;
  fmt::print(
      R"({{"query":"{}","events":{},"rate":{},"event_rate":{},"parallelism":{},"state":"{}","checkpoint_interval_ms":{},)"
      R"("rows":{},"p50_ms":{:.3f},"p99_ms":{:.3f},"p99_9_ms":{:.3f},"max_ms":{:.3f},"cores":{:.3f},)"
      R"("checkpoints":{}}})"
      "\n",
      query, options.events, *options.rate, options.event_rate, options.parallelism, name_of(options.state),
      options.checkpoint_interval ? std::to_string(options.checkpoint_interval->count()) : "null",
      latency.rows, latency.p50_seconds * 1e3, latency.p99_seconds * 1e3, latency.p999_seconds * 1e3,
      latency.max_seconds * 1e3, result.run.cpu_seconds / result.run.seconds, result.run.checkpoints);
}

void print_latency_row(const std::string& query, const Result& result) {
  const Latency& latency = result.run.latency;
  fmt::print("{:<5} {:>10} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.2f} {:>12}\n", query, latency.rows,
             latency.p50_seconds * 1e3, latency.p99_seconds * 1e3, latency.p999_seconds * 1e3,
             latency.max_seconds * 1e3, result.run.cpu_seconds / result.run.seconds, result.run.checkpoints);
}

void print_row(const std::string& query, const BenchOptions& options, const Result& result) {
  const auto events = static_cast<double>(options.events);
  fmt::print("{:<5} {:>8.2f} {:>9.2f} {:>12.2f} {:>12.1f} {:>10.0f} {:>12} {:>10.0f}\n", query,
             result.run.seconds, events / result.run.seconds / 1e6, events / result.run.cpu_seconds / 1e6,
             result.run.cpu_seconds * 1e9 / events, result.peak_mebibytes, result.run.checkpoints,
             result.run.longest_stall_seconds * 1e3);
}

std::vector<std::string> chosen_queries(const std::vector<std::string>& said) {
  std::vector<std::string> chosen;
  for (const std::string& name : said) {
    if (name != "all") {
      chosen.emplace_back(query_named(name).name);
      continue;
    }
    for (const Query& query : queries()) chosen.emplace_back(query.name);
  }
  return chosen;
}

/// "off", or a whole number of ms, s or min.
std::optional<weir::Duration> parse_interval(const std::string& text) {
  if (text == "off") return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "min" ? 60'000 : 0;
  if (error != std::errc{} || number < 1 || factor == 0)
    throw CLI::ValidationError("a duration like 200ms, 1s or 1min, or off, is expected, not " + text);
  return weir::Duration{number * factor};
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
      std::fflush(nullptr);  // a child would print it, too
      const BenchOptions own = options.rate ? latency_options(name, options) : options;
      const auto result = measure_apart(name, own);
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
  BenchOptions options;
  std::vector<std::string> names{"all"};
  std::string state = "rocksdb";
  std::int64_t delay_ms = options.watermark_delay.count();
  int runs = 1;
  bool json = false;
  options.scratch = std::filesystem::temp_directory_path() / ("weir-nexmark-" + std::to_string(getpid()));
  app.add_option("--queries", names, "all, or names: q0,q5")->delimiter(',');
  const auto* events =
      app.add_option("--events", options.events, "events of a run; with --latency for 30 s unless said")
          ->check(CLI::PositiveNumber);
  app.add_option("--parallelism", options.parallelism, "workers")->check(CLI::Range(1, 1024));
  app.add_option("--state", state, "heap or rocksdb")->check(CLI::IsMember({"heap", "rocksdb"}));
  app.add_option_function<std::string>(
      "--checkpoint-interval",
      [&](const std::string& text) { options.checkpoint_interval = parse_interval(text); },
      "200ms, 1s, …; off: only one, at the end. 1s unless said");
  app.add_option("--memory", options.memory_bytes, "of a run, 1GiB unless said")
      ->transform(CLI::AsSizeValue(true));
  const auto* event_rate = app.add_option("--event-rate", options.event_rate, "events a second of event time")
                               ->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--latency", options.rate,
                 "events a second of the clock: from when each is due to its results")
      ->check(CLI::Range(1.0, 1e8));
  app.add_option("--watermark-delay-ms", delay_ms, "how far the watermark stays behind");
  app.add_option("--seed", options.seed, "other seeds, other events");
  app.add_option("--runs", runs, "of each query, a line each")->check(CLI::Range(1, 99));
  app.add_option("--scratch", options.scratch, "directory for state and checkpoints; removed");
  app.add_flag("--json", json, "a line of JSON a run");
  CLI11_PARSE(app, argc, argv);
  if (options.rate && events->empty()) options.events = 0;
  if (options.rate && event_rate->empty()) options.event_rate = 0;
  options.state = state == "heap" ? weir::StateMode::kHeap : weir::StateMode::kRocksDb;
  options.watermark_delay = weir::Duration{delay_ms};
  try {
    return run_all(chosen_queries(names), options, runs, json);
  } catch (const weir::FailJob& e) {
    fmt::print(stderr, "nexmark: {}\n", e.what());
    return static_cast<int>(e.code());
  }
}

}  // namespace nexmark
