#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <weir/state/pane_table.hpp>
#include <weir/state/spread_walk.hpp>

namespace weir {

/// Open-addressing table of keys and objects: linear probing by the hash's upper bits (its lower bits choose the key group), places
/// freed by moving back what was pushed behind them. Knows nothing of what objects are for. References stay valid until the
/// next insert, erase or resize. One thread.
template <class Key, class Object>
class SlotTable {
 public:
  struct Slot {
    std::uint64_t hash;  ///< 0: empty; a key that hashes to 0 is kept under 1
    std::uint32_t heap;  ///< bytes outside of the slot, when last measured
    std::uint8_t flags;
    Key key;
    Object object;
  };
  static constexpr std::size_t kSmallest = 64;

  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() { clear(); }

  std::size_t capacity() const { return capacity_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return capacity_ * sizeof(Slot); }
  /// No place for another one: resize() first.
  bool is_full() const { return (size_ + 1) * 8 > capacity_ * 5; }

  Slot& operator[](std::size_t i) { return slots_[i]; }
  const Slot& operator[](std::size_t i) const { return slots_[i]; }
  /// The place that a walk visits as the i-th, i < capacity().
  std::size_t walk(std::size_t i) const { return walk_[i]; }
  bool is_empty(std::size_t i) const { return slots_[i].hash == 0; }
  std::size_t index_of(const Slot& slot) const { return static_cast<std::size_t>(&slot - slots_); }

  void prefetch(std::uint64_t hash) const {
    if (capacity_ > 0) __builtin_prefetch(slots_ + home_of(hash), 1);
  }
  Slot* find(std::uint64_t hash, const Key& key) const {
    return find_if(hash, [&](const Slot& slot) { return slot.key == key; });
  }
  /// The first slot of this hash that `matches`.
  template <class Matches>
  Slot* find_if(std::uint64_t hash, Matches&& matches) const {
    if (capacity_ == 0) return nullptr;
    hash += hash == 0;
    for (std::size_t i = home_of(hash); slots_[i].hash != 0; i = next(i))
      if (slots_[i].hash == hash && matches(slots_[i])) return &slots_[i];
    return nullptr;
  }
  /// Requires: the key is not here, and !is_full().
  Slot& insert(std::uint64_t hash, Key key) {
    hash += hash == 0;
    Slot& slot = slots_[free_place(hash)];
    ::new (static_cast<void*>(&slot)) Slot{hash, 0, 0, std::move(key), Object()};
    ++size_;
    return slot;
  }
  /// Returns the place that is empty now. Before a slot is moved, moving(from, to) is called.
  template <class Moving>
  std::size_t erase(std::size_t i, Moving&& moving) {
    std::size_t gap = i;
    for (std::size_t from = next(gap); slots_[from].hash != 0; from = next(from)) {
      const std::size_t home = home_of(slots_[from].hash);
      if (((from - home) & (capacity_ - 1)) < ((from - gap) & (capacity_ - 1))) continue;
      moving(from, gap);
      slots_[gap] = std::move(slots_[from]);
      gap = from;
    }
    slots_[gap].~Slot();
    slots_[gap].hash = 0;
    --size_;
    return gap;
  }
  /// To a power of two that leaves room. For every slot moved(from, to) is called: its places before and now.
  template <class Moved>
  void resize(std::size_t capacity, Moved&& moved) {
    Slot* old =
        std::exchange(slots_, static_cast<Slot*>(detail::allocate_table_memory(capacity * sizeof(Slot))));
    const std::size_t old_capacity = std::exchange(capacity_, capacity);
    shift_ = 64 - std::countr_zero(capacity);
    walk_ = detail::SpreadWalk(capacity);
    for (std::size_t from = 0; from < old_capacity; ++from) {
      if (old[from].hash == 0) continue;
      const std::size_t to = free_place(old[from].hash);
      ::new (static_cast<void*>(&slots_[to])) Slot(std::move(old[from]));
      old[from].~Slot();
      moved(from, to);
    }
    if (old) detail::free_table_memory(old, old_capacity * sizeof(Slot));
  }
  void clear() {
    if (!slots_) return;
    for (std::size_t i = 0; i < capacity_; ++i)
      if (slots_[i].hash != 0) slots_[i].~Slot();
    detail::free_table_memory(slots_, bytes());
    slots_ = nullptr;
    capacity_ = size_ = 0;
  }

 private:
  std::size_t home_of(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> shift_); }
  std::size_t next(std::size_t i) const { return (i + 1) & (capacity_ - 1); }
  std::size_t free_place(std::uint64_t hash) const {
    std::size_t i = home_of(hash);
    while (slots_[i].hash != 0) i = next(i);
    return i;
  }

  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  int shift_ = 63;
  detail::SpreadWalk walk_;
};

}  // namespace weir
