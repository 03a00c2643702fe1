#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/core/operator.hpp>

namespace weir {

/// What one task hands over at a barrier.
struct TaskSnapshot {
  Epoch epoch = kNoEpoch;
  std::uint32_t worker = 0;
  std::string vertex;
  std::unique_ptr<SealedState> keyed;
  std::string operator_state;
  std::optional<EventTime> ended_at;          ///< of tasks whose inputs have ended
  std::vector<PartitionProgress> partitions;  ///< of source tasks
  std::vector<SinkPart> sink_parts;           ///< of sink tasks
  struct EdgeEnd {
    std::string edge;
    Digest digest;
  };
  std::vector<EdgeEnd> sent;
  std::vector<EdgeEnd> received;
};

/// Collects the snapshots of all tasks of one epoch. A pure decision: no thread, no file.
class PendingCheckpoint {
 public:
  PendingCheckpoint(Epoch epoch, std::size_t tasks) : epoch_(epoch), missing_(tasks) {}

  Epoch epoch() const { return epoch_; }
  /// True when the last one has come.
  [[nodiscard]] bool add(TaskSnapshot snapshot);
  /// Snapshots of keyed state by worker, to be written by its tier. Call once, when complete.
  std::map<std::uint32_t, std::vector<std::unique_ptr<SealedState>>> take_keyed();
  /// Everything but shards, schemas and the job's identity. Throws RestartJob when an edge's two ends disagree.
  Manifest assemble() const;

 private:
  Epoch epoch_;
  std::size_t missing_;
  std::vector<TaskSnapshot> snapshots_;
};

}  // namespace weir
