#pragma once

/// What a KeyedTable does when memory is short: part of keyed_table.hpp.

#include <algorithm>
#include <cstddef>
#include <utility>

#include <weir/state/keyed_table.hpp>

namespace weir {

template <class Key, class Object>
void KeyedTable<Key, Object>::make_room() {
  StateStore& store = states_.store();
  if (!pinned_ && slots_.capacity() > Slots::kSmallest && store.mode() == StateMode::kRocksDb &&
      !store.snapshot_in_flight()) {
    const auto growth = static_cast<std::ptrdiff_t>(slots_.bytes());
    store.charge(growth);
    const bool too_large = store.excess_bytes() > 0;
    store.charge(-growth);
    if (too_large) {
      StateDelta delta;
      evict_slots(kNone, slots_.capacity() / 4, delta);
      if (!delta.empty()) states_.write(std::move(delta));
      if (!slots_.is_full()) return;
    }
  }
  resize(slots_.capacity() == 0 ? Slots::kSmallest : slots_.capacity() * 2);
}

template <class Key, class Object>
std::size_t KeyedTable<Key, Object>::evict(std::size_t bytes, StateDelta& delta) {
  if (pinned_) return 0;
  settle();
  const std::size_t before = charged_;
  const std::size_t target = charged_ - std::min(charged_, bytes);
  // Slots give memory back only when the table shrinks by half: three in four of its places must be free then.
  const bool shrink = slots_.bytes() / 2 >= bytes || heap_ < bytes;
  const std::size_t keep = shrink ? slots_.capacity() / 4 : 0;
  evict_slots(shrink ? kNone : bytes, slots_.size() - std::min(slots_.size(), keep), delta);
  while (slots_.capacity() > Slots::kSmallest && slots_.size() * 4 <= slots_.capacity() &&
         slots_.bytes() + heap_ > target)
    resize(slots_.capacity() / 2);
  if (kHoldsViews<Key> && text_ && dead_text_ * 2 > text_->allocated_bytes()) compact_text();
  recharge();
  return before - std::min(before, charged_);
}

template <class Key, class Object>
std::size_t KeyedTable<Key, Object>::evict_slots(std::size_t bytes, std::size_t slots, StateDelta& delta) {
  std::size_t freed = 0;
  std::size_t gone = 0;
  const EventTime horizon = this->horizon();
  // Twice around: the first pass may find everything just touched.
  for (std::size_t looked = 0;
       looked < 2 * slots_.capacity() && gone < slots && freed < bytes && slots_.size() > 0; ++looked) {
    if (hand_ >= slots_.capacity()) hand_ = 0;
    Slot& slot = slots_[hand_];
    if (slot.hash == 0 || (slot.flags & kTouched)) {
      if (slot.hash != 0) slot.flags &= static_cast<std::uint8_t>(~kTouched);
      ++hand_;
      continue;
    }
    if (is_dirty(hand_)) {  // its bit goes with its place
      expire(hand_, horizon);
      write(hand_, delta);
    }
    if (!(slot.flags & kAbsent) || (slot.flags & kStored)) complete_ = false;
    freed += sizeof(Slot) + slot.heap;
    ++gone;
    erase_slot(hand_);
  }
  return freed;
}

template <class Key, class Object>
void KeyedTable<Key, Object>::compact_text() {
  if constexpr (kHoldsViews<Key>) {
    ArenaRef fresh = ArenaRef::make();
    for (std::size_t i = 0; i < slots_.capacity(); ++i)
      if (!slots_.is_empty(i)) own_text(slots_[i].key, *fresh);
    text_ = std::move(fresh);
    dead_text_ = 0;
  }
}

}  // namespace weir
