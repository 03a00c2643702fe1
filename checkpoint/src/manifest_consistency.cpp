#include "manifest_consistency.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace weir {

namespace {

constexpr std::uint32_t kMaxParallelismMax = std::numeric_limits<KeyGroup>::max() + 1u;

/// A restore makes files of these names, which must not lead elsewhere.
bool is_plain_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

std::string shard_inconsistency(const StateShard& shard, const Manifest& manifest) {
  const KeyGroupRange groups = shard.key_groups;
  if (groups.first > groups.end || groups.end > manifest.max_parallelism)
    return fmt::format("gives worker {} key groups {} to {} of {}", shard.worker, groups.first, groups.end,
                       manifest.max_parallelism);
  std::set<std::string_view> names;
  for (const StoredFile& file : shard.files) {
    if (!is_plain_file_name(file.name)) return fmt::format("names a state file '{}'", file.name);
    if (!names.insert(file.name).second)
      return fmt::format("names state file '{}' of worker {} twice", file.name, shard.worker);
  }
  return "";
}

std::string shards_inconsistency(const Manifest& manifest) {
  std::vector<KeyGroupRange> ranges;
  for (const StateShard& shard : manifest.shards) {
    if (std::string found = shard_inconsistency(shard, manifest); !found.empty()) return found;
    if (shard.key_groups.size() > 0) ranges.push_back(shard.key_groups);
  }
  std::sort(ranges.begin(), ranges.end(), [](auto a, auto b) { return a.first < b.first; });
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].end)
      return fmt::format("gives key group {} to two workers", ranges[i].first);
  return "";
}

std::string workers_inconsistency(const Manifest& manifest) {
  const auto worker_in = [&](std::uint32_t worker, std::string_view what) -> std::string {
    if (worker < manifest.parallelism) return "";
    return fmt::format("has a {} of worker {} of {}", what, worker, manifest.parallelism);
  };
  for (const StateShard& shard : manifest.shards)
    if (std::string found = worker_in(shard.worker, "state shard"); !found.empty()) return found;
  for (const OperatorStateEntry& entry : manifest.operator_states)
    if (std::string found = worker_in(entry.worker, "state of operator '" + entry.operator_name + "'");
        !found.empty())
      return found;
  for (const SinkProgress& sink : manifest.sinks)
    for (const SinkPart& part : sink.parts)
      if (std::string found = worker_in(part.worker, "part of sink '" + sink.sink + "'"); !found.empty())
        return found;
  return "";
}

}  // namespace

std::string inconsistency(const Manifest& manifest) {
  if (manifest.job.empty()) return "names no job";
  if (manifest.epoch == kNoEpoch) return "has no epoch";
  if (manifest.predecessor >= manifest.epoch)
    return fmt::format("of epoch {} says that it follows epoch {}", manifest.epoch, manifest.predecessor);
  if (manifest.max_parallelism == 0 || manifest.max_parallelism > kMaxParallelismMax)
    return fmt::format("has a max parallelism of {}", manifest.max_parallelism);
  if (manifest.parallelism == 0 || manifest.parallelism > manifest.max_parallelism)
    return fmt::format("has {} workers for {} key groups", manifest.parallelism, manifest.max_parallelism);
  if (std::string found = workers_inconsistency(manifest); !found.empty()) return found;
  return shards_inconsistency(manifest);
}

}  // namespace weir
