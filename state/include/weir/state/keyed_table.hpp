#pragma once

#include <algorithm>
#include <bit>
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
#include <weir/state/slot_table.hpp>
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
      : states_(states), entries_(states, state_name, name_space), complete_(origin == Origin::kNew) {
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
    Slot* slot = whole(hash, key);
    return slot && !(slot->flags & kAbsent) ? &slot->object : nullptr;
  }
  /// The same, to be changed.
  Object* edit_if(std::uint64_t hash, const Key& key) {
    measure_edited();
    Slot* slot = whole(hash, key);
    if (!slot || (slot->flags & kAbsent)) return nullptr;
    return &edited(*slot);
  }
  /// The object of `key`, made when there is none, to be changed.
  Object& edit(std::uint64_t hash, const Key& key) {
    measure_edited();
    Slot* slot = whole(hash, key);
    if (!slot) slot = &insert(hash, key);
    Object& object = edited(*slot);
    slot->flags &= static_cast<std::uint8_t>(~kAbsent);
    return object;
  }
  /// The object of `key` to add to it without reading what the tier has of it. Only for objects that can be added to unread.
  Object& edit_unread(std::uint64_t hash, const Key& key) requires kAddsUnread {
    measure_edited();
    Slot* slot = slots_.find(hash, key);
    if (!slot) {
      slot = &insert(hash, key);
      if (!complete_) slot->flags |= kPartial | kStored;
    }
    Object& object = edited(*slot);
    slot->flags &= static_cast<std::uint8_t>(~kAbsent);
    return object;
  }
  void erase(std::uint64_t hash, const Key& key) {
    measure_edited();
    Slot* slot = kManyEntries || complete_ ? whole(hash, key) : slots_.find(hash, key);
    if (!slot) {
      if (complete_) return;
      slot = &insert(hash, key);  // unread: the tier may have it
      slot->flags |= kStored;
    }
    copy_sealed(slots_.index_of(*slot));
    if constexpr (kManyEntries) slot->object.clear();
    else slot->object = Object{};
    if (slot->flags & kStored) {
      edited(*slot);
      slot->flags |= kAbsent;
    } else if (complete_) {
      erase_slot(slots_.index_of(*slot));
    } else {
      // The tier must not be asked: an erasure that was sealed may not have reached it.
      slot->flags |= kAbsent;
      set_dirty(slots_.index_of(*slot), false);
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
    for_each_from(0, slots_.capacity(), visit);
  }
  /// The same, a portion at a time: visits the slots of a walk from `begin` to `begin + count` and returns where to go on, 0 at the end. Nothing may change
  /// in between.
  template <class Visit>
  std::size_t for_each_from(std::size_t begin, std::size_t count, Visit&& visit) const {
    const std::size_t end = std::min(slots_.capacity(), begin + count);
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t at = slots_.walk(i);
      if (!slots_.is_empty(at) && !(slots_[at].flags & kAbsent)) visit(slots_[at].key, slots_[at].object);
    }
    return end == slots_.capacity() ? 0 : end;
  }
  using TierCursor = typename TierEntries<Key, Object>::Cursor;
  /// Walks over what the tier has of this state, whatever is newer in memory: visit(key, subkey, value), about `most` entries from
  /// `cursor` on. True when it came to the end. Nothing of the table may be used by visit.
  template <class Visit>
  bool scan_tier(TierCursor& cursor, std::size_t most, Visit&& visit) const {
    return entries_.scan_from(cursor, most, visit);
  }
  /// Whether the object of a key is in memory, or known to be absent.
  bool in_memory(std::uint64_t hash, const Key& key) const { return slots_.find(hash, key) != nullptr; }
  /// Values whose time is over by `expiry` are erased instead of written. The tier may clean by it too. Outlives the table.
  void expire_by(Expiry& expiry) requires kBeginsWithTime<Object> { expiry_ = &expiry; }
  /// Nothing of this state is in the tier alone.
  bool complete() const { return complete_; }
  /// Objects in memory, about.
  std::size_t size() const { return slots_.size(); }
  /// Brings everything into memory, where it stays: a table that is walked, not looked into, by its operator.
  void pin() {
    pinned_ = true;
    if (!complete_) load_all();
  }
  /// Forgets everything, here and in the tier. The way of a table whose time is over.
  void drop() {
    finish_seal();
    if (written_ || !complete_) entries_.drop();
    slots_.clear();
    dirty_.clear();
    sealed_.clear();
    erased_.clear();
    hand_ = 0;
    edited_ = kNone;
    text_ = ArenaRef();
    dead_text_ = heap_ = 0;
    written_ = false;
    complete_ = true;
    recharge();
  }

  void begin_seal() override;
  bool seal_some(std::size_t entries, StateDelta& delta) override;
  void settle() override {
    measure_edited();
    recharge();
  }
  std::size_t evict(std::size_t bytes, StateDelta& delta) override;

 private:
  static constexpr std::uint8_t kStored = 1;    // the tier may hold it
  static constexpr std::uint8_t kAbsent = 2;    // known not to be there
  static constexpr std::uint8_t kTouched = 4;   // used since the hand last passed
  static constexpr std::uint8_t kPartial = 8;   // the tier holds more of it
  static constexpr std::uint8_t kLoading = 16;  // being taken in by load_all()
  static constexpr std::size_t kNone = ~std::size_t{0};
  using Slots = SlotTable<Key, Object>;
  using Slot = typename Slots::Slot;

  using Bits = std::vector<std::uint64_t>;
  static bool is_set(const Bits& bits, std::size_t i) { return bits[i >> 6] >> (i & 63) & 1; }
  static void assign(Bits& bits, std::size_t i, bool value) {
    const std::uint64_t bit = std::uint64_t{1} << (i & 63);
    bits[i >> 6] = value ? bits[i >> 6] | bit : bits[i >> 6] & ~bit;
  }
  bool is_dirty(std::size_t i) const { return is_set(dirty_, i); }
  void set_dirty(std::size_t i, bool dirty) { assign(dirty_, i, dirty); }
  /// Sealed, and not in the barrier's delta yet.
  bool is_sealed(std::size_t i) const { return sealing_left_ > 0 && is_set(sealed_, i); }
  /// Before a sealed object is changed, what the barrier is to hold is copied.
  void copy_sealed(std::size_t i) {
    if (!is_sealed(i)) return;
    assign(sealed_, i, false);
    --sealing_left_;
    write(i, states_.sealing_delta());
  }
  void finish_seal() {
    while (sealing_left_ > 0) seal_some(sealing_left_, states_.sealing_delta());
  }

  /// The slot of `key` with all there is of it; null: there is none.
  Slot* whole(std::uint64_t hash, const Key& key) {
    Slot* slot = slots_.find(hash, key);
    if (slot) {
      if (slot->flags & kPartial) read_rest(*slot);
    } else {
      if (complete_) return nullptr;
      measure_edited();
      slot = &bring_in(hash, key);
    }
    slot->flags |= kTouched;
    return slot;
  }
  Object& edited(Slot& slot) {
    const std::size_t i = slots_.index_of(slot);
    copy_sealed(i);
    slot.flags |= kTouched;
    set_dirty(i, true);
    edited_ = i;
    return slot.object;
  }

  Slot& bring_in(std::uint64_t hash, const Key& key) {
    Slot& slot = insert(hash, key);
    slot.flags |= kAbsent;
    read_rest(slot);
    return slot;
  }
  void read_rest(Slot& slot) {
    const bool any = entries_.read(slot.hash, slot.key, slot.object);
    slot.flags &= static_cast<std::uint8_t>(~kPartial);
    if (any) slot.flags = static_cast<std::uint8_t>((slot.flags | kStored) & ~kAbsent);
    measure(slots_.index_of(slot));
  }
  void take_in(Slot& slot, std::string_view value) {
    slot.object = TierEntries<Key, Object>::decode(value);
    slot.flags = kStored | kTouched;
    measure(slots_.index_of(slot));
  }
  template <class Rows>
  void fetch_missing(const Rows& rows);
  void load_all();

  Slot& insert(std::uint64_t hash, const Key& key);
  void erase_slot(std::size_t i);
  void make_room();
  void resize(std::size_t capacity);
  /// Writes what a changed slot has to say.
  void write(std::size_t i, StateDelta& delta);
  /// An object whose time is over by `horizon` counts as erased.
  void expire(std::size_t i, EventTime horizon) {
    if constexpr (kExpiresWhole<Object>)
      if (Expiry::is_over(slots_[i].object.get().written, horizon)) slots_[i].flags |= kAbsent;
  }
  EventTime horizon() const { return expiry_ ? expiry_->horizon() : EventTime::min(); }
  std::size_t evict_slots(std::size_t bytes, std::size_t slots, StateDelta& delta);
  /// Gives back the places of objects whose erasure was sealed.
  void forget_erased();
  void compact_text();

  void measure_edited() {
    if (edited_ != kNone) measure(std::exchange(edited_, kNone));
  }
  void measure(std::size_t i) {
    if constexpr (std::is_trivially_copyable_v<Object>) return;
    const auto now =
        static_cast<std::uint32_t>(std::min<std::size_t>(heap_bytes(slots_[i].object), 0xffffffff));
    heap_ += now;
    heap_ -= std::exchange(slots_[i].heap, now);
  }
  void recharge() {
    const std::size_t bytes = slots_.bytes() + heap_ + (text_ ? text_->allocated_bytes() : 0);
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
  Bits dirty_;                         ///< changed since the last seal
  Bits sealed_;                        ///< changed before it, and to be written; while sealing_left_ > 0
  std::size_t sealing_left_ = 0;       ///< how many
  std::size_t sealing_word_ = 0;       ///< how far the walk over sealed_ has come
  std::vector<std::uint64_t> erased_;  ///< hashes of what is to go once the seal is complete
  std::size_t edited_ = kNone;         ///< the slot whose object may have changed its size
  std::size_t hand_ = 0;               ///< where eviction goes on: the clock algorithm
  std::size_t heap_ = 0;
  std::size_t charged_ = 0;
  ArenaRef text_;  ///< of keys
  std::size_t dead_text_ = 0;
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
    Slot& slot = insert(missing[i].first, missing[i].second);
    slot.flags |= kAbsent | kTouched;
    if (found[i]) take_in(slot, *found[i]);
  }
}

template <class Key, class Object>
typename KeyedTable<Key, Object>::Slot& KeyedTable<Key, Object>::insert(std::uint64_t hash, const Key& key) {
  if (slots_.is_full()) make_room();
  Key own = key;
  if constexpr (kHoldsViews<Key>) {
    if (!text_) text_ = ArenaRef::make();
    own_text(own, *text_);
  }
  Slot& slot = slots_.insert(hash, std::move(own));
  slot.flags = kTouched;
  return slot;
}

template <class Key, class Object>
void KeyedTable<Key, Object>::resize(std::size_t capacity) {
  const Bits old_dirty = std::exchange(dirty_, Bits((capacity + 63) / 64));
  const Bits old_sealed = std::exchange(sealed_, sealing_left_ > 0 ? Bits(dirty_.size()) : Bits());
  sealing_word_ = hand_ = 0;
  slots_.resize(capacity, [&](std::size_t from, std::size_t to) {
    if (is_set(old_dirty, from)) set_dirty(to, true);
    if (sealing_left_ > 0 && is_set(old_sealed, from)) assign(sealed_, to, true);
  });
}

template <class Key, class Object>
void KeyedTable<Key, Object>::erase_slot(std::size_t i) {
  heap_ -= slots_[i].heap;
  if constexpr (kHoldsViews<Key>) {
    detail::TextMeasure measure;
    own_text(slots_[i].key, measure);
    dead_text_ += measure.bytes;
  }
  edited_ = kNone;
  copy_sealed(i);
  const std::size_t empty = slots_.erase(i, [this](std::size_t from, std::size_t to) {
    copy_sealed(from);  // it may move to where the walk over what is sealed has been
    set_dirty(to, is_dirty(from));
  });
  set_dirty(empty, false);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::write(std::size_t i, StateDelta& delta) {
  Slot& slot = slots_[i];
  entries_.write(slot.hash, slot.key, slot.object, (slot.flags & kAbsent) != 0, delta);
  written_ = true;
  slot.flags = static_cast<std::uint8_t>(slot.flags & kAbsent ? slot.flags & ~kStored : slot.flags | kStored);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::begin_seal() {
  settle();
  if constexpr (kBeginsWithTime<Object>) {
    sealed_horizon_ = horizon();
    if (expiry_) entries_.set_expired(sealed_horizon_);
  }
  sealing_left_ = 0;
  for (const std::uint64_t word : dirty_) sealing_left_ += static_cast<std::size_t>(std::popcount(word));
  if (sealing_left_ == 0) return;
  sealed_ = std::exchange(dirty_, Bits(dirty_.size()));
  sealing_word_ = 0;
}

template <class Key, class Object>
bool KeyedTable<Key, Object>::seal_some(std::size_t entries, StateDelta& delta) {
  for (; sealing_left_ > 0 && entries > 0; ++sealing_word_) {
    WEIR_DCHECK(sealing_word_ < sealed_.size(), "what is sealed is found");
    for (std::uint64_t bits = std::exchange(sealed_[sealing_word_], 0); bits != 0; bits &= bits - 1) {
      const std::size_t i = sealing_word_ * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      --sealing_left_;
      entries -= std::min<std::size_t>(entries, 1);
      expire(i, sealed_horizon_);
      write(i, delta);
      if (complete_ && (slots_[i].flags & kAbsent)) erased_.push_back(slots_[i].hash);
    }
  }
  if (sealing_left_ > 0) return false;
  forget_erased();
  return true;
}

template <class Key, class Object>
void KeyedTable<Key, Object>::forget_erased() {
  for (const std::uint64_t hash : std::exchange(erased_, {})) {
    Slot* gone = slots_.find_if(hash, [this](const Slot& slot) {
      return (slot.flags & kAbsent) && !is_dirty(slots_.index_of(slot));
    });
    if (gone) erase_slot(slots_.index_of(*gone));
  }
  if (kHoldsViews<Key> && text_ && dead_text_ > Arena::kChunkBytes &&
      dead_text_ * 2 > text_->allocated_bytes())
    compact_text();
  recharge();
}

template <class Key, class Object>
void KeyedTable<Key, Object>::load_all() {
  entries_.scan([this](const Key& key, std::string_view subkey, std::string_view value) {
    const std::uint64_t hash = hash_key(key);
    Slot* slot = slots_.find(hash, key);
    const bool known = slot && !(slot->flags & kPartial);
    if constexpr (kManyEntries) {
      if (known && !(slot->flags & kLoading)) return;
      if (!slot) slot = &insert(hash, key);
      slot->flags = static_cast<std::uint8_t>((slot->flags & ~(kPartial | kAbsent)) | kStored | kLoading);
      slot->object.load(subkey, value);
      measure(slots_.index_of(*slot));
    } else if (!known) {
      take_in(insert(hash, key), value);
    }
  });
  for (std::size_t i = 0; i < slots_.capacity(); ++i)
    if (!slots_.is_empty(i)) slots_[i].flags &= static_cast<std::uint8_t>(~kLoading);
  complete_ = written_ = true;
  recharge();
}

}  // namespace weir

#include <weir/state/keyed_table_memory.hpp>
