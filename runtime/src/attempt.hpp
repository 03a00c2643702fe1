#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/checkpoint/restore_plan.hpp>
#include <weir/core/connector.hpp>
#include <weir/runtime/job.hpp>

#include "coordinator.hpp"
#include "hot_keys.hpp"
#include "source_task.hpp"
#include "task.hpp"
#include "watch.hpp"

namespace weir {

/// One run of a job from its last commit until it ends, stops or fails: connectors, state, tasks and channels, built in the
/// order that recovery asks for. Built and destroyed by one thread; the tasks of a worker are stepped by one thread each.
class Attempt {
 public:
  /// Opens, fences, recovers and restores. Blocks. Throws what these throw. References outlive the attempt.
  /// Commits before epoch `oldest` are ignored.
  Attempt(const JobGraph& graph, const JobOptions& options, const JobWorld& world,
          CheckpointStore& checkpoints, Epoch oldest);
  /// Requires: no task is being stepped. Waits for what is being written.
  ~Attempt();

  std::uint32_t workers() const { return static_cast<std::uint32_t>(tasks_.size()); }
  const std::vector<std::unique_ptr<Task>>& tasks(std::uint32_t worker) const { return tasks_[worker]; }
  Parker& parker(std::uint32_t worker) { return *parkers_[worker]; }
  Coordinator& coordinator() { return *coordinator_; }
  AttemptControl& control() { return control_; }
  std::vector<SourceStatus> source_status() const;
  /// Of this attempt, which outlives it.
  Watch watch() const;
  std::vector<HotKey> hot_keys() const { return hot_keys_.hottest(); }
  bool bounded() const { return bounded_; }
  /// Commits before this epoch are none of this run's: 0 where it goes on from one.
  Epoch first_epoch() const { return recovery_.manifest ? kNoEpoch : recovery_.next_epoch; }
  /// What it goes on from; none: it began anew.
  const std::optional<Manifest>& start() const { return start_; }

 private:
  struct OpenSource {
    const Vertex* vertex;
    std::unique_ptr<Source> source;
    std::vector<std::string> partitions;
    bool has_own_ends = true;
    std::unique_ptr<SourceBoard> board;
    std::deque<SourceProgress> progress;  // by worker
  };
  struct OpenSink {
    const Vertex* vertex;
    std::unique_ptr<Sink> sink;
  };

  void build(Epoch oldest);
  void open_connectors();
  struct Pace {
    std::optional<double> rate;
    bool in_turn = false;
  };
  std::unique_ptr<Source> open_source(OpenSource& open, Pace& pace);
  void align_sources();
  std::string rows_under_way() const;
  static std::vector<PartitionStatus> slowest_partitions(const OpenSource& open);
  void recover(Epoch oldest);
  RecoveryOptions recovery_options(Epoch oldest);
  void open_savepoint();
  /// What a restore of that checkpoint does. Throws FailJob(kStateUnusable) when it cannot be done.
  RestorePlan plan_of(const Manifest& manifest, const CheckpointStore& from) const;
  void plan_state();
  void log_ignored(Epoch oldest) const;
  /// Shows the sources what the checkpoint knows of them.
  void check_sources();
  bool pins_first_positions() const;
  void restore_state();
  /// Converts what has another type now, and erases what is left behind.
  void rewrite_states(StateTier& tier, KeyGroupRange range) const;
  std::unique_ptr<StateTier> restore_tier(StateBackend& backend, std::uint32_t worker, KeyGroupRange range);
  void build_channels();
  void build_tasks(std::uint32_t worker);
  std::unique_ptr<Task> build_source(const Vertex& vertex, std::uint32_t worker);
  std::unique_ptr<Task> build_operator(const Vertex& vertex, std::uint32_t worker);
  std::unique_ptr<Task> build_sink(const Vertex& vertex, std::uint32_t worker);
  std::vector<AssignedPartition> assign_partitions(OpenSource& source, std::uint32_t worker);
  const PartitionProgress* restored(const std::string& source, const std::string& partition) const;
  OperatorContext context(const Vertex& vertex, std::uint32_t worker,
                          std::vector<std::unique_ptr<EdgeOutput>>& edges);
  InputGate gate(const Vertex& vertex, std::uint32_t worker);
  HotKeyWatch hot_key_watch(const Vertex& vertex, std::uint32_t worker);
  void build_coordinator();
  void report_committed(const Manifest& manifest);
  OpenSource& source_of(const Vertex& vertex);
  std::size_t connector_bytes() const;
  ConnectorContext connector_context(const Vertex& vertex, const RowSchema* schema,
                                     const std::string& scheme) const;

  const JobGraph& graph_;
  const JobOptions& options_;
  const JobWorld& world_;
  CheckpointStore& checkpoints_;
  AttemptControl control_;
  HotKeyBoard hot_keys_;

  // In the order of their making; destroyed the other way round.
  std::unique_ptr<Connectors> connectors_;
  std::deque<OpenSource> sources_;
  std::deque<OpenSink> sinks_;
  std::unique_ptr<CommitProtocol> protocol_;
  RecoveryPoint recovery_;
  std::optional<Manifest> start_;  ///< what is restored: a checkpoint of this job, or a savepoint
  std::unique_ptr<CheckpointStore> savepoint_;
  CheckpointStore* state_files_ = nullptr;  ///< where the state of start_ lies
  RestorePlan plan_;                        ///< for start_
  /// Of start_, by source and partition.
  std::map<std::pair<std::string_view, std::string_view>, const PartitionProgress*> known_;
  std::vector<PartitionProgress> away_;  ///< of start_, what nobody reads at present, in order
  std::unique_ptr<StateBackend> backend_;
  std::vector<std::unique_ptr<StateStore>> stores_;
  std::vector<std::unique_ptr<Parker>> parkers_;
  std::vector<std::string> edge_names_;
  std::vector<std::vector<std::unique_ptr<Channel>>>
      channels_;                                           ///< [edge][from * workers + to]; null where none
  std::vector<std::vector<std::unique_ptr<Task>>> tasks_;  ///< [worker], upstream first
  std::unique_ptr<Coordinator> coordinator_;
  bool bounded_ = true;
};

}  // namespace weir
