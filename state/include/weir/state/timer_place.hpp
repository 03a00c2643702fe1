#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/owned.hpp>

namespace weir {

/// Where a key's timer stands among all: by time, and those of one moment by the keys' hashes.
struct TimerPlace {
  EventTime time;
  std::uint64_t hash;
  friend auto operator<=>(const TimerPlace&, const TimerPlace&) = default;
};

/// What waits for a key's time.
template <class Key>
struct WaitingKey {
  std::uint64_t hash;
  Owned<Key> owner;
};

/// Lets go of all but about `keep` of the earliest of `entries` (each with .time and .what.hash), of which those that stand at one place stay or go
/// together; where `keep` is not 0, some stay. Gives the earliest place that was let go of. gone(entry) is called before.
template <class Entry, class Gone>
std::optional<TimerPlace> keep_earliest(std::vector<Entry>& entries, std::size_t keep, Gone&& gone) {
  if (entries.size() <= keep) return std::nullopt;
  const auto place_of = [](const Entry& entry) { return TimerPlace{entry.time, entry.what.hash}; };
  const auto earlier = [&](const Entry& a, const Entry& b) { return place_of(a) < place_of(b); };
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(keep);
  std::nth_element(entries.begin(), middle, entries.end(), earlier);
  TimerPlace cut = place_of(*middle);
  auto kept = std::partition(entries.begin(), middle, [&](const Entry& e) { return place_of(e) < cut; });
  if (keep > 0 && kept == entries.begin()) {
    kept = std::partition(middle, entries.end(), [&](const Entry& e) { return place_of(e) == cut; });
    if (kept == entries.end()) return std::nullopt;
    cut = place_of(*std::min_element(kept, entries.end(), earlier));
  }
  std::for_each(kept, entries.end(), gone);
  entries.erase(kept, entries.end());
  entries.shrink_to_fit();
  return cut;
}

}  // namespace weir
