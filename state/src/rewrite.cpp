#include <weir/state/rewrite.hpp>

#include <string>

#include <weir/state/store.hpp>

namespace weir {

namespace {

constexpr std::size_t kPortionBytes = std::size_t{8} << 20;

/// `key group · state id`: all namespaces of a state in one group.
std::string group_prefix(std::uint32_t group, std::uint32_t state_id) {
  std::string prefix = state_prefix(static_cast<KeyGroup>(group), state_id, 0);
  prefix.resize(prefix.size() - sizeof(std::uint64_t));
  return prefix;
}

void write(StateDelta& delta, StateTier& tier) {
  if (delta.empty()) return;
  delta.sort();
  tier.apply(delta);
  delta = StateDelta();
}

}  // namespace

void convert_state(StateTier& tier, KeyGroupRange groups, std::uint32_t state_id,
                   const StateConversion& conversion) {
  StateDelta delta;
  std::string converted;
  for (std::uint32_t group = groups.first; group < groups.end; ++group) {
    const std::string prefix = group_prefix(group, state_id);
    tier.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
      StateReader in(value);
      converted.clear();
      conversion.convert(in, converted);
      delta.put(key, converted);
    });
    if (delta.bytes() >= kPortionBytes) write(delta, tier);
  }
  write(delta, tier);
}

void drop_state(StateTier& tier, KeyGroupRange groups, std::uint32_t state_id) {
  StateDelta delta;
  for (std::uint32_t group = groups.first; group < groups.end; ++group) {
    const std::string prefix = group_prefix(group, state_id);
    delta.drop_range(prefix, prefix_end(prefix));
  }
  write(delta, tier);
}

}  // namespace weir
