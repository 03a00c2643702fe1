#pragma once

#include <cstdint>

namespace weir {

/// Count and order-independent 128-bit digest of a multiset of rows, each given by a 64-bit hash.
/// Two sums of independently mixed hashes: equal multisets agree, and one lost, doubled or changed row shows.
struct Digest {
  std::uint64_t count = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  constexpr void add(std::uint64_t hash) {
    const std::uint64_t mixed = hash * 0x9E3779B97F4A7C15ULL;
    ++count;
    low += mixed ^ (mixed >> 32);
    high += (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9ULL;
  }
  constexpr void add(const Digest& other) {
    count += other.count;
    low += other.low;
    high += other.high;
  }
  friend constexpr bool operator==(const Digest&, const Digest&) = default;
};

}  // namespace weir
