#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <weir/core/key_group.hpp>
#include <weir/state/tier.hpp>

namespace weir {

/// Whether live objects may be evicted to the tier (kRocksDb) or all stay in memory (kHeap).
enum class StateMode { kHeap, kRocksDb };

/// One worker's shard of all keyed state: the tier, and where each operator's entries lie in it.
/// Keys are `key group (2, big-endian) · operator id (4) · namespace (8) · key · …`, so that all state of a key group is one range.
class StateStore {
 public:
  StateStore(std::unique_ptr<StateTier> tier, StateMode mode, KeyGroupRange groups, std::size_t memory_bytes)
      : tier_(std::move(tier)), mode_(mode), groups_(groups), memory_bytes_(memory_bytes) {}

  StateTier& tier() { return *tier_; }
  const StateTier& tier() const { return *tier_; }
  StateMode mode() const { return mode_; }
  KeyGroupRange key_groups() const { return groups_; }
  /// How much the live objects of this worker may take, in bytes, before they are evicted.
  std::size_t memory_bytes() const { return memory_bytes_; }

  /// The account of all live objects of this worker, whatever operator they belong to. Only its worker calls these.
  void charge(std::ptrdiff_t bytes) { in_use_ += bytes; }
  /// By how many bytes live objects exceed what they may take. 0 where nothing is evicted.
  std::size_t excess_bytes() const {
    const auto allowed = static_cast<std::ptrdiff_t>(memory_bytes_);
    return mode_ == StateMode::kHeap || in_use_ <= allowed ? 0 : static_cast<std::size_t>(in_use_ - allowed);
  }
  /// Whether live objects may take so much more.
  bool has_room_for(std::size_t bytes) const {
    return mode_ == StateMode::kHeap ||
           in_use_ + static_cast<std::ptrdiff_t>(bytes) <= static_cast<std::ptrdiff_t>(memory_bytes_);
  }
  /// Live objects exceed what they may take by a quarter, although what may be evicted is: a snapshot in flight keeps the rest.
  bool is_overfull() const { return excess_bytes() > memory_bytes_ / 4; }

  /// True between a barrier and the moment its delta and snapshot are in the tier: nothing else may be written meanwhile,
  /// or it would be part of that snapshot.
  bool snapshot_in_flight() const { return in_flight_.load(std::memory_order_acquire); }
  void snapshot_begun() { in_flight_.store(true, std::memory_order_relaxed); }
  void snapshot_taken() {
    taken_.fetch_add(1, std::memory_order_relaxed);
    in_flight_.store(false, std::memory_order_release);
  }
  /// How many there were.
  std::uint64_t snapshots_taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<StateTier> tier_;
  const StateMode mode_;
  const KeyGroupRange groups_;
  const std::size_t memory_bytes_;
  std::ptrdiff_t in_use_ = 0;
  std::atomic<bool> in_flight_{false};
  std::atomic<std::uint64_t> taken_{0};
};

/// Identifies an operator's entries in the tier: derived from its name. Stored: never change.
std::uint32_t operator_id(std::string_view name);
/// Identifies one of several states of an operator in the tier, in the place of operator_id(). Stored: never change.
std::uint32_t state_id(std::string_view operator_name, std::string_view state_name);

/// `key group · operator id · namespace`, the common beginning of an operator's entries of one namespace in one group.
std::string state_prefix(KeyGroup group, std::uint32_t operator_id, std::uint64_t name_space);
/// The smallest string greater than every string that begins with `prefix`.
std::string prefix_end(std::string prefix);

/// Copies every entry of the groups in `range` from one tier into another. For restores into another parallelism.
void copy_key_groups(const StateTier& from, KeyGroupRange range, StateTier& to);

}  // namespace weir
