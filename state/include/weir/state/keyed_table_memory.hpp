#pragma once

/// How a KeyedTable grows, and what it does when memory is short: part of keyed_table.hpp.

#include <algorithm>
#include <cstddef>
#include <utility>

#include <weir/state/keyed_table.hpp>

namespace weir {

template <class Key, class Object>
void KeyedTable<Key, Object>::make_room(std::uint64_t hash) {
  for (Segment* full = slots_.segment_of(hash); !full || full->is_full(); full = slots_.segment_of(hash)) {
    if (full && !pinned_ && full->bytes() >= kWorthEvicting && !states_.store().has_room_for(full->bytes())) {
      StateDelta delta;
      evict_slots(*full, full->size() / 8, delta);
      if (!delta.empty()) states_.write(std::move(delta));
      if (!full->is_full()) return;
    }
    const std::size_t text = full ? text_bytes(*full) : 0;
    slots_.grow(hash, [this](Segment& segment) { own_texts(segment); });
    text_ -= text;
    recharge();
  }
}

template <class Key, class Object>
std::size_t KeyedTable<Key, Object>::evict(std::size_t bytes, StateDelta& delta) {
  if (pinned_) return 0;
  settle();
  const std::size_t before = charged_;
  const std::size_t goal = charged_ - std::min(charged_, bytes);
  // Twice around: the first time everything may have been just touched.
  for (std::size_t n = 2 * slots_.segments().size(); n > 0 && charged_ > goal; --n) {
    if (++hand_ >= slots_.segments().size()) hand_ = 0;
    Segment& segment = *slots_.segments()[hand_];
    // Slots give memory back when the segment shrinks by half: three in four of its places must be free then.
    evict_slots(segment, segment.size() - std::min(segment.size(), segment.capacity() / 4), delta);
    if (slots_.can_shrink(segment)) {
      text_ -= text_bytes(segment);
      slots_.shrink(segment, [this](Segment& smaller) { own_texts(smaller); });
    }
    recharge();
  }
  return before - std::min(before, charged_);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::evict_slots(Segment& segment, std::size_t slots, StateDelta& delta) {
  const EventTime horizon = this->horizon();
  bool wrote = false;
  for (std::size_t looked = 2 * std::size_t{segment.capacity()};
       looked > 0 && slots > 0 && segment.size() > 0; --looked) {
    const Place place{&segment, segment.hand};
    if (segment.is_empty(place.i) || (place->flags & kTouched) || !may_go(place)) {
      if (!segment.is_empty(place.i)) place->flags &= static_cast<std::uint8_t>(~kTouched);
      segment.move_hand();
      continue;
    }
    if (slots_.is_dirty(place)) {
      expire(*place, horizon);
      write(*place, delta);
      wrote = true;
    }
    if (!(place->flags & kAbsent) || (place->flags & kStored)) complete_ = false;
    --slots;
    erase_slot(place);
  }
  if (wrote) write_idle(segment, delta);
  compact_text(segment);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::write_idle(Segment& segment, StateDelta& delta) {
  if constexpr (kManyEntries) return;
  const EventTime horizon = this->horizon();
  for (std::uint32_t i = 0; i < segment.capacity(); ++i) {
    const Place place{&segment, i};
    if (segment.is_empty(i) || (place->flags & (kTouched | kAbsent)) || !slots_.is_dirty(place) ||
        !may_go(place))
      continue;
    expire(*place, horizon);
    if (place->flags & kAbsent) continue;
    write(*place, delta);
    slots_.mark_clean(place);
  }
}

template <class Key, class Object>
void KeyedTable<Key, Object>::own_texts(Segment& segment) {
  if constexpr (kHoldsViews<Key>) {
    ArenaRef fresh = ArenaRef::make();
    for (std::uint32_t i = 0; i < segment.capacity(); ++i)
      if (!segment.is_empty(i)) own_text(segment[i].key, *fresh);
    segment.text = std::move(fresh);
    segment.dead_text = 0;
    text_ += text_bytes(segment);
  }
}

template <class Key, class Object>
void KeyedTable<Key, Object>::compact_text(Segment& segment) {
  if (segment.dead_text < Arena::kChunkBytes || segment.dead_text * 2 < text_bytes(segment)) return;
  text_ -= text_bytes(segment);
  own_texts(segment);
}

}  // namespace weir
