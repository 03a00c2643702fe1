#include <weir/runtime/job.hpp>

#include <algorithm>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "attempt.hpp"
#include "dead_letters.hpp"
#include "loss_watch.hpp"
#include "threaded_run.hpp"

namespace weir {

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kCreated:
      return "created";
    case JobState::kStarting:
      return "starting";
    case JobState::kRunning:
      return "running";
    case JobState::kFinishing:
      return "finishing";
    case JobState::kRestarting:
      return "restarting";
    case JobState::kDone:
      return "done";
    case JobState::kStopped:
      return "stopped";
    case JobState::kFailed:
      return "failed";
  }
  return "unknown";
}

const char* to_string(StartFrom from) {
  switch (from) {
    case StartFrom::kResume:
      return "resume";
    case StartFrom::kFresh:
      return "fresh";
    case StartFrom::kEarliest:
      return "earliest";
    case StartFrom::kLatest:
      return "latest";
    case StartFrom::kSavepoint:
      return "savepoint";
  }
  return "unknown";
}

namespace {
constexpr Epoch kStartAnew = std::numeric_limits<Epoch>::max();
}

struct Job::Core {
  Core(JobGraph g, JobOptions o, JobWorld w)
      : options(std::move(o)),
        graph(with_dead_letters(std::move(g), options)),
        world(std::move(w)),
        log_attempt_failed(world.attempt_failed ? world.attempt_failed : world.log),
        log_job_failed(world.job_failed ? world.job_failed : world.log),
        restarts(world.metrics.counter("weir_job_restarts_total", "Attempts after the first one.")),
        losses(world.metrics, patience_of(options), warning(world)) {
    world.stopping = [this] { return stop_requested.load(std::memory_order_relaxed); };
  }

  ExitCode run();
  void attempt_once();
  /// A line where a run that has come to its end has read nothing.
  void note_nothing_read(const Attempt& attempt) const;
  /// Waits before the next attempt. What to end with, where there is to be none.
  std::optional<ExitCode> prepare_restart(const std::string& why);
  /// How long to wait before the next attempt; none: give up.
  std::optional<Duration> backoff();
  void enter(JobState next);
  ExitCode fail(const std::string& why, ExitCode code);

  JobOptions options;
  JobGraph graph;
  JobWorld world;
  const std::function<void(const std::string&)> log_attempt_failed, log_job_failed;
  Counter& restarts;
  LossWatch losses;
  Epoch oldest = options.from == StartFrom::kResume ? kNoEpoch : kStartAnew;
  std::unique_ptr<CheckpointStore> checkpoints;
  std::deque<Environment::Instant> recent_restarts;
  Parker sleeper;  ///< where the thread in run() waits between attempts
  std::atomic<bool> stop_requested{false};

  mutable std::mutex mutex;  // guards the rest
  JobStatus status;
  Attempt* running = nullptr;
};

Job::Job(JobGraph graph, JobOptions options, JobWorld world)
    : core_(std::make_unique<Core>(std::move(graph), std::move(options), std::move(world))) {}

Job::~Job() = default;

ExitCode Job::run() { return core_->run(); }

void Job::stop() {
  core_->stop_requested = true;
  core_->sleeper.unpark();
  std::lock_guard lock(core_->mutex);
  if (!core_->running) return;
  core_->running->coordinator().stop();
  core_->running->control().coordinator().unpark();
}

JobStatus Job::status() const {
  std::lock_guard lock(core_->mutex);
  JobStatus status = core_->status;
  if (!core_->running) return status;
  status.last_commit = core_->running->coordinator().last_commit();
  status.sources = core_->running->source_status();
  status.hot_keys = core_->running->hot_keys();
  return status;
}

ExitCode Job::Core::run() {
  while (true) {
    try {
      if (!checkpoints) checkpoints = world.store(options);
      attempt_once();
      enter(stop_requested ? JobState::kStopped : JobState::kDone);
      return ExitCode::kDone;
    } catch (const FailJob& failure) {
      return fail(failure.what(), failure.code());
    } catch (const std::exception& failure) {
      if (const auto code = prepare_restart(failure.what())) return *code;
    } catch (...) {  // user code may throw anything
      if (const auto code = prepare_restart("something was thrown that is no std::exception")) return *code;
    }
  }
}

std::optional<ExitCode> Job::Core::prepare_restart(const std::string& why) {
  const std::optional<Duration> wait = backoff();
  if (!wait) return fail(why, ExitCode::kJobFailed);
  {
    std::lock_guard lock(mutex);
    status.last_failure = why;
    ++status.restarts;
  }
  restarts.add(1);
  enter(JobState::kRestarting);
  log_attempt_failed(
      fmt::format("attempt failed: {}; going on from the last commit in {} ms", why, wait->count()));
  if (!stop_requested) sleeper.park(*wait);
  if (stop_requested) return fail("stopped while restarting", ExitCode::kJobFailed);
  return std::nullopt;
}

void Job::Core::attempt_once() {
  enter(JobState::kStarting);
  Attempt attempt(graph, options, world, *checkpoints, oldest);
  // A job that starts anew ignores earlier commits, but never those of its own earlier attempts.
  if (oldest == kStartAnew) oldest = attempt.first_epoch();
  {
    std::lock_guard lock(mutex);
    running = &attempt;
    status.bounded = attempt.bounded();
    if (stop_requested) attempt.coordinator().stop();
  }
  enter(JobState::kRunning);
  const auto forget = [&] {
    std::lock_guard lock(mutex);
    status.last_commit = attempt.coordinator().last_commit();
    status.sources = attempt.source_status();
    status.hot_keys = attempt.hot_keys();
    running = nullptr;
  };
  try {
    Watch watch = attempt.watch();
    run_on_threads(attempt, world.environment, world.metrics, [&](Environment::Instant now) {
      watch.look(attempt.coordinator(), now);
      losses.look(now);
    });
  } catch (...) {
    forget();
    throw;
  }
  forget();
  note_nothing_read(attempt);
}

void Job::Core::note_nothing_read(const Attempt& attempt) const {
  if (stop_requested || status.restarts > 0) return;
  for (const SourceStatus& source : status.sources)
    if (source.records > 0) return;
  if (!attempt.start())
    return world.log("nothing was read: the input holds no records; what comes later is for the next run");
  world.log(
      fmt::format("nothing new since epoch {}: all input had been read; what comes later is for the next "
                  "run. To read all of "
                  "it again, start with --from fresh; to read something else, compare the sources' addresses "
                  "with `config`",
                  attempt.start()->epoch));
}

std::optional<Duration> Job::Core::backoff() {
  const Environment::Instant now = world.environment.now();
  const RestartPolicy& policy = options.restart;
  while (!recent_restarts.empty() && now - recent_restarts.front() > policy.window)
    recent_restarts.pop_front();
  if (recent_restarts.size() >= policy.limit) return std::nullopt;
  recent_restarts.push_back(now);
  const auto doublings = std::min<std::size_t>(recent_restarts.size() - 1, 20);
  const std::int64_t longest =
      std::min(policy.max_backoff.count(), policy.initial_backoff.count() << doublings);
  // Half fixed, half chance: instances that failed together do not come back together.
  return Duration{longest / 2 + static_cast<std::int64_t>(world.environment.random() %
                                                          static_cast<std::uint64_t>(longest / 2 + 1))};
}

void Job::Core::enter(JobState next) {
  std::lock_guard lock(mutex);
  status.state = next;
}

ExitCode Job::Core::fail(const std::string& why, ExitCode code) {
  log_job_failed(fmt::format("job failed: {}", why));
  std::lock_guard lock(mutex);
  status.last_failure = why;
  status.state = JobState::kFailed;
  return code;
}

}  // namespace weir
