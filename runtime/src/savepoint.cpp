#include "savepoint.hpp"

#include <limits>

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

RecoveryOptions recovery_options(const JobGraph& graph, const JobOptions& options, const StoreMaker& make,
                                 Epoch oldest) {
  RecoveryOptions wanted{graph.name, options.instance, oldest, options.allow_duplicates};
  wanted.fingerprint = fingerprint(graph);
  wanted.takes_job_over = options.from == StartFrom::kFresh;
  if (options.from == StartFrom::kSavepoint && oldest == std::numeric_limits<Epoch>::max()) {
    Savepoint savepoint = open_savepoint(options, make);
    wanted.savepoint = SavepointOrigin{std::move(savepoint.manifest), savepoint.checksum};
  }
  return wanted;
}

}  // namespace weir
