#include "checkpoint_job.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/process.hpp>
#include <weir/runtime/real_environment.hpp>

#include "cpu_seconds.hpp"
#include "real_world.hpp"
#include "state_phases.hpp"

namespace weir::bench {

namespace {

using Clock = std::chrono::steady_clock;

double ms(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

/// What the operator notes: when rows come, and the longest times without one. Written by the worker, read by others.
class Gaps {
 public:
  /// Of one interval between barriers.
  struct Longest {
    Clock::duration behind_barrier{};
    Clock::duration later{};
  };
  explicit Gaps(Duration interval) : half_(interval / 2) {}

  void row(std::uint64_t n) {
    updates_.store(n + 1, std::memory_order_relaxed);
    const Clock::time_point now = Clock::now();
    if (last_ == Clock::time_point{}) first_ = last_ = now;
    Clock::duration& longest = last_ - barrier_ < half_ ? longest_.behind_barrier : longest_.later;
    longest = std::max(longest, now - last_);
    last_ = now;
  }
  void barrier() {
    const std::lock_guard lock(mutex_);
    if (barrier_ != Clock::time_point{}) intervals_.push_back(longest_);
    barrier_ = Clock::now();
    longest_ = {};
  }
  std::uint64_t updates() const { return updates_.load(std::memory_order_relaxed); }
  Clock::time_point first() const { return first_; }
  /// The n-th for the n-th barrier, once the next one has come.
  std::vector<Longest> intervals() const {
    const std::lock_guard lock(mutex_);
    return intervals_;
  }

 private:
  const Clock::duration half_;
  std::atomic<std::uint64_t> updates_{0};
  mutable std::mutex mutex_;
  std::vector<Longest> intervals_;
  Longest longest_;
  Clock::time_point barrier_, first_, last_;
};

struct Update {
  std::uint64_t key;
  std::uint64_t n;
};
BOOST_DESCRIBE_STRUCT(Update, (), (key, n))

struct Count {
  Gaps* gaps;
  ValueState<Kept> kept{"kept"};
  auto states() { return std::tie(kept); }
  void before_snapshot() { gaps->barrier(); }
  void process(const Update& update, KeyedContext<std::uint64_t, Update>&) {
    gaps->row(update.n);
    kept.edit().update(update.n);
  }
};

JobGraph graph(std::uint64_t keys, Gaps& gaps) {
  Pipeline pipeline("checkpoints");
  pipeline.source<Update>("updates")
      .generated_by([keys](std::uint64_t n, std::uint64_t) {
        const std::uint64_t rank = n < keys ? n : ((detail::hash_u64(n) >> 32) * keys) >> 32;
        return Update{detail::hash_u64(rank), n};
      })
      .key_by(&Update::key)
      .process<Update>("count", Count{&gaps})
      .sink("none", "discard:");
  return pipeline.graph();
}

JobOptions options_of(const CheckpointJob& job, std::uint64_t rate) {
  JobOptions options;
  options.state_dir = job.scratch / "state";
  options.checkpoint_dir = job.scratch / "checkpoints";
  options.memory_bytes = job.memory_bytes;
  options.checkpoint_interval = job.interval;
  options.sources["updates"] = "generator:?partitions=1";
  if (rate > 0) options.sources["updates"] += fmt::format("&rate={}", rate);
  return options;
}

/// Looks at a job while it runs, and stops it.
class Watch {
 public:
  Watch(Job& job, MetricRegistry& metrics, const Gaps& gaps,
        const std::function<bool(const CheckpointProgress&)>& enough)
      : job_(job), metrics_(metrics), gaps_(gaps), enough_(enough), thread_([this] { run(); }) {}
  std::vector<CheckpointSeen> end() {
    ended_ = true;
    thread_.join();
    return std::move(seen_);
  }

 private:
  void run() {
    for (; !ended_; std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
      look();
      if (enough_({gaps_.updates(), seen_})) return job_.stop();
    }
  }
  void look() {
    CheckpointSeen seen;
    double completed = 0;
    for (const MetricSample& sample : metrics_.collect()) {
      const std::string label = sample.labels.empty() ? "" : sample.labels[0].second;
      if (sample.name == "weir_checkpoints_total" && label == "completed") completed = sample.value;
      if (sample.name == "weir_checkpoint_last_duration_seconds") seen.duration_ms = sample.value * 1e3;
      if (sample.name == "weir_checkpoint_last_size_bytes")
        (label == "new" ? seen.new_bytes : seen.referenced_bytes) = static_cast<std::uint64_t>(sample.value);
    }
    if (completed > completed_) seen_.push_back(seen);
    completed_ = completed;
  }

  Job& job_;
  MetricRegistry& metrics_;
  const Gaps& gaps_;
  const std::function<bool(const CheckpointProgress&)>& enough_;
  std::vector<CheckpointSeen> seen_;
  double completed_ = 0;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace

CheckpointRun run(const CheckpointJob& job, std::uint64_t rate,
                  const std::function<bool(const CheckpointProgress&)>& enough) {
  const double cpu = cpu_seconds();
  const Clock::time_point begin = Clock::now();
  const auto environment = make_real_environment();
  MetricRegistry metrics;
  Gaps gaps(job.interval);
  Job running(graph(job.keys, gaps), options_of(job, rate), real_world(*environment, metrics));
  Watch watch(running, metrics, gaps, enough);
  const ExitCode code = running.run();
  CheckpointRun result;
  result.checkpoints = watch.end();
  if (code != ExitCode::kDone) std::exit(1);
  // The stall of a checkpoint ends with the next one's barrier, and the last one ends the job.
  const auto intervals = gaps.intervals();
  if (result.checkpoints.size() > intervals.size()) result.checkpoints.resize(intervals.size());
  for (std::size_t n = 0; n < result.checkpoints.size(); ++n) {
    result.checkpoints[n].stall_ms = ms(intervals[n].behind_barrier);
    result.checkpoints[n].quiet_ms = ms(intervals[n].later);
  }
  result.first_row_seconds = std::chrono::duration<double>(gaps.first() - begin).count();
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  result.cpu_seconds = cpu_seconds() - cpu;
  return result;
}

}  // namespace weir::bench
