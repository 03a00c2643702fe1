#pragma once

#include <cstdint>

namespace weir {

/// Index of a key group, 0 .. max_parallelism - 1.
using KeyGroup = std::uint16_t;

inline constexpr std::uint32_t kDefaultMaxParallelism = 128;

/// The group of a key. Fixed for ever: state in checkpoints is stored under it.
constexpr KeyGroup key_group_of(std::uint64_t hash, std::uint32_t max_parallelism) {
  const bool power_of_two = (max_parallelism & (max_parallelism - 1)) == 0;
  return static_cast<KeyGroup>(power_of_two ? hash & (max_parallelism - 1) : hash % max_parallelism);
}

/// The worker that owns a group: contiguous ranges, as even as they can be.
constexpr std::uint32_t worker_of(KeyGroup group, std::uint32_t parallelism, std::uint32_t max_parallelism) {
  return static_cast<std::uint32_t>(std::uint64_t{group} * parallelism / max_parallelism);
}

/// A contiguous range of groups, [first, end).
struct KeyGroupRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;

  constexpr bool contains(KeyGroup group) const { return group >= first && group < end; }
  constexpr std::uint32_t size() const { return end - first; }
  friend constexpr bool operator==(const KeyGroupRange&, const KeyGroupRange&) = default;
};

/// The groups that `worker` owns: exactly those that worker_of() sends to it.
constexpr KeyGroupRange key_groups_of(std::uint32_t worker, std::uint32_t parallelism,
                                      std::uint32_t max_parallelism) {
  const auto first = [&](std::uint64_t w) {
    return static_cast<std::uint32_t>((w * max_parallelism + parallelism - 1) / parallelism);
  };
  return {first(worker), first(worker + 1)};
}

}  // namespace weir
