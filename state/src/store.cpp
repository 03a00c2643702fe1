#include <weir/state/store.hpp>

#include <limits>

#include <xxhash.h>

namespace weir {

namespace {

/// So much is copied at once: large enough that a tier of files writes few of them.
constexpr std::size_t kCopyBytes = 32 * 1024 * 1024;

template <class Number>
void append_big_endian(std::string& out, Number number) {
  for (int shift = 8 * (sizeof number - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift));
}

/// The first key of a group; empty behind the last group there can be.
std::string group_begin(std::uint32_t group) {
  std::string key;
  if (group <= std::numeric_limits<KeyGroup>::max()) append_big_endian(key, static_cast<KeyGroup>(group));
  return key;
}

void write(StateDelta& delta, StateTier& to) {
  delta.sort();
  to.apply(delta);
  delta = StateDelta();
}

}  // namespace

std::uint32_t operator_id(std::string_view name) { return XXH32(name.data(), name.size(), 0); }

std::uint32_t state_id(std::string_view operator_name, std::string_view state_name) {
  return operator_id(std::string(operator_name).append("/").append(state_name));
}

std::string state_prefix(KeyGroup group, std::uint32_t operator_id, std::uint64_t name_space) {
  std::string prefix;
  prefix.reserve(sizeof group + sizeof operator_id + sizeof name_space);
  append_big_endian(prefix, group);
  append_big_endian(prefix, operator_id);
  append_big_endian(prefix, name_space);
  return prefix;
}

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

void copy_key_groups(const StateTier& from, KeyGroupRange range, StateTier& to) {
  if (range.first >= range.end) return;
  StateDelta delta;
  from.scan(group_begin(range.first), group_begin(range.end),
            [&](std::string_view key, std::string_view value) {
              delta.put(key, value);
              if (delta.bytes() >= kCopyBytes) write(delta, to);
            });
  if (!delta.empty()) write(delta, to);
}

}  // namespace weir
