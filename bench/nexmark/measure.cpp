#include "measure.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include <weir/connectors/connectors.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

#include "../cpu_seconds.hpp"
#include "program.hpp"

namespace nexmark {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

EventClock clock_of(const BenchOptions& options) {
  return EventClock(EventClock::kDefaultBase, options.event_rate);
}

weir::JobGraph graph_of(const std::string& query, const BenchOptions& options) {
  weir::Pipeline pipeline("nexmark-" + query);
  build(pipeline, query, options.watermark_delay, clock_of(options));
  return pipeline.graph();
}

std::optional<LatencyWatch> latency_watch(const std::string& query, const BenchOptions& options) {
  if (!options.rate) return std::nullopt;
  const auto first = static_cast<std::uint64_t>(*options.rate * options.warm_up.count());
  return std::optional<LatencyWatch>(std::in_place, Causes(query, clock_of(options), options.watermark_delay),
                                     *options.rate, first, options.events);
}

weir::Environment::Instant began(const weir::Job& job) {
  for (const weir::SourceStatus& source : job.status().sources)
    if (source.name == "events" && source.paced_since) return *source.paced_since;
  throw std::runtime_error("the source does not say since when it is paced");
}

weir::JobOptions job_options(const BenchOptions& options) {
  weir::JobOptions job;
  job.parallelism = options.parallelism;
  job.state = options.state;
  job.state_dir = options.scratch / "state";
  job.checkpoint_dir = options.scratch / "checkpoints";
  job.checkpoint_interval = options.checkpoint_interval;
  job.memory_bytes = options.memory_bytes;
  job.sources["events"] = fmt::format("generator:?events={}&seed={}&partitions={}", options.events,
                                      options.seed, options.parallelism);
  if (options.rate) job.sources["events"] += fmt::format("&rate={}", *options.rate);
  job.sinks["results"] = options.rate ? "latency:" : "discard:";
  return job;
}

/// Looks at how far a job has read, and notes for how long that stood still.
class StallWatch {
 public:
  StallWatch(const weir::Job& job, std::uint64_t events)
      : thread_([this, &job, events](const std::stop_token& stop) { watch(job, events, stop); }) {}
  double longest_seconds() {
    thread_.request_stop();
    thread_.join();
    return longest_.count();
  }

 private:
  void watch(const weir::Job& job, std::uint64_t events, const std::stop_token& stop) {
    std::uint64_t read = 0;
    auto since = Clock::now();
    while (!stop.stop_requested() && read < events) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      const auto now = Clock::now();
      const std::uint64_t before = std::exchange(read, events_read(job));
      if (before == 0) since = now;  // the start is no stall
      longest_ = std::max<Seconds>(longest_, now - since);
      if (read != before) since = now;
    }
  }
  static std::uint64_t events_read(const weir::Job& job) {
    for (const weir::SourceStatus& source : job.status().sources)
      if (source.name == "events") return source.records;
    return 0;
  }

  Seconds longest_{0};
  std::jthread thread_;
};

}  // namespace

Measured measure(const std::string& query, const BenchOptions& options) {
  std::filesystem::remove_all(options.scratch);
  const auto environment = weir::make_real_environment();
  weir::MetricRegistry metrics;
  std::optional<LatencyWatch> latencies = latency_watch(query, options);
  std::string last_words;
  weir::Job job(graph_of(query, options), job_options(options),
                {*environment, metrics, latencies ? latencies->connectors() : weir::make_connectors(),
                 [](const weir::JobOptions& o) {
                   return weir::make_rocksdb_backend({o.state_dir, o.memory_bytes / 4});
                 },
                 [](const weir::JobOptions& o) { return weir::make_directory_store(o.checkpoint_dir); },
                 [&](const std::string& line) { last_words = line; }});
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  std::optional<StallWatch> stalls;
  if (!latencies) stalls.emplace(job, options.events);
  const weir::ExitCode code = job.run();
  const double seconds = Seconds(Clock::now() - begin).count();
  Measured measured{seconds, cpu_seconds() - cpu, job.status().last_commit,
                    stalls ? stalls->longest_seconds() : 0, Latency{}};
  std::filesystem::remove_all(options.scratch);
  if (code != weir::ExitCode::kDone) throw std::runtime_error(query + ": " + last_words);
  if (latencies) measured.latency = latencies->result(began(job));
  return measured;
}

}  // namespace nexmark
