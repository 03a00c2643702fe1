#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/state/table_memory.hpp>

namespace weir {

/// What a seal knows of each slot of a segment.
struct SealBits {
  using Bits = std::vector<std::uint64_t>;

  explicit SealBits(std::uint32_t slots)
      : dirty(slots / 64 + 1), sealed(dirty.size()), unwritten(dirty.size()) {}

  static bool is_set(const Bits& bits, std::uint32_t i) { return bits[i >> 6] >> (i & 63) & 1; }
  static void set(Bits& bits, std::uint32_t i) { bits[i >> 6] |= std::uint64_t{1} << (i & 63); }
  static void reset(Bits& bits, std::uint32_t i) { bits[i >> 6] &= ~(std::uint64_t{1} << (i & 63)); }

  void reset(std::uint32_t i) {
    for (Bits* bits : {&dirty, &sealed, &unwritten}) reset(*bits, i);
  }
  void move(std::uint32_t from, SealBits& other, std::uint32_t to) {
    move(dirty, from, other.dirty, to);
    move(sealed, from, other.sealed, to);
    move(unwritten, from, other.unwritten, to);
  }
  /// A new seal: what was dirty is sealed.
  void turn_over() {
    sealed = unwritten = dirty;
    std::fill(dirty.begin(), dirty.end(), 0);
  }
  void clear() {
    for (Bits* bits : {&dirty, &sealed, &unwritten}) std::fill(bits->begin(), bits->end(), 0);
  }

  Bits dirty;      ///< changed since the last seal
  Bits sealed;     ///< changed before it, and to be copied
  Bits unwritten;  ///< changed before it: not in the tier as long as that seal is being written

 private:
  static void move(Bits& bits, std::uint32_t from, Bits& others, std::uint32_t to) {
    if (!is_set(bits, from)) return reset(others, to);
    reset(bits, from);
    set(others, to);
  }
};

/// A part of a SegmentedTable: a small open-addressing table by linear probing. `Slot` begins with its hash; 0: empty. One thread.
template <class Slot>
class alignas(64) TableSegment {
 public:
  /// Slots of a segment of kSegmentBytes.
  static constexpr std::uint32_t kMost =
      std::max<std::uint32_t>(64, static_cast<std::uint32_t>(detail::kSegmentBytes / sizeof(Slot)));

 private:
  // What every access needs, in one cache line.
  Slot* const slots_;
  const std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  int depth_;
  bool stale_ = false;  ///< the slots are not what they say: there are none

 public:
  std::uint32_t round = 0;  ///< the seal for which the bits were last turned over
  SealBits bits;
  std::uint32_t number = 0;  ///< among the table's segments
  std::uint32_t hand = 0;    ///< the slot where whoever makes room goes on looking
  ArenaRef text;             ///< of keys, where they have some
  std::size_t dead_text = 0;

  TableSegment(std::uint32_t capacity, int depth)
      : slots_(static_cast<Slot*>(detail::allocate_table_memory(capacity * sizeof(Slot)))),
        capacity_(capacity),
        depth_(depth),
        bits(capacity),
        leap_(static_cast<std::uint32_t>(capacity * 0.6180339887498949)) {
    while (std::gcd(leap_, capacity) != 1) ++leap_;
  }
  TableSegment(const TableSegment&) = delete;
  TableSegment& operator=(const TableSegment&) = delete;
  ~TableSegment() {
    destroy_slots();
    detail::free_table_memory(slots_, bytes());
  }

  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t size() const { return size_; }
  std::size_t bytes() const { return capacity_ * sizeof(Slot); }
  bool is_full() const { return (size_ + std::uint64_t{1}) * 8 > std::uint64_t{capacity_} * 5; }
  /// By how many upper bits of their places its slots were chosen.
  int depth() const { return depth_; }
  Slot& operator[](std::uint32_t i) { return slots_[i]; }
  const Slot& operator[](std::uint32_t i) const { return slots_[i]; }
  bool is_empty(std::uint32_t i) const { return size_ == 0 || slots_[i].hash == 0; }

  /// Where the search for a place begins: it does not follow from the depth, so that a split keeps the order of slots.
  std::uint32_t home(std::uint64_t place) const {
    return static_cast<std::uint32_t>((place & 0xffffffff) * capacity_ >> 32);
  }
  std::uint32_t next(std::uint32_t i) const { return ++i == capacity_ ? 0 : i; }
  /// Moves the hand on: by leaps, because what is let go in the order of slots leaves them empty behind the hand and crowded before it.
  void move_hand() {
    const std::uint64_t to = std::uint64_t{hand} + leap_;
    hand = static_cast<std::uint32_t>(to >= capacity_ ? to - capacity_ : to);
  }
  /// How many slots behind its home a slot is.
  std::uint32_t distance(std::uint32_t home, std::uint32_t i) const {
    return i >= home ? i - home : i + capacity_ - home;
  }

  /// Requires: !is_full(). Returns where it is now.
  std::uint32_t insert(std::uint64_t place, Slot&& slot) {
    if (std::exchange(stale_, false)) std::memset(static_cast<void*>(slots_), 0, bytes());
    std::uint32_t i = home(place);
    while (slots_[i].hash != 0) i = next(i);
    ::new (static_cast<void*>(&slots_[i])) Slot(std::move(slot));
    ++size_;
    return i;
  }
  /// Moves the slots that `other` is to have to it, and the rest to where they are found without them; both are one level deeper.
  template <class PlaceOf, class IsOther>
  void split(TableSegment& other, PlaceOf&& place_of, IsOther&& is_other) {
    ++depth_;
    if (size_ == 0) return;
    std::uint32_t begin = 0;  // behind an empty slot: nothing belongs before it
    while (slots_[begin].hash != 0) begin = next(begin);
    for (std::uint32_t i = next(begin); i != begin; i = next(i)) {
      if (slots_[i].hash == 0) continue;
      const std::uint64_t place = place_of(slots_[i].hash);
      if (is_other(place)) {
        const std::uint32_t to = other.insert(place, std::move(slots_[i]));
        bits.move(i, other.bits, to);
        destroy(i);
        continue;
      }
      std::uint32_t to = home(place);
      while (to != i && slots_[to].hash != 0) to = next(to);
      if (to != i) move(i, to);
    }
  }
  /// Moves a slot to an empty one.
  void move(std::uint32_t from, std::uint32_t to) {
    ::new (static_cast<void*>(&slots_[to])) Slot(std::move(slots_[from]));
    ++size_;
    bits.move(from, bits, to);
    destroy(from);
  }
  /// What was moved out of it, or is not needed any more.
  void destroy(std::uint32_t i) {
    slots_[i].~Slot();
    slots_[i].hash = 0;
    --size_;
  }
  /// Forgets all slots. Where nothing has to be destroyed, their memory is made empty when it is used again.
  void clear() {
    if (size_ == 0) return;
    destroy_slots();
    size_ = 0;
    stale_ = true;
    bits.clear();
  }

 private:
  void destroy_slots() {
    if constexpr (!std::is_trivially_destructible_v<Slot>)
      for (std::uint32_t i = 0; i < capacity_ && size_ > 0; ++i)
        if (slots_[i].hash != 0) destroy(i);
  }

  std::uint32_t leap_;  ///< of the hand: comes to every slot
};

}  // namespace weir
