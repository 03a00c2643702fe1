#include <weir/core/source.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

void Source::check_restored(const std::vector<RestoredPartition>& restored) {
  const std::vector<std::string> there = partitions();
  for (const RestoredPartition& partition : restored) {
    if (partition.ended || std::find(there.begin(), there.end(), partition.name) != there.end()) continue;
    throw FailJob(
        fmt::format("partition '{}' is gone: the checkpoint goes on in it from position {}. Bring it "
                    "back, or start over with --from fresh",
                    partition.name, partition.position.offset),
        ExitCode::kStateUnusable);
  }
}

}  // namespace weir
