#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/checkpoint/commit_protocol.hpp>
#include <weir/checkpoint/pending_checkpoint.hpp>
#include <weir/core/metrics.hpp>
#include <weir/runtime/job.hpp>
#include <weir/state/store.hpp>

#include "task.hpp"

namespace weir {

/// What the coordinator writes into every manifest, and where.
struct CheckpointPlan {
  /// Job, instance, fingerprint, parallelism, schemas, and of the sources those partitions that nobody reads; the rest empty.
  Manifest identity;
  std::optional<Duration> interval;
  /// A checkpoint is taken and committed before the first row is read: the sources' first positions.
  bool pins_first_positions = false;
  std::size_t tasks = 0;
  /// Tasks that read sources, where these end without a final watermark; 0: the end is that of all tasks.
  std::size_t ending_sources = 0;
  std::vector<StateStore*> stores;  ///< by worker; null where a worker keeps no keyed state
  CheckpointStore* checkpoints = nullptr;
  CommitProtocol* protocol = nullptr;
  Epoch next_epoch = 1;
  /// Called off the workers after each commit, with what it covers.
  std::function<void(const Manifest&)> committed;
};

/// Decides when a checkpoint is taken, collects its parts, has them written on blocking lanes and committed. One checkpoint
/// is in flight at a time. Polled by one thread; never blocks.
class Coordinator {
 public:
  Coordinator(CheckpointPlan plan, AttemptControl& control, MetricRegistry& metrics);
  ~Coordinator();

  /// Moves things on. True while the job goes on; false after its last commit. Throws what a checkpoint failed with.
  bool poll(Environment::Instant now);
  /// Asks for a last checkpoint and the end.
  void stop() { stop_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }
  /// The checkpoint that is being taken.
  struct UnderWay {
    Epoch epoch = kNoEpoch;
    Environment::Instant begun{0};
    bool writing = false;  ///< all tasks have answered
  };
  /// By the thread that polls.
  std::optional<UnderWay> under_way() const;
  Epoch last_commit() const { return last_commit_.load(std::memory_order_relaxed); }

 private:
  struct Writing;  // one checkpoint being written; shared with the jobs that write it
  struct Metrics;

  bool ended() const;
  bool due(Environment::Instant now);
  void begin(Environment::Instant now, bool last);
  void collect();
  void write();
  static void write_shard(const std::shared_ptr<Writing>& writing, std::uint32_t worker,
                          std::vector<std::unique_ptr<SealedState>> sealed);
  static void commit_on_lane(const std::shared_ptr<Writing>& writing);
  static void commit(const std::shared_ptr<Writing>& writing);
  static void end(const std::shared_ptr<Writing>& writing);
  void finish(Environment::Instant now);

  CheckpointPlan plan_;
  AttemptControl& control_;
  std::unique_ptr<Metrics> metrics_;
  std::atomic<bool> stop_{false};
  std::atomic<Epoch> last_commit_{kNoEpoch};
  std::optional<PendingCheckpoint> pending_;
  std::shared_ptr<Writing> writing_;
  Environment::Instant begun_{0};
  Environment::Instant next_due_{0};
  std::uint64_t activity_seen_ = 0;
  std::set<std::string> files_;  ///< of the last checkpoint, by checksum
  bool pinned_ = false;          ///< sources may read
  bool last_ = false;            ///< the checkpoint in flight is the last one
};

}  // namespace weir
