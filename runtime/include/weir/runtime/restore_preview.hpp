#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/restore_plan.hpp>
#include <weir/checkpoint/store.hpp>
#include <weir/runtime/job.hpp>

namespace weir {

/// What a job would begin with, if it were started now.
struct RestorePreview {
  std::string place;       ///< of the manifest
  bool savepoint = false;  ///< the one that the options name, and not a later commit of the job's own
  Manifest manifest;
  RestorePlan plan;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;

  /// For Source::check_restored().
  std::vector<RestoredPartition> partitions_of(const std::string& source) const;
};

/// What was seen of a job's commit log.
struct LogSeen {
  bool has_log = false;
  std::optional<CommitRecord> record;
};

/// Looks and changes nothing: what is restored, what that does to every state, and whether every file is as written. Nullopt: the job
/// would begin with empty state. `record` is what the job's commit log has last, where it has one; as the job would, this refuses to begin where log and checkpoints
/// disagree. Throws FailJob(kStateUnusable) naming what is damaged. Files pass through `scratch`, a directory, and are removed from it again.
std::optional<RestorePreview> preview_restore(
    const JobGraph& graph, const JobOptions& options,
    const std::function<std::unique_ptr<CheckpointStore>(const JobOptions&)>& store,
    const std::string& scratch, const LogSeen& log = {});

}  // namespace weir
