#include "restored_sources.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_set>

namespace weir {

namespace {

bool in_order(const PartitionProgress& a, const PartitionProgress& b) {
  return std::tie(a.source, a.partition) < std::tie(b.source, b.partition);
}

}  // namespace

std::vector<RestoredPartition> restored_partitions(const Manifest& manifest, const std::string& source) {
  std::vector<RestoredPartition> restored;
  for (const PartitionProgress& progress : manifest.sources)
    if (progress.source == source) restored.push_back({progress.partition, progress.end, progress.ended});
  return restored;
}

std::vector<PartitionProgress> partitions_away(const Manifest& manifest, const std::string& source,
                                               const std::vector<std::string>& present) {
  const std::unordered_set<std::string_view> here(present.begin(), present.end());
  std::vector<PartitionProgress> away;
  for (const PartitionProgress& progress : manifest.sources) {
    if (progress.source != source || here.contains(progress.partition)) continue;
    away.push_back(progress);
    away.back().begin = away.back().end;
  }
  return away;
}

void carry_on(const std::vector<PartitionProgress>& away, std::vector<PartitionProgress>& sources) {
  if (away.empty()) return;
  sources.insert(sources.end(), away.begin(), away.end());
  std::sort(sources.begin(), sources.end(), in_order);
}

bool is_in(const std::vector<PartitionProgress>& partitions, const PartitionProgress& progress) {
  return std::binary_search(partitions.begin(), partitions.end(), progress, in_order);
}

}  // namespace weir
