#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// Looks and changes nothing: what is restored, what that does to every state, and whether every file is as written. Nullopt: the job
/// would begin with empty state. A commit log is not asked: after a crash in the middle of a commit it may name the checkpoint before.
/// Throws FailJob(kStateUnusable) naming what is damaged. Files pass through `scratch`, a directory, and are removed from it again.
std::optional<RestorePreview> preview_restore(
    const JobGraph& graph, const JobOptions& options,
    const std::function<std::unique_ptr<CheckpointStore>(const JobOptions&)>& store,
    const std::string& scratch);

}  // namespace weir
