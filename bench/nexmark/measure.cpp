#include "measure.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include <weir/connectors/connectors.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/tier.hpp>

#include "../cpu_seconds.hpp"
#include "../real_world.hpp"
#include "batch_sink.hpp"
#include "program.hpp"
#include "row_hash.hpp"

namespace nexmark {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

weir::JobGraph graph_of(const std::string& query, const BenchOptions& options) {
  weir::Pipeline pipeline("nexmark-" + query);
  build(pipeline, query, options.watermark_delay, GeneratedEvents{clock_of(options), options.crowd});
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

weir::JobOptions job_options(const BenchOptions& options, const std::string& sink) {
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
  job.sinks["results"] = sink;
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

/// A job of one query in this process, with what it needs.
class QueryRun {
 public:
  QueryRun(const std::string& query, const BenchOptions& options, const std::string& sink,
           weir::ConnectorsFactory connectors)
      : query_(query),
        scratch_(emptied(options.scratch)),
        job_(graph_of(query, options), job_options(options, sink),
             weir::bench::real_world(*environment_, metrics_, std::move(connectors),
                                     [this](const std::string& line) { last_words_ = line; })) {}
  ~QueryRun() { std::filesystem::remove_all(scratch_); }
  QueryRun(const QueryRun&) = delete;

  void run() {
    if (job_.run() != weir::ExitCode::kDone) throw std::runtime_error(query_ + ": " + last_words_);
  }
  const weir::Job& job() const { return job_; }

 private:
  static std::filesystem::path emptied(std::filesystem::path directory) {
    std::filesystem::remove_all(directory);
    return directory;
  }

  const std::string query_;
  const std::filesystem::path scratch_;
  const std::unique_ptr<weir::Environment> environment_ = weir::make_real_environment();
  weir::MetricRegistry metrics_;
  std::string last_words_;
  weir::Job job_;
};

}  // namespace

EventClock clock_of(const BenchOptions& options) {
  return EventClock(EventClock::kDefaultBase, options.event_rate);
}

Measured measure(const std::string& query, const BenchOptions& options) {
  std::optional<LatencyWatch> latencies = latency_watch(query, options);
  QueryRun run(query, options, latencies ? "latency:" : "discard:",
               latencies ? latencies->connectors() : weir::make_connectors());
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  std::optional<StallWatch> stalls;
  if (!latencies) stalls.emplace(run.job(), options.events);
  run.run();
  const double seconds = Seconds(Clock::now() - begin).count();
  Measured measured{seconds, cpu_seconds() - cpu, run.job().status().last_commit,
                    stalls ? stalls->longest_seconds() : 0, Latency{}};
  if (latencies) measured.latency = latencies->result(began(run.job()));
  return measured;
}

weir::Digest digest_of_rows(const std::string& query, const BenchOptions& options) {
  std::mutex mutex;
  std::deque<weir::Digest> of_workers;
  const auto open = [&](const weir::ConnectorContext& context) -> TakeBatch {
    const std::lock_guard lock(mutex);
    weir::Digest& digest = of_workers.emplace_back();
    return [&digest, schema = context.schema](const weir::Batch& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i) digest.add(hash_row(*schema, rows.row(i)));
    };
  };
  QueryRun(query, options, "digest:", connectors_with("digest", open)).run();
  weir::Digest all;
  for (const weir::Digest& digest : of_workers) all.add(digest);
  return all;
}

}  // namespace nexmark
