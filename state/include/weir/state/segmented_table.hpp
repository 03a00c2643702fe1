#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <weir/core/hash.hpp>
#include <weir/state/table_segment.hpp>

namespace weir {

/// Where a walk over all slots of a table has come.
struct TableCursor {
  std::uint32_t segment = 0;
  std::uint32_t slot = 0;
  bool at_begin() const { return segment == 0 && slot == 0; }
};

/// A hash table that never moves more than one segment at a time, so that growing costs a millisecond however large it is: a directory of segments by the upper bits
/// of a key's place; a segment that is full grows, and from the size of a huge page on splits in two, whereupon the directory may double.
/// Source: Fagin, Nievergelt, Pippenger, Strong, "Extendible hashing" (TODS 1979).
///
/// A key's place is its hash times an odd number that follows from the table's seed. Rows often leave one table in the order of its slots and
/// arrive so in another one: with the same seed they would all gather at one place of it while it grows, which is quadratic.
///
/// It knows which slots have changed since it was sealed: begin_seal() costs nothing that grows with the table, what was changed before it
/// is copied little by little, and before it is changed again. References and places stay valid until the next insert, erase, grow or
/// shrink. One thread.
template <class Slot>
class SegmentedTable {
 public:
  using Segment = TableSegment<Slot>;
  struct Place {
    Segment* segment = nullptr;
    std::uint32_t i = 0;
    explicit operator bool() const { return segment != nullptr; }
    Slot& operator*() const { return (*segment)[i]; }
    Slot* operator->() const { return &(*segment)[i]; }
  };

  /// `smallest`: slots of the first segment.
  SegmentedTable(std::uint64_t seed, std::uint32_t smallest)
      : spread_(detail::hash_u64(seed) | 1), smallest_(std::min(smallest, Segment::kMost)) {}
  SegmentedTable(SegmentedTable&& other) noexcept : SegmentedTable(0, 64) { swap(other); }
  SegmentedTable& operator=(SegmentedTable&& other) noexcept {
    swap(other);
    return *this;
  }

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }
  const std::vector<std::unique_ptr<Segment>>& segments() const { return segments_; }

  void prefetch(std::uint64_t hash) const {
    if (directory_.empty()) return;
    const std::uint64_t place = place_of(hash);
    const Segment& segment = segment_at(place);
    __builtin_prefetch(&segment[segment.home(place)], 1);
  }
  /// The first slot of this hash that `matches`.
  template <class Matches>
  Place find_if(std::uint64_t hash, Matches&& matches) const {
    if (directory_.empty()) return {};
    hash += hash == 0;
    const std::uint64_t place = place_of(hash);
    Segment& segment = segment_at(place);
    if (segment.size() == 0) return {};
    for (std::uint32_t i = segment.home(place); segment[i].hash != 0; i = segment.next(i))
      if (segment[i].hash == hash && matches(std::as_const(segment)[i])) return {&segment, i};
    return {};
  }
  template <class Key>
  Place find(std::uint64_t hash, const Key& key) const {
    return find_if(hash, [&](const Slot& slot) { return slot.key == key; });
  }

  /// Where a slot of this hash goes; null while the table is empty.
  Segment* segment_of(std::uint64_t hash) const {
    return directory_.empty() ? nullptr : &segment_at(place_of(hash + (hash == 0)));
  }
  /// Grows where there is no room. Requires: the key is not here. A hash of 0 is kept as 1.
  Place insert(Slot&& slot) {
    slot.hash += slot.hash == 0;
    while (!has_room(slot.hash)) grow(slot.hash, [](const Segment&) {});
    const std::uint64_t place = place_of(slot.hash);
    Segment& segment = segment_at(place);
    const std::uint32_t i = segment.insert(place, std::move(slot));
    ++size_;
    return {&segment, i};
  }
  bool has_room(std::uint64_t hash) const {
    const Segment* segment = segment_of(hash);
    return segment && !segment->is_full();
  }
  /// Makes the segment of this hash larger, or two of it. moved(segment) is called for what has taken over its slots, while the old one is still there.
  template <class Moved>
  void grow(std::uint64_t hash, Moved&& moved) {
    if (directory_.empty()) return add_first();
    Segment& full = *segment_of(hash);
    if (full.capacity() < Segment::kMost) resize(full, larger(full.capacity()), moved);
    else if (full.depth() < depth() || directory_.size() < kMostEntries * segments_.size())
      split(full, moved);
    else resize(full, full.capacity() * 2, moved);  // hardly spread hashes
  }
  /// Halves a segment that is a quarter full at most.
  template <class Moved>
  void shrink(Segment& segment, Moved&& moved) {
    resize(segment, segment.capacity() / 2, moved);
  }
  bool can_shrink(const Segment& segment) const {
    return segment.capacity() / 2 >= smallest_ && segment.size() * std::size_t{4} <= segment.capacity();
  }
  /// Of what is moved to other slots moving(place) is called before.
  template <class Moving>
  void erase(Place erased, Moving&& moving) {
    Segment& segment = *erased.segment;
    std::uint32_t gap = erased.i;
    segment.destroy(gap);
    segment.bits.reset(gap);
    --size_;
    for (std::uint32_t from = segment.next(gap); segment[from].hash != 0; from = segment.next(from)) {
      const std::uint32_t home = segment.home(place_of(segment[from].hash));
      if (segment.distance(home, from) < segment.distance(gap, from)) continue;
      moving(Place{&segment, from});
      segment.move(from, gap);
      gap = from;
    }
  }
  /// Forgets all slots. Keeps the memory unless it is far too large for what it held.
  void clear() {
    sealing_ = false;
    if (bytes_ > smallest_ * sizeof(Slot) && size_ * 16 * sizeof(Slot) < bytes_) return release();
    for (const auto& segment : segments_) segment->clear();
    size_ = 0;
  }
  void release() {
    segments_.clear();
    directory_.clear();
    size_ = bytes_ = 0;
    shift_ = 63;
    sealing_ = false;
  }

  bool at_end(const TableCursor& cursor) const { return cursor.segment >= segments_.size(); }
  /// Null where it is empty.
  const Slot* slot(const TableCursor& cursor) const {
    const Segment& segment = *segments_[cursor.segment];
    return cursor.slot >= segment.capacity() || segment.is_empty(cursor.slot) ? nullptr
                                                                              : &segment[cursor.slot];
  }
  void advance(TableCursor& cursor) const {
    const Segment& segment = *segments_[cursor.segment];
    if (segment.size() == 0 || ++cursor.slot >= segment.capacity()) cursor = {cursor.segment + 1, 0};
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& segment : segments_)
      for (std::uint32_t i = 0; segment->size() > 0 && i < segment->capacity(); ++i)
        if (!segment->is_empty(i)) visit(Place{segment.get(), i});
  }

  /// What has changed up to now is what seal_some() gives.
  void begin_seal() {
    ++round_;
    sealing_ = size_ > 0;
    seal_at_ = {};
  }
  bool sealing() const { return sealing_; }
  /// Calls copy(place) for up to about `entries` slots that were sealed. True: for all of them.
  template <class Copy>
  bool seal_some(std::size_t entries, Copy&& copy) {
    while (sealing_ && seal_at_.segment < segments_.size()) {
      Segment& segment = fresh(*segments_[seal_at_.segment]);
      for (; seal_at_.slot < segment.bits.sealed.size(); ++seal_at_.slot) {
        if (entries == 0) return false;
        std::uint64_t word = std::exchange(segment.bits.sealed[seal_at_.slot], 0);
        entries -= std::min<std::size_t>(entries, static_cast<std::size_t>(std::popcount(word)));
        for (; word != 0; word &= word - 1)
          copy(Place{&segment, seal_at_.slot * 64 + static_cast<std::uint32_t>(std::countr_zero(word))});
      }
      seal_at_ = {seal_at_.segment + 1, 0};
      entries -= std::min<std::size_t>(entries, kSegmentCost);
      if (entries == 0 && seal_at_.segment < segments_.size()) return false;
    }
    sealing_ = false;
    return true;
  }
  /// copy_sealed() and mark_dirty(), of a slot that is about to be changed.
  template <class Copy>
  void change(Place place, Copy&& copy) {
    SealBits& bits = fresh(*place.segment).bits;
    SealBits::set(bits.dirty, place.i);
    if (sealing_) [[unlikely]]
      copy_sealed(place, copy);
  }
  /// Call before a slot is moved elsewhere or changed: copy(place) is called when a seal still needs it.
  template <class Copy>
  void copy_sealed(Place place, Copy&& copy) {
    if (!sealing_) return;
    SealBits& bits = fresh(*place.segment).bits;
    if (!SealBits::is_set(bits.sealed, place.i)) return;
    SealBits::reset(bits.sealed, place.i);
    copy(place);
  }
  void mark_dirty(Place place) { SealBits::set(fresh(*place.segment).bits.dirty, place.i); }
  void mark_clean(Place place) { SealBits::reset(fresh(*place.segment).bits.dirty, place.i); }
  bool is_dirty(Place place) { return SealBits::is_set(fresh(*place.segment).bits.dirty, place.i); }
  /// Whether it was among what was sealed last.
  bool was_sealed(Place place) { return SealBits::is_set(fresh(*place.segment).bits.unwritten, place.i); }

 private:
  static constexpr std::size_t kMostEntries = 64;  ///< of the directory, a segment
  static constexpr std::size_t kSegmentCost = 32;  ///< of looking into a segment, in entries

  static std::uint32_t larger(std::uint32_t capacity) {
    return capacity * std::uint64_t{4} > Segment::kMost ? Segment::kMost : capacity * 2;
  }
  int depth() const { return 64 - shift_; }
  std::uint64_t place_of(std::uint64_t hash) const { return hash * spread_; }
  Segment& segment_at(std::uint64_t place) const { return *directory_[place >> shift_]; }
  Segment& fresh(Segment& segment) {
    if (segment.round != round_) [[unlikely]] {
      segment.round = round_;
      segment.bits.turn_over();
    }
    return segment;
  }

  /// The directory has two entries at least: no shift by all bits.
  void add_first() {
    shift_ = 63;
    segments_.push_back(make_segment(smallest_, 0, 0));
    directory_.assign(2, segments_.front().get());
  }
  std::unique_ptr<Segment> make_segment(std::uint32_t capacity, int depth, std::uint32_t number) {
    auto segment = std::make_unique<Segment>(capacity, depth);
    segment->number = number;
    segment->round = round_;
    bytes_ += segment->bytes();
    return segment;
  }
  /// Entries of the directory whose upper bits are those of `segment`'s slots.
  void enter(Segment& segment, std::size_t first, std::size_t count) {
    std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), count, &segment);
  }
  std::size_t first_entry(const Segment& segment) const {
    return static_cast<std::size_t>(std::find(directory_.begin(), directory_.end(), &segment) -
                                    directory_.begin());
  }
  std::size_t entries_of(const Segment& segment) const {
    return std::size_t{1} << (depth() - segment.depth());
  }
  void move_slot(Segment& from, std::uint32_t i, Segment& to) {
    const std::uint32_t at = to.insert(place_of(from[i].hash), std::move(from[i]));
    from.destroy(i);
    from.bits.move(i, to.bits, at);
  }
  /// The walk of a seal begins this segment anew: what it has copied is not sealed any more.
  void forget_order_of(const Segment& segment) {
    if (seal_at_.segment == segment.number) seal_at_.slot = 0;
  }

  template <class Moved>
  void resize(Segment& old, std::uint32_t capacity, Moved&& moved) {
    fresh(old);
    auto segment = make_segment(capacity, old.depth(), old.number);
    for (std::uint32_t i = 0; old.size() > 0 && i < old.capacity(); ++i)
      if (!old.is_empty(i)) move_slot(old, i, *segment);
    enter(*segment, first_entry(old), entries_of(old));
    moved(*segment);
    replace(old, std::move(segment));
  }
  template <class Moved>
  void split(Segment& lower, Moved&& moved) {
    fresh(lower);
    if (lower.depth() == depth()) double_directory();
    const std::size_t first = first_entry(lower);
    const std::size_t half = entries_of(lower) / 2;
    const int depth = lower.depth() + 1;
    auto upper = make_segment(lower.capacity(), depth, static_cast<std::uint32_t>(segments_.size()));
    lower.split(
        *upper, [this](std::uint64_t hash) { return place_of(hash); },
        [bit = std::uint64_t{1} << (64 - depth)](std::uint64_t place) { return (place & bit) != 0; });
    enter(*upper, first + half, half);
    forget_order_of(lower);
    moved(*upper);
    moved(lower);
    segments_.push_back(std::move(upper));
  }
  void replace(Segment& old, std::unique_ptr<Segment> segment) {
    forget_order_of(old);
    bytes_ -= old.bytes();
    segments_[old.number] = std::move(segment);
  }
  void double_directory() {
    std::vector<Segment*> doubled(directory_.size() * 2);
    for (std::size_t i = 0; i < doubled.size(); ++i) doubled[i] = directory_[i / 2];
    directory_ = std::move(doubled);
    --shift_;
  }
  void swap(SegmentedTable& other) noexcept {
    std::swap(spread_, other.spread_);
    std::swap(smallest_, other.smallest_);
    std::swap(shift_, other.shift_);
    std::swap(directory_, other.directory_);
    std::swap(segments_, other.segments_);
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
    std::swap(round_, other.round_);
    std::swap(sealing_, other.sealing_);
    std::swap(seal_at_, other.seal_at_);
  }

  std::uint64_t spread_;
  std::uint32_t smallest_;
  int shift_ = 63;  ///< of a place, to its entry in the directory
  std::vector<Segment*> directory_;
  std::vector<std::unique_ptr<Segment>> segments_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t round_ = 0;  ///< of seals
  bool sealing_ = false;
  TableCursor seal_at_;  ///< how far seal_some() has come: a segment, and a word of its bits
};

}  // namespace weir
