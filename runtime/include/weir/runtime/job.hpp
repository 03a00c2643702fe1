#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/store.hpp>
#include <weir/core/connector.hpp>
#include <weir/core/environment.hpp>
#include <weir/core/error.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/core/metrics.hpp>
#include <weir/state/store.hpp>

namespace weir {

/// Where a job begins. All but kResume ignore earlier commits; all but kResume and kSavepoint start with empty state.
enum class StartFrom {
  kResume,     ///< the last commit if there is one, else as kFresh
  kFresh,      ///< the sources' own default
  kEarliest,   ///< the oldest record there is
  kLatest,     ///< what comes from now on
  kSavepoint,  ///< a savepoint; but the last commit where that goes back to the same savepoint
};

const char* to_string(StartFrom from);

/// What the end of all input does to windows that are still open, and to whatever else waits for event time.
enum class AtEnd {
  kFire,  ///< all of it comes out: the result is that of all input. What comes later to what has fired is late
  kKeep,  ///< it is kept as it is: the next run goes on as if the input had only paused
};

/// Attempts after a failure: exponential backoff with jitter, given up when `limit` restarts fall within `window`.
struct RestartPolicy {
  Duration initial_backoff{100};
  Duration max_backoff{30'000};
  std::uint32_t limit = 10;
  Duration window{600'000};
};

/// How a job runs. Every value is checked by problems(JobOptions) before anything starts.
struct JobOptions {
  std::string instance = "0";
  std::uint32_t parallelism = 1;  ///< workers, 1 .. max_parallelism
  std::uint32_t max_parallelism =
      kDefaultMaxParallelism;  ///< key groups; fixed for the life of a job's state; 1 .. 32768
  StateMode state = StateMode::kRocksDb;
  std::string state_dir;  ///< scratch
  std::string checkpoint_dir;
  std::optional<Duration> checkpoint_interval{
      std::chrono::seconds{1}};                     ///< none: only the last one, at the end
  std::size_t memory_bytes = std::size_t{1} << 30;  ///< for state, rings and clients together
  StartFrom from = StartFrom::kResume;
  std::string savepoint;      ///< directory of kSavepoint
  bool until_latest = false;  ///< unbounded sources end at what is there at the start
  AtEnd at_end = AtEnd::kFire;
  bool allow_dropped_state =
      false;  ///< may leave behind state, and positions, that the pipeline has nothing for
  bool allow_duplicates = false;  ///< may fall back to an older checkpoint than the one committed
  Duration linger{0};             ///< longest time a row waits for its batch to fill; 0: 200 µs
  Duration patience{60'000};      ///< what stands still for longer is worth a line in the log; 0: nothing is
  RestartPolicy restart;
  std::map<std::string, std::string>
      sources;  ///< connector address by source name; others use the program's own
  std::map<std::string, std::string> sinks;
  std::map<std::string, std::map<std::string, std::string>>
      connectors;                                 ///< settings by scheme, e.g. kafka.sasl.username
  std::map<std::string, RejectPolicy> on_reject;  ///< by source; kFail for others
};

/// Everything wrong with the options for this graph, each a sentence naming the option and what is allowed.
std::vector<std::string> problems(const JobOptions& options, const JobGraph& graph);

enum class JobState { kCreated, kStarting, kRunning, kFinishing, kRestarting, kDone, kStopped, kFailed };
const char* to_string(JobState state);

/// A partition of a source that has not ended.
struct PartitionStatus {
  std::string name;
  EventTime watermark = EventTime::min();
  bool idle = false;  ///< left out of the source's watermark
};

struct SourceStatus {
  std::string name;
  std::uint32_t partitions = 0;
  std::uint64_t records = 0;
  std::uint64_t rejected = 0;
  EventTime watermark = EventTime::min();
  std::optional<double> progress;  ///< 0 to 1, for bounded inputs
  std::optional<std::int64_t> lag;
  /// Those that are furthest behind in event time, at most kPartitionsShown, slowest first; none where rows have no event time.
  std::vector<PartitionStatus> slowest = {};
  static constexpr std::size_t kPartitionsShown = 64;
  /// Environment::now() from which a `rate` counts: row n of a generator is due (n + 1) / rate seconds later. Of the attempt that runs.
  std::optional<Environment::Instant> paced_since = std::nullopt;
};

/// A key that takes much of an operator's rows on one worker, from a sample of recent rows.
struct HotKey {
  std::string operator_name;
  std::uint32_t worker = 0;
  std::string key;   ///< as JSON
  double share = 0;  ///< of the rows of this operator on this worker, 0 to 1
};

/// A moment's view of a job, for people and probes.
struct JobStatus {
  JobState state = JobState::kCreated;
  Epoch last_commit = kNoEpoch;
  std::uint32_t restarts = 0;
  std::string last_failure;
  bool bounded = false;  ///< every source has an end
  std::vector<SourceStatus> sources;
  std::vector<HotKey> hot_keys;  ///< by operator and worker, the most frequent first
};

/// What a job needs from its process. References outlive the job.
struct JobWorld {
  Environment& environment;
  MetricRegistry& metrics;
  ConnectorsFactory connectors;
  std::function<std::unique_ptr<StateBackend>(const JobOptions&)> backend;
  std::function<std::unique_ptr<CheckpointStore>(const JobOptions&)> store;
  std::function<void(const std::string& line)> log = [](const std::string&) {};
  /// Take why an attempt, or the job, failed; where they are empty, log does.
  std::function<void(const std::string& line)> attempt_failed = {};
  std::function<void(const std::string& line)> job_failed = {};
  /// Takes what stands still, and what was lost; empty: log does.
  std::function<void(const std::string& line)> warn = {};
  /// Whether a stop was asked for; Job brings its own.
  std::function<bool()> stopping = [] { return false; };
};

/// Runs one pipeline: attempts, restarts between them, stop on request.
class Job {
 public:
  Job(JobGraph graph, JobOptions options, JobWorld world);
  ~Job();

  /// Returns when all sources have ended and the last checkpoint is committed, when stop() was followed by its last
  /// commit, or when the job failed for good; the cause has been logged then, and is in status(). Blocks.
  ExitCode run();
  /// Asks for a last checkpoint, its commit, and the end. Any thread; also from a signal's forwarding thread. Idempotent.
  void stop();
  /// Any thread.
  JobStatus status() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace weir
