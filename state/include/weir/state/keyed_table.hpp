#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/assert.hpp>
#include <weir/core/hash.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/segmented_table.hpp>
#include <weir/state/stamped.hpp>
#include <weir/state/tier_entries.hpp>

namespace weir {

/// One state of an operator on one worker: objects by key, live in memory in front of the worker's tier. What has changed is written at a barrier, or when it is evicted because the worker's
/// memory is short; a key that is not in memory is read when it is asked for, unless it is known that the tier has none.
///
/// `Object` is a value with a StateCodec, written whole, or one of ManyEntries. References stay valid until the next call that is
/// not const. One thread.
template <class Key, class Object>
class KeyedTable final : public StateTable {
 public:
  static constexpr bool kManyEntries = ManyEntries<Object>;
  static constexpr bool kAddsUnread = AddsUnread<Object>;

  /// Whether the tier may hold something under this name.
  enum class Origin { kNew, kStored };

  KeyedTable(OperatorStates& states, std::string_view state_name)
      : KeyedTable(states, state_name, 0, states.restored() ? Origin::kStored : Origin::kNew) {}
  /// For states that are divided further, by time for instance: each `name_space` is a table of its own.
  KeyedTable(OperatorStates& states, std::string_view state_name, std::uint64_t name_space, Origin origin)
      : states_(states),
        entries_(states, state_name, name_space),
        complete_(origin == Origin::kNew),
        slots_(entries_.identity(), kSmallest) {
    states_.add(*this);
    if (!complete_ && states_.store().mode() == StateMode::kHeap) load_all();
  }
  KeyedTable(const KeyedTable&) = delete;
  KeyedTable& operator=(const KeyedTable&) = delete;
  ~KeyedTable() override {
    finish_seal();
    states_.store().charge(-static_cast<std::ptrdiff_t>(charged_));
    states_.remove(*this);
  }

  /// The object of `key`, or null when there is none.
  const Object* find(std::uint64_t hash, const Key& key) {
    const Place slot = whole(hash, key);
    return slot && !(slot->flags & kAbsent) ? &slot->object : nullptr;
  }
  /// The same, to be changed.
  Object* edit_if(std::uint64_t hash, const Key& key) {
    measure_edited();
    const Place slot = whole(hash, key);
    if (!slot || (slot->flags & kAbsent)) return nullptr;
    return &edited(slot);
  }
  /// The object of `key`, made when there is none, to be changed.
  Object& edit(std::uint64_t hash, const Key& key) {
    measure_edited();
    Place slot = whole(hash, key);
    if (!slot) slot = insert(hash, key);
    Object& object = edited(slot);
    slot->flags &= static_cast<std::uint8_t>(~kAbsent);
    return object;
  }
  /// The object of `key` to add to it without reading what the tier has of it. Only for objects that can be added to unread.
  Object& edit_unread(std::uint64_t hash, const Key& key) requires kAddsUnread {
    measure_edited();
    Place slot = slots_.find(hash, key);
    if (!slot) {
      slot = insert(hash, key);
      if (!complete_) slot->flags |= kPartial | kStored;
    }
    Object& object = edited(slot);
    slot->flags &= static_cast<std::uint8_t>(~kAbsent);
    return object;
  }
  void erase(std::uint64_t hash, const Key& key) {
    measure_edited();
    Place slot = kManyEntries || complete_ ? whole(hash, key) : slots_.find(hash, key);
    if (!slot) {
      if (complete_) return;
      slot = insert(hash, key);  // unread: the tier may have it
      slot->flags |= kStored;
    }
    copy_sealed(slot);
    if constexpr (kManyEntries) slot->object.clear();
    else slot->object = Object{};
    if (slot->flags & kStored) {
      edited(slot);
      slot->flags |= kAbsent;
    } else if (complete_) {
      erase_slot(slot);
    } else {
      // The tier must not be asked: an erasure that was sealed may not have reached it.
      slot->flags |= kAbsent;
      slots_.mark_clean(slot);
    }
  }

  /// Asks the processor for the cache line of `hash`.
  void prefetch(std::uint64_t hash) const { slots_.prefetch(hash); }
  /// Brings in what the tier has of `rows`, each with .hash and .key, in one read; nothing where all is in memory.
  template <class Rows>
  void fetch(const Rows& rows) {
    for (const auto& row : rows) prefetch(row.hash);
    if constexpr (!kManyEntries) {
      if (complete_) return;
      measure_edited();
      fetch_missing(rows);
    }
  }

  /// Objects in memory: all there are when complete().
  template <class Visit>
  void for_each(Visit&& visit) const {
    TableCursor cursor;
    for_each_from(cursor, ~std::size_t{0}, visit);
  }
  /// The same, a portion at a time: visits what is in about `count` places from `cursor` on, and moves on. True when it came to the end, and the cursor is at the
  /// beginning again. What is inserted or erased in between may be missed or seen twice, or keep others from being seen.
  template <class Visit>
  bool for_each_from(TableCursor& cursor, std::size_t count, Visit&& visit) const {
    for (; count > 0 && !slots_.at_end(cursor); slots_.advance(cursor), --count) {
      const Slot* slot = slots_.slot(cursor);
      if (slot && !(slot->flags & kAbsent)) visit(slot->key, slot->object);
    }
    if (!slots_.at_end(cursor)) return false;
    cursor = {};
    return true;
  }
  /// Visits all objects, also those that are in the tier alone, without keeping these: visit(hash, key, object). Nothing of the table may be
  /// used by visit.
  template <class Visit>
  void for_each_stored(Visit&& visit) const requires(!kManyEntries) {
    for_each([&](const Key& key, const Object& object) { visit(hash_key(key), key, object); });
    if (complete_) return;
    // What memory has, or knows to be gone, may be newer than what the tier says of it.
    entries_.scan([&](const Key& key, std::string_view, std::string_view value) {
      const std::uint64_t hash = hash_key(key);
      if (!in_memory(hash, key)) visit(hash, key, TierEntries<Key, Object>::decode(value));
    });
  }
  using TierCursor = typename TierEntries<Key, Object>::Cursor;
  /// Walks over what the tier has of this state, whatever is newer in memory: visit(key, subkey, value), about `most` entries from
  /// `cursor` on. True when it came to the end. Nothing of the table may be used by visit.
  template <class Visit>
  bool scan_tier(TierCursor& cursor, std::size_t most, Visit&& visit) const {
    return entries_.scan_from(cursor, most, visit);
  }
  /// Whether the object of a key is in memory, or known to be absent.
  bool in_memory(std::uint64_t hash, const Key& key) const {
    return static_cast<bool>(slots_.find(hash, key));
  }
  /// Values whose time is over by `expiry` are erased instead of written. The tier may clean by it too. Outlives the table.
  void expire_by(Expiry& expiry) requires kBeginsWithTime<Object> { expiry_ = &expiry; }
  /// Nothing of this state is in the tier alone.
  bool complete() const { return complete_; }
  /// Objects in memory, about.
  std::size_t size() const { return slots_.size(); }
  /// Brings everything into memory, where it stays: a table that is walked, not looked into, by its operator.
  void pin() {
    pinned_ = true;
    measure_edited();
    if (!complete_) load_all();
  }
  /// Forgets everything, here and in the tier. The way of a table whose time is over.
  void drop() {
    finish_seal();
    if (written_ || !complete_) entries_.drop();
    slots_.release();
    erased_.clear();
    hand_ = 0;
    edited_ = {};
    text_ = heap_ = 0;
    written_ = false;
    complete_ = true;
    recharge();
  }

  void begin_seal() override;
  bool seal_some(std::size_t entries, StateDelta& delta) override;
  void settle() override {
    measure_edited();
    if (!erased_.empty()) forget_erased();
    recharge();
  }
  std::size_t evict(std::size_t bytes, StateDelta& delta) override;

 private:
  static constexpr std::uint8_t kStored = 1;    // the tier may hold it
  static constexpr std::uint8_t kAbsent = 2;    // known not to be there
  static constexpr std::uint8_t kTouched = 4;   // used since the hand last passed
  static constexpr std::uint8_t kPartial = 8;   // the tier holds more of it
  static constexpr std::uint8_t kLoading = 16;  // being taken in by load_all()
  static constexpr std::uint32_t kSmallest = 64;
  static constexpr std::size_t kForgottenAtOnce = 4096;
  /// Where memory is short a segment of so many bytes makes room among its own slots; a smaller one grows, or each eviction would be a tiny file.
  static constexpr std::size_t kWorthEvicting = std::size_t{256} << 10;
  struct Slot {
    std::uint64_t hash;
    std::uint32_t heap;  ///< bytes outside of the slot, when last measured
    std::uint8_t flags;
    Key key;
    Object object;
  };
  using Slots = SegmentedTable<Slot>;
  using Segment = typename Slots::Segment;
  using Place = typename Slots::Place;

  /// Before a sealed object is changed, what the barrier is to hold is copied.
  void copy_sealed(Place place) {
    slots_.copy_sealed(place, [this](Place sealed) { keep(sealed, states_.sealing_delta()); });
  }
  void finish_seal() {
    if (slots_.sealing()) seal_some(~std::size_t{0}, states_.sealing_delta());
  }

  /// The slot of `key` with all there is of it; null: there is none.
  Place whole(std::uint64_t hash, const Key& key) {
    Place slot = slots_.find(hash, key);
    if (slot) {
      if (slot->flags & kPartial) read_rest(*slot);
    } else {
      if (complete_) return {};
      measure_edited();
      slot = bring_in(hash, key);
    }
    slot->flags |= kTouched;
    return slot;
  }
  Object& edited(Place slot) {
    slots_.change(slot, [this](Place sealed) { keep(sealed, states_.sealing_delta()); });
    slot->flags |= kTouched;
    edited_ = slot;
    return slot->object;
  }

  Place bring_in(std::uint64_t hash, const Key& key) {
    const Place slot = insert(hash, key);
    slot->flags |= kAbsent;
    read_rest(*slot);
    return slot;
  }
  void read_rest(Slot& slot) {
    const bool any = entries_.read(slot.hash, slot.key, slot.object);
    slot.flags &= static_cast<std::uint8_t>(~kPartial);
    if (any) slot.flags = static_cast<std::uint8_t>((slot.flags | kStored) & ~kAbsent);
    measure(slot);
  }
  void take_in(Slot& slot, std::string_view value) {
    slot.object = TierEntries<Key, Object>::decode(value);
    slot.flags = kStored | kTouched;
    measure(slot);
  }
  template <class Rows>
  void fetch_missing(const Rows& rows);
  void load_all();

  Place insert(std::uint64_t hash, const Key& key);
  void erase_slot(Place place);
  void make_room(std::uint64_t hash);
  /// Keys own their text in their segment.
  void own_texts(Segment& segment);
  void compact_text(Segment& segment);
  std::size_t text_bytes(const Segment& segment) const {
    return segment.text ? segment.text->allocated_bytes() : 0;
  }
  /// Writes what a changed slot has to say.
  void write(Slot& slot, StateDelta& delta);
  /// The same for a barrier.
  void keep(Place place, StateDelta& delta);
  /// An object whose time is over by `horizon` counts as erased.
  void expire(Slot& slot, EventTime horizon) {
    if constexpr (kExpiresWhole<Object>)
      if (Expiry::is_over(slot.object.get().written, horizon)) slot.flags |= kAbsent;
  }
  EventTime horizon() const { return expiry_ ? expiry_->horizon() : EventTime::min(); }
  /// Lets go of up to `slots` objects of a segment.
  void evict_slots(Segment& segment, std::size_t slots, StateDelta& delta);
  /// Writes the changed objects of a segment that were not used lately, before it is their turn to go: a few large deltas cost the tier less than
  /// many small ones.
  void write_idle(Segment& segment, StateDelta& delta);
  /// Whether the tier has it, or may be given it.
  bool may_go(Place place) {
    return !states_.store().snapshot_in_flight() || !(slots_.is_dirty(place) || slots_.was_sealed(place));
  }
  /// Gives back the places of objects whose erasure is in the tier.
  void forget_erased();

  void measure_edited() {
    if (edited_) measure(*std::exchange(edited_, Place{}));
  }
  void measure(Slot& slot) {
    if constexpr (std::is_trivially_copyable_v<Object>) return;
    const auto now = static_cast<std::uint32_t>(std::min<std::size_t>(heap_bytes(slot.object), 0xffffffff));
    heap_ += now;
    heap_ -= std::exchange(slot.heap, now);
  }
  void recharge() {
    const std::size_t bytes = slots_.bytes() + heap_ + text_;
    if (bytes == charged_) return;
    states_.store().charge(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(charged_));
    charged_ = bytes;
  }

  OperatorStates& states_;
  TierEntries<Key, Object> entries_;
  Expiry* expiry_ = nullptr;
  EventTime sealed_horizon_ =
      EventTime::min();  ///< of the barrier: a later one might be too late for its snapshot
  bool pinned_ = false;
  bool complete_;         ///< everything there is is in memory
  bool written_ = false;  ///< something has gone to the tier
  Slots slots_;
  std::vector<std::uint64_t> erased_;  ///< hashes of objects whose erasure was sealed
  Place edited_;                       ///< whose object may have changed its size
  std::uint32_t hand_ = 0;             ///< the segment where eviction goes on: the clock algorithm
  std::size_t heap_ = 0;
  std::size_t text_ = 0;  ///< bytes of keys' text
  std::size_t charged_ = 0;
};

template <class Key, class Object>
template <class Rows>
void KeyedTable<Key, Object>::fetch_missing(const Rows& rows) {
  std::vector<std::string> names;
  std::vector<std::pair<std::uint64_t, Key>> missing;
  for (const auto& row : rows) {
    if (slots_.find(row.hash, row.key)) continue;
    names.push_back(entries_.name_of(row.hash, row.key));
    missing.emplace_back(row.hash, row.key);
  }
  if (names.empty()) return;
  const auto found = entries_.read_all(names);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (slots_.find(missing[i].first, missing[i].second)) continue;  // the same key twice
    const Place slot = insert(missing[i].first, missing[i].second);
    slot->flags |= kAbsent | kTouched;
    if (found[i]) take_in(*slot, *found[i]);
  }
}

template <class Key, class Object>
typename KeyedTable<Key, Object>::Place KeyedTable<Key, Object>::insert(std::uint64_t hash, const Key& key) {
  make_room(hash);
  Key own = key;
  if constexpr (kHoldsViews<Key>) {
    Segment& segment = *slots_.segment_of(hash);
    if (!segment.text) segment.text = ArenaRef::make();
    text_ -= text_bytes(segment);
    own_text(own, *segment.text);
    text_ += text_bytes(segment);
  }
  return slots_.insert({hash, 0, kTouched, std::move(own), Object()});
}

template <class Key, class Object>
void KeyedTable<Key, Object>::erase_slot(Place place) {
  heap_ -= place->heap;
  if constexpr (kHoldsViews<Key>) {
    detail::TextMeasure measure;
    own_text(place->key, measure);
    place.segment->dead_text += measure.bytes;
  }
  edited_ = {};
  copy_sealed(place);
  // What moves may come to where the walk over what is sealed has been.
  slots_.erase(place, [this](Place moving) { copy_sealed(moving); });
}

template <class Key, class Object>
void KeyedTable<Key, Object>::write(Slot& slot, StateDelta& delta) {
  entries_.write(slot.hash, slot.key, slot.object, (slot.flags & kAbsent) != 0, delta);
  written_ = true;
  slot.flags = static_cast<std::uint8_t>(slot.flags & kAbsent ? slot.flags & ~kStored : slot.flags | kStored);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::keep(Place place, StateDelta& delta) {
  write(*place, delta);
  if (complete_ && (place->flags & kAbsent)) erased_.push_back(place->hash);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::begin_seal() {
  settle();
  if constexpr (kBeginsWithTime<Object>) {
    sealed_horizon_ = horizon();
    if (expiry_) entries_.set_expired(sealed_horizon_);
  }
  slots_.begin_seal();
}

template <class Key, class Object>
bool KeyedTable<Key, Object>::seal_some(std::size_t entries, StateDelta& delta) {
  return slots_.seal_some(entries, [&](Place place) {
    expire(*place, sealed_horizon_);
    keep(place, delta);
  });
}

template <class Key, class Object>
void KeyedTable<Key, Object>::forget_erased() {
  if (slots_.sealing() || states_.store().snapshot_in_flight()) return;
  for (std::size_t n = std::min(erased_.size(), kForgottenAtOnce); n > 0; --n) {
    const std::uint64_t hash = erased_.back();
    erased_.pop_back();
    const Place gone = slots_.find_if(hash, [](const Slot& slot) { return (slot.flags & kAbsent) != 0; });
    if (!gone || slots_.is_dirty(gone)) continue;
    erase_slot(gone);
    compact_text(*gone.segment);
  }
}

template <class Key, class Object>
void KeyedTable<Key, Object>::load_all() {
  entries_.scan([this](const Key& key, std::string_view subkey, std::string_view value) {
    const std::uint64_t hash = hash_key(key);
    Place slot = slots_.find(hash, key);
    const bool known = slot && !(slot->flags & kPartial);
    if constexpr (kManyEntries) {
      if (known && !(slot->flags & kLoading)) return;
      if (!slot) slot = insert(hash, key);
      slot->flags = static_cast<std::uint8_t>((slot->flags & ~(kPartial | kAbsent)) | kStored | kLoading);
      slot->object.load(subkey, value);
      measure(*slot);
    } else if (!known) {
      take_in(*insert(hash, key), value);
    }
  });
  slots_.for_each([](Place place) { place->flags &= static_cast<std::uint8_t>(~kLoading); });
  complete_ = written_ = true;
  recharge();
}

}  // namespace weir

#include <weir/state/keyed_table_memory.hpp>
