#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <weir/core/hash.hpp>

namespace weir::kafka {

/// What a message contributes to the ledger's digest of a sink: XXH3 64 of the value, plus the mixed XXH3 64
/// of the key where there is one. An audit computes the same from the broker's bytes, so it never changes.
inline std::uint64_t message_hash(std::optional<std::string_view> key, std::string_view value) {
  const std::uint64_t of_value = hash_bytes(value);
  return key ? of_value + weir::detail::hash_u64(hash_bytes(*key)) : of_value;
}

}  // namespace weir::kafka
