#pragma once

#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>

namespace weir {

/// What a checkpoint knows of a source that a job goes on with.
std::vector<RestoredPartition> restored_partitions(const Manifest& manifest, const std::string& source);

/// Those of them that the source does not have at present, as they stand in the next checkpoint: positions are never forgotten, so
/// that what is away for one run and back for the next is not read twice.
std::vector<PartitionProgress> partitions_away(const Manifest& manifest, const std::string& source,
                                               const std::vector<std::string>& present);

/// Adds `away` to what a checkpoint holds of its sources, in the manifest's order.
void carry_on(const std::vector<PartitionProgress>& away, std::vector<PartitionProgress>& sources);
/// Whether partitions in that order have this one among them.
bool is_in(const std::vector<PartitionProgress>& partitions, const PartitionProgress& progress);

}  // namespace weir
