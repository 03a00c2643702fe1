#include <weir/runtime/restore_preview.hpp>

#include <filesystem>

#include <weir/checkpoint/commit_protocol.hpp>
#include <weir/checkpoint/location.hpp>

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

/// The job's own checkpoints, where the options let it go on from them.
std::unique_ptr<CheckpointStore> own_checkpoints(const JobOptions& options, const StoreMaker& make) {
  const bool may = options.from == StartFrom::kResume || options.from == StartFrom::kSavepoint;
  if (!may || !may_hold_checkpoints(options.checkpoint_dir)) return nullptr;
  auto own = make(options);
  if (own->last_committed() == kNoEpoch) return nullptr;
  if (options.from == StartFrom::kSavepoint && !began_with_savepoint(*own, options, make)) return nullptr;
  return own;
}

}  // namespace

std::vector<RestoredPartition> RestorePreview::partitions_of(const std::string& source) const {
  return restored_partitions(manifest, source);
}

std::optional<RestorePreview> preview_restore(const JobGraph& graph, const JobOptions& options,
                                              const StoreMaker& make, const std::string& scratch) {
  std::unique_ptr<CheckpointStore> store = own_checkpoints(options, make);
  RestorePreview preview;
  if (store) {
    const Epoch epoch = store->last_committed();
    preview.place = store->describe(epoch);
    preview.manifest = decode_manifest(store->load(epoch), preview.place);
    check_ownership(preview.place, preview.manifest.job, preview.manifest.instance,
                    {graph.name, options.instance, kNoEpoch, false});
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
