#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/state/spread_walk.hpp>

namespace weir {

namespace detail {
/// Zeroed memory, on huge pages where it is large; free_table_memory() takes it back.
void* allocate_table_memory(std::size_t bytes);
void free_table_memory(void* memory, std::size_t bytes);
}  // namespace detail

/// Open-addressing table of live objects with a dirty bit each: linear probing by the hash's upper bits (its lower bits
/// choose the key group, so within one worker they are not spread). One cache line an update where key and value are small.
/// References stay valid until the next insertion. One thread.
template <class Key, class Value>
class PaneTable {
 public:
  struct Slot {
    std::uint64_t hash;  ///< 0: empty; a key that hashes to 0 is kept under 1
    Key key;
    Value value;
  };

  PaneTable() = default;
  PaneTable(PaneTable&& other) noexcept { swap(other); }
  PaneTable& operator=(PaneTable&& other) noexcept {
    swap(other);
    return *this;
  }
  ~PaneTable() { release(); }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::size_t bytes() const { return capacity_ * sizeof(Slot); }
  /// Makes room for `entries` in all.
  void reserve_for(std::size_t entries) {
    const std::size_t capacity = std::max(kSmallest, std::bit_ceil(entries * 8 / 5 + 1));
    if (capacity > capacity_) move_to(capacity);
  }

  void prefetch(std::uint64_t hash) const {
    if (capacity_ > 0) __builtin_prefetch(slots_ + index_of(hash), 1);
  }

  /// The value of `key`, and whether it is there for the first time; then key and value are what `make` gives, a
  /// std::pair<Key, Value>. Marks it dirty.
  template <class Make>
  std::pair<Value&, bool> upsert(std::uint64_t hash, const Key& key, Make&& make) {
    hash += hash == 0;
    if (size_ * 8 >= capacity_ * 5) grow();
    std::size_t i = index_of(hash);
    while (slots_[i].hash != 0) {
      if (slots_[i].hash == hash && slots_[i].key == key) {
        mark_dirty(i);
        return {slots_[i].value, false};
      }
      i = (i + 1) & (capacity_ - 1);
    }
    auto made = make();
    ::new (static_cast<void*>(&slots_[i].key)) Key(std::move(made.first));
    ::new (static_cast<void*>(&slots_[i].value)) Value(std::move(made.second));
    slots_[i].hash = hash;
    ++size_;
    mark_dirty(i);
    return {slots_[i].value, true};
  }

  /// Null where `key` is not there. Does not mark it dirty.
  const Slot* find(std::uint64_t hash, const Key& key) const {
    if (capacity_ == 0) return nullptr;
    hash += hash == 0;
    for (std::size_t i = index_of(hash); slots_[i].hash != 0; i = (i + 1) & (capacity_ - 1))
      if (slots_[i].hash == hash && slots_[i].key == key) return &slots_[i];
    return nullptr;
  }

  /// The i-th slot of a walk, i < capacity(); null where it is empty. For walks in portions.
  const Slot* slot(std::size_t i) const {
    const Slot& at = slots_[walk_[i]];
    return at.hash != 0 ? &at : nullptr;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i < capacity_; ++i)
      if (const Slot* at = slot(i)) visit(*at);
  }

  /// As for_each(), of slots whose values may be changed; they become dirty.
  template <class Visit>
  void update_each(Visit&& visit) {
    for (std::size_t i = 0; i < capacity_; ++i) {
      const std::size_t at = walk_[i];
      if (slots_[at].hash == 0) continue;
      visit(slots_[at]);
      mark_dirty(at);
    }
  }

  /// Visits dirty slots and makes them clean.
  template <class Visit>
  void take_dirty(Visit&& visit) {
    for (std::size_t word = 0; word < dirty_.size(); ++word) {
      std::uint64_t bits = std::exchange(dirty_[word], 0);
      for (; bits != 0; bits &= bits - 1)
        visit(slots_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
    }
    any_dirty_ = false;
  }
  void mark_all_dirty() {
    for (std::size_t i = 0; i < capacity_; ++i)
      if (slots_[i].hash != 0) mark_dirty(i);
  }
  void mark_all_clean() {
    std::fill(dirty_.begin(), dirty_.end(), 0);
    any_dirty_ = false;
  }
  bool any_dirty() const { return any_dirty_; }

  /// Empties the table; keeps its memory unless it is far too large for what it held.
  void clear() {
    if (!slots_) return;
    if (capacity_ > kSmallest && size_ * 16 < capacity_) {
      release();
      return;
    }
    destroy();
    std::memset(static_cast<void*>(slots_), 0, bytes());
    std::fill(dirty_.begin(), dirty_.end(), 0);
    size_ = 0;
    any_dirty_ = false;
  }

 private:
  static constexpr std::size_t kSmallest = 1024;

  std::size_t index_of(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> shift_); }
  void mark_dirty(std::size_t i) {
    dirty_[i >> 6] |= std::uint64_t{1} << (i & 63);
    any_dirty_ = true;
  }

  void grow() { move_to(capacity_ == 0 ? kSmallest : capacity_ * 2); }
  void move_to(std::size_t capacity) {
    PaneTable larger;
    larger.reserve(capacity);
    for (std::size_t i = 0; i < capacity_; ++i) {
      Slot& from = slots_[i];
      if (from.hash == 0) continue;
      std::size_t to = larger.index_of(from.hash);
      while (larger.slots_[to].hash != 0) to = (to + 1) & (larger.capacity_ - 1);
      ::new (static_cast<void*>(&larger.slots_[to].key)) Key(std::move(from.key));
      ::new (static_cast<void*>(&larger.slots_[to].value)) Value(std::move(from.value));
      larger.slots_[to].hash = from.hash;
      if (dirty_[i >> 6] >> (i & 63) & 1) larger.mark_dirty(to);
    }
    larger.size_ = size_;
    swap(larger);
  }
  void reserve(std::size_t capacity) {
    slots_ = static_cast<Slot*>(detail::allocate_table_memory(capacity * sizeof(Slot)));
    capacity_ = capacity;
    walk_ = detail::SpreadWalk(capacity);
    shift_ = 64 - std::countr_zero(capacity);
    dirty_.assign(capacity / 64, 0);
  }
  void destroy() {
    if constexpr (!std::is_trivially_destructible_v<Key> || !std::is_trivially_destructible_v<Value>) {
      for (std::size_t i = 0; i < capacity_; ++i) {
        if (slots_[i].hash == 0) continue;
        slots_[i].key.~Key();
        slots_[i].value.~Value();
      }
    }
  }
  void release() {
    if (!slots_) return;
    destroy();
    detail::free_table_memory(slots_, bytes());
    slots_ = nullptr;
    capacity_ = size_ = 0;
    dirty_.clear();
    any_dirty_ = false;
  }
  void swap(PaneTable& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
    std::swap(shift_, other.shift_);
    std::swap(walk_, other.walk_);
    std::swap(dirty_, other.dirty_);
    std::swap(any_dirty_, other.any_dirty_);
  }

  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  int shift_ = 63;
  detail::SpreadWalk walk_;
  std::vector<std::uint64_t> dirty_;
  bool any_dirty_ = false;
};

}  // namespace weir
