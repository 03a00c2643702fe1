#include <weir/runtime/restore_preview.hpp>

#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include <weir/checkpoint/location.hpp>
#include <weir/checkpoint/recovery_choice.hpp>
#include <weir/core/error.hpp>

#include "restored_sources.hpp"
#include "savepoint.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

void read_all(CheckpointStore& store, RestorePreview& preview, const std::string& scratch) {
  for (const StateShard& shard : preview.manifest.shards) {
    for (const StoredFile& file : shard.files) {
      const SnapshotFile read = store.get(file, scratch);
      std::error_code ignored;
      fs::remove(read.path, ignored);
      ++preview.files;
      preview.bytes += file.bytes;
    }
  }
}

/// The job's own last commit, where the options let it go on from that.
ChosenCheckpoint own_checkpoint(CheckpointStore& own, const RecoveryOptions& wanted, const LogSeen& log) {
  RecoveryChoice choice(own, log.has_log, wanted);
  if (log.record) choice.check_same_job(*log.record);
  return choice.choose(log.record);
}

/// There is no place of checkpoints, and none is made.
void refuse_commits_without_checkpoints(const JobOptions& options, const LogSeen& log) {
  if (!log.record || log.record->epoch == kNoEpoch || options.from == StartFrom::kFresh) return;
  throw FailJob(
      fmt::format(
          "a job '{}' has committed epoch {} in Kafka, last run by {}, and there are no checkpoints in {}; "
          "name the place where they are with --checkpoint-dir, or, if this is to be "
          "another job, give it a name of its own with --job NAME",
          log.record->job, log.record->epoch, log.record->holder, options.checkpoint_dir),
      ExitCode::kStateUnusable);
}

}  // namespace

std::vector<RestoredPartition> RestorePreview::partitions_of(const std::string& source) const {
  return restored_partitions(manifest, source);
}

std::optional<RestorePreview> preview_restore(const JobGraph& graph, const JobOptions& options,
                                              const StoreMaker& make, const std::string& scratch,
                                              const LogSeen& log) {
  const bool anew = options.from != StartFrom::kResume;
  const RecoveryOptions wanted =
      recovery_options(graph, options, make, anew ? std::numeric_limits<Epoch>::max() : kNoEpoch);
  std::unique_ptr<CheckpointStore> store;
  ChosenCheckpoint chosen;
  if (may_hold_checkpoints(options.checkpoint_dir)) {
    store = make(options);
    chosen = own_checkpoint(*store, wanted, log);
  } else {
    refuse_commits_without_checkpoints(options, log);
  }
  RestorePreview preview;
  if (chosen.manifest) {
    preview.manifest = std::move(*chosen.manifest);
    preview.place = store->describe(preview.manifest.epoch);
  } else if (options.from == StartFrom::kSavepoint) {
    Savepoint savepoint = open_savepoint(options, make);
    store = std::move(savepoint.store);
    preview.manifest = std::move(savepoint.manifest);
    preview.place = store->describe(preview.manifest.epoch);
    preview.savepoint = true;
  } else {
    return std::nullopt;
  }
  preview.plan =
      plan_restore(preview.manifest, graph, {options.max_parallelism, options.allow_dropped_state});
  read_all(*store, preview, scratch);
  return preview;
}

}  // namespace weir
