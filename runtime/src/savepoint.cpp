#include "savepoint.hpp"

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

Savepoint open_savepoint(const JobOptions& options, const StoreMaker& make) {
  JobOptions place = options;
  place.checkpoint_dir = options.savepoint;
  Savepoint savepoint;
  savepoint.store = make(place);
  const Epoch epoch = savepoint.store->last_committed();
  if (epoch == kNoEpoch)
    throw FailJob(fmt::format("there is no savepoint in {}", options.savepoint), ExitCode::kStateUnusable);
  const std::string bytes = savepoint.store->load(epoch);
  savepoint.manifest = decode_manifest(bytes, savepoint.store->describe(epoch));
  savepoint.checksum = checksum(bytes);
  return savepoint;
}

bool began_with_savepoint(CheckpointStore& checkpoints, const JobOptions& options, const StoreMaker& make) {
  const Epoch epoch = checkpoints.last_committed();
  if (epoch == kNoEpoch) return false;
  const Manifest last = decode_manifest(checkpoints.load(epoch), checkpoints.describe(epoch));
  return last.origin != Checksum{} && last.origin == open_savepoint(options, make).checksum;
}

}  // namespace weir
