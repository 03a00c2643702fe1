#pragma once

#include <functional>
#include <memory>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/recovery_choice.hpp>
#include <weir/checkpoint/store.hpp>
#include <weir/runtime/job.hpp>

namespace weir {

/// As JobWorld::store: opens what JobOptions::checkpoint_dir names.
using StoreMaker = std::function<std::unique_ptr<CheckpointStore>(const JobOptions&)>;

/// What a job starts from by --from savepoint:….
struct Savepoint {
  std::unique_ptr<CheckpointStore> store;
  Manifest manifest;
  Checksum checksum;  ///< of the manifest's bytes
};

/// Throws FailJob(kStateUnusable) when there is none in options.savepoint, or it cannot be read.
Savepoint open_savepoint(const JobOptions& options, const StoreMaker& make);

/// What a job with these options asks of its recovery; opens the savepoint where it is to begin with one.
RecoveryOptions recovery_options(const JobGraph& graph, const JobOptions& options, const StoreMaker& make,
                                 Epoch oldest);

}  // namespace weir
