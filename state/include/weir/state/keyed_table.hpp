#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/assert.hpp>
#include <weir/core/hash.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/pane_table.hpp>

namespace weir {

/// An object that is kept in several entries of the tier, so that a change writes only what has changed: RowList, OrderedMap.
///   load(subkey, value)   takes in one entry; called in order of subkeys
///   write(next_sequence, put, erase)  gives what has changed since the last write: put(subkey, value), erase(subkey)
///   clear()               empties it; the next write erases what was stored
template <class Object>
concept ManyEntries = requires(Object object, std::string_view bytes) {
  object.load(bytes, bytes);
  object.clear();
};

/// Many entries that can be added to before what the tier holds is known.
///   holds(subkey)    whether an entry of the tier is among what it has
///   prepend(older)   takes in what the tier had besides
template <class Object>
concept AddsUnread = ManyEntries<Object> && requires(Object object, std::string_view subkey) {
  object.holds(subkey);
  object.prepend(std::move(object));
};

/// One state of an operator on one worker: objects by key, live in memory in front of the worker's tier. An open-addressing table,
/// probed by the hash's upper bits; what has changed is written at a barrier, or when it is evicted because the worker's
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
        state_id_(weir::state_id(states.operator_name(), state_name)),
        name_space_(name_space),
        tier_key_(state_prefix(0, state_id_, name_space)),
        prefix_bytes_(tier_key_.size()),
        complete_(origin == Origin::kNew) {
    states_.add(*this);
    if (!complete_ && states_.store().mode() == StateMode::kHeap) load_all();
  }
  KeyedTable(const KeyedTable&) = delete;
  KeyedTable& operator=(const KeyedTable&) = delete;
  ~KeyedTable() override {
    finish_seal();
    states_.store().charge(-static_cast<std::ptrdiff_t>(charged_));
    states_.remove(*this);
    release();
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
    Slot* slot = probe(hash, key);
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
    Slot* slot = kManyEntries || complete_ ? whole(hash, key) : probe(hash, key);
    if (!slot) {
      if (complete_) return;
      slot = &insert(hash, key);  // unread: the tier may have it
      slot->flags |= kStored;
    }
    copy_sealed(index_of(*slot));
    if constexpr (kManyEntries) slot->object.clear();
    else slot->object = Object{};
    if (slot->flags & kStored) {
      edited(*slot);
      slot->flags |= kAbsent;
    } else if (complete_) {
      erase_slot(index_of(*slot));
    } else {
      // The tier must not be asked: an erasure that was sealed may not have reached it.
      slot->flags |= kAbsent;
      set_dirty(index_of(*slot), false);
    }
  }

  /// Asks the processor for the cache line of `hash`.
  void prefetch(std::uint64_t hash) const {
    if (capacity_ > 0) __builtin_prefetch(slots_ + home_of(hash), 1);
  }
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
    for (std::size_t i = 0; i < capacity_; ++i)
      if (slots_[i].hash != 0 && !(slots_[i].flags & kAbsent)) visit(slots_[i].key, slots_[i].object);
  }
  /// The same, a portion at a time: visits slots [begin, begin + count) and returns where to go on, 0 at the end. Nothing may change
  /// in between.
  template <class Visit>
  std::size_t for_each_from(std::size_t begin, std::size_t count, Visit&& visit) const {
    const std::size_t end = std::min(capacity_, begin + count);
    for (std::size_t i = begin; i < end; ++i)
      if (slots_[i].hash != 0 && !(slots_[i].flags & kAbsent)) visit(slots_[i].key, slots_[i].object);
    return end == capacity_ ? 0 : end;
  }
  /// Nothing of this state is in the tier alone.
  bool complete() const { return complete_; }
  /// Objects in memory, about.
  std::size_t size() const { return size_; }
  /// Brings everything into memory, where it stays: a table that is walked, not looked into, by its operator.
  void pin() {
    pinned_ = true;
    if (!complete_) load_all();
  }
  /// Forgets everything, here and in the tier. The way of a table whose time is over.
  void drop() {
    finish_seal();
    if (written_ || !complete_) states_.drop(state_id_, name_space_);
    release();
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
  static constexpr std::size_t kSmallest = 64;
  static constexpr std::size_t kNone = ~std::size_t{0};

  struct Slot {
    std::uint64_t hash;  ///< 0: empty; a key that hashes to 0 is kept under 1
    std::uint32_t heap;  ///< bytes outside of the slot, when last measured
    std::uint8_t flags;
    Key key;
    Object object;
  };

  std::size_t home_of(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> shift_); }
  std::size_t index_of(const Slot& slot) const { return static_cast<std::size_t>(&slot - slots_); }
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

  Slot* probe(std::uint64_t hash, const Key& key) const {
    if (capacity_ == 0) return nullptr;
    hash += hash == 0;
    for (std::size_t i = home_of(hash); slots_[i].hash != 0; i = (i + 1) & (capacity_ - 1))
      if (slots_[i].hash == hash && slots_[i].key == key) return &slots_[i];
    return nullptr;
  }
  /// The slot of `key` with all there is of it; null: there is none.
  Slot* whole(std::uint64_t hash, const Key& key) {
    Slot* slot = probe(hash, key);
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
    const std::size_t i = index_of(slot);
    copy_sealed(i);
    slot.flags |= kTouched;
    set_dirty(i, true);
    edited_ = i;
    return slot.object;
  }

  const std::string& tier_key(std::uint64_t hash, const Key& key) {
    const KeyGroup group = key_group_of(hash, states_.max_parallelism());
    tier_key_.resize(prefix_bytes_);
    tier_key_[0] = static_cast<char>(group >> 8);
    tier_key_[1] = static_cast<char>(group & 0xff);
    StateCodec<Key>::encode(tier_key_, key);
    return tier_key_;
  }

  Slot& bring_in(std::uint64_t hash, const Key& key) {
    Slot& slot = insert(hash, key);
    slot.flags |= kAbsent;
    if constexpr (kManyEntries) {
      read_rest(slot);
    } else {
      const auto found = states_.store().tier().multi_get({tier_key(hash, key)});
      if (found.front()) take_in(slot, *found.front());
    }
    return slot;
  }
  void take_in(Slot& slot, std::string_view value) requires(!kManyEntries) {
    StateReader in(value);
    slot.object = StateCodec<Object>::decode(in);
    slot.flags = kStored | kTouched;
    measure(index_of(slot));
  }
  void read_rest(Slot& slot) {
    if constexpr (kManyEntries) {
      const std::string prefix = tier_key(slot.hash, slot.key);
      bool any = false;
      const auto read = [&](Object& into) {
        states_.store().tier().scan(prefix, prefix_end(prefix),
                                    [&](std::string_view key, std::string_view value) {
                                      any = true;
                                      const std::string_view subkey = key.substr(prefix.size());
                                      if constexpr (kAddsUnread)
                                        if (slot.object.holds(subkey)) return;
                                      into.load(subkey, value);
                                    });
      };
      if constexpr (kAddsUnread) {
        Object older;
        read(older);
        slot.object.prepend(std::move(older));
      } else {
        read(slot.object);
      }
      slot.flags &= static_cast<std::uint8_t>(~kPartial);
      if (any) slot.flags = static_cast<std::uint8_t>((slot.flags | kStored) & ~kAbsent);
      measure(index_of(slot));
    }
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
  std::size_t evict_slots(std::size_t bytes, std::size_t slots, StateDelta& delta);
  /// Gives back the places of objects whose erasure was sealed.
  void forget_erased();
  void compact_text();
  void release();

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
    const std::size_t bytes = capacity_ * sizeof(Slot) + heap_ + (text_ ? text_->allocated_bytes() : 0);
    if (bytes == charged_) return;
    states_.store().charge(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(charged_));
    charged_ = bytes;
  }

  OperatorStates& states_;
  const std::uint32_t state_id_;
  const std::uint64_t name_space_;
  std::string tier_key_;
  const std::size_t prefix_bytes_;
  bool pinned_ = false;
  bool complete_;         ///< everything there is is in memory
  bool written_ = false;  ///< something has gone to the tier
  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  int shift_ = 63;
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
  std::vector<std::string> keys;
  std::vector<std::pair<std::uint64_t, Key>> missing;
  for (const auto& row : rows) {
    if (probe(row.hash, row.key)) continue;
    keys.push_back(tier_key(row.hash, row.key));
    missing.emplace_back(row.hash, row.key);
  }
  if (keys.empty()) return;
  const auto found = states_.store().tier().multi_get(keys);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (probe(missing[i].first, missing[i].second)) continue;  // the same key twice
    Slot& slot = insert(missing[i].first, missing[i].second);
    slot.flags |= kAbsent | kTouched;
    if (found[i]) take_in(slot, *found[i]);
  }
}

template <class Key, class Object>
typename KeyedTable<Key, Object>::Slot& KeyedTable<Key, Object>::insert(std::uint64_t hash, const Key& key) {
  if ((size_ + 1) * 8 > capacity_ * 5) make_room();
  hash += hash == 0;
  std::size_t i = home_of(hash);
  while (slots_[i].hash != 0) i = (i + 1) & (capacity_ - 1);
  Slot& slot = slots_[i];
  Key own = key;
  if constexpr (kHoldsViews<Key>) {
    if (!text_) text_ = ArenaRef::make();
    own_text(own, *text_);
  }
  ::new (static_cast<void*>(&slot.key)) Key(std::move(own));
  ::new (static_cast<void*>(&slot.object)) Object();
  slot.hash = hash;
  slot.heap = 0;
  slot.flags = kTouched;
  ++size_;
  return slot;
}

template <class Key, class Object>
void KeyedTable<Key, Object>::make_room() {
  StateStore& store = states_.store();
  if (!pinned_ && capacity_ > kSmallest && store.mode() == StateMode::kRocksDb &&
      !store.snapshot_in_flight()) {
    store.charge(static_cast<std::ptrdiff_t>(capacity_ * sizeof(Slot)));
    const bool too_large = store.excess_bytes() > 0;
    store.charge(-static_cast<std::ptrdiff_t>(capacity_ * sizeof(Slot)));
    if (too_large) {
      StateDelta delta;
      evict_slots(kNone, capacity_ / 4, delta);
      if (!delta.empty()) states_.write(std::move(delta));
      if ((size_ + 1) * 8 <= capacity_ * 5) return;
    }
  }
  resize(capacity_ == 0 ? kSmallest : capacity_ * 2);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::resize(std::size_t capacity) {
  auto* old_slots =
      std::exchange(slots_, static_cast<Slot*>(detail::allocate_table_memory(capacity * sizeof(Slot))));
  const std::size_t old_capacity = std::exchange(capacity_, capacity);
  const Bits old_dirty = std::exchange(dirty_, Bits((capacity + 63) / 64));
  const Bits old_sealed = std::exchange(sealed_, sealing_left_ > 0 ? Bits(dirty_.size()) : Bits());
  sealing_word_ = 0;
  shift_ = 64 - std::countr_zero(capacity);
  hand_ = 0;
  for (std::size_t from = 0; from < old_capacity; ++from) {
    Slot& slot = old_slots[from];
    if (slot.hash == 0) continue;
    std::size_t to = home_of(slot.hash);
    while (slots_[to].hash != 0) to = (to + 1) & (capacity_ - 1);
    ::new (static_cast<void*>(&slots_[to])) Slot(std::move(slot));
    slot.~Slot();
    if (is_set(old_dirty, from)) set_dirty(to, true);
    if (sealing_left_ > 0 && is_set(old_sealed, from)) assign(sealed_, to, true);
  }
  if (old_slots) detail::free_table_memory(old_slots, old_capacity * sizeof(Slot));
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
  // Moves back what was pushed behind its place, so that no gap ends a probe early.
  std::size_t gap = i;
  for (std::size_t next = (gap + 1) & (capacity_ - 1); slots_[next].hash != 0;
       next = (next + 1) & (capacity_ - 1)) {
    const std::size_t home = home_of(slots_[next].hash);
    if (((next - home) & (capacity_ - 1)) < ((next - gap) & (capacity_ - 1))) continue;
    copy_sealed(next);  // it may move to where the walk has been
    slots_[gap] = std::move(slots_[next]);
    set_dirty(gap, is_dirty(next));
    gap = next;
  }
  slots_[gap].~Slot();
  slots_[gap].hash = 0;
  set_dirty(gap, false);
  --size_;
}

template <class Key, class Object>
void KeyedTable<Key, Object>::write(std::size_t i, StateDelta& delta) {
  Slot& slot = slots_[i];
  const std::string& key = tier_key(slot.hash, slot.key);
  if constexpr (kManyEntries) {
    std::string entry = key;
    const auto entry_key = [&](std::string_view subkey) -> std::string_view {
      entry.resize(key.size());
      return entry.append(subkey);
    };
    slot.object.write(
        [this] { return states_.next_sequence(); },
        [&](std::string_view subkey, std::string_view value) { delta.put(entry_key(subkey), value); },
        [&](std::string_view subkey) { delta.erase(entry_key(subkey)); });
  } else if (slot.flags & kAbsent) {
    delta.erase(key);
  } else {
    std::string value;
    StateCodec<Object>::encode(value, slot.object);
    delta.put(key, value);
  }
  written_ = true;
  slot.flags = static_cast<std::uint8_t>(slot.flags & kAbsent ? slot.flags & ~kStored : slot.flags | kStored);
}

template <class Key, class Object>
void KeyedTable<Key, Object>::begin_seal() {
  settle();
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
    for (std::size_t i = home_of(hash); slots_[i].hash != 0; i = (i + 1) & (capacity_ - 1)) {
      if (slots_[i].hash != hash || !(slots_[i].flags & kAbsent) || is_dirty(i)) continue;
      erase_slot(i);
      break;
    }
  }
  if (kHoldsViews<Key> && text_ && dead_text_ > Arena::kChunkBytes &&
      dead_text_ * 2 > text_->allocated_bytes())
    compact_text();
  recharge();
}

template <class Key, class Object>
std::size_t KeyedTable<Key, Object>::evict(std::size_t bytes, StateDelta& delta) {
  if (pinned_) return 0;
  settle();
  const std::size_t before = charged_;
  const std::size_t target = charged_ - std::min(charged_, bytes);
  // Slots give memory back only when the table shrinks by half: three in four of its places must be free then.
  const bool shrink = capacity_ * sizeof(Slot) / 2 >= bytes || heap_ < bytes;
  const std::size_t keep = shrink ? capacity_ / 4 : 0;
  evict_slots(shrink ? kNone : bytes, shrink ? (size_ > keep ? size_ - keep : 0) : size_, delta);
  while (capacity_ > kSmallest && size_ * 4 <= capacity_ && capacity_ * sizeof(Slot) + heap_ > target)
    resize(capacity_ / 2);
  if (kHoldsViews<Key> && text_ && dead_text_ * 2 > text_->allocated_bytes()) compact_text();
  recharge();
  return before - std::min(before, charged_);
}

template <class Key, class Object>
std::size_t KeyedTable<Key, Object>::evict_slots(std::size_t bytes, std::size_t slots, StateDelta& delta) {
  std::size_t freed = 0;
  std::size_t gone = 0;
  // Twice around: the first pass may find everything just touched.
  for (std::size_t looked = 0; looked < 2 * capacity_ && gone < slots && freed < bytes && size_ > 0;
       ++looked) {
    if (hand_ >= capacity_) hand_ = 0;
    Slot& slot = slots_[hand_];
    if (slot.hash == 0 || (slot.flags & kTouched)) {
      if (slot.hash != 0) slot.flags &= static_cast<std::uint8_t>(~kTouched);
      ++hand_;
      continue;
    }
    if (is_dirty(hand_)) write(hand_, delta);  // its bit goes with its place
    if (!(slot.flags & kAbsent) || (slot.flags & kStored)) complete_ = false;
    freed += sizeof(Slot) + slot.heap;
    ++gone;
    erase_slot(hand_);
  }
  return freed;
}

template <class Key, class Object>
void KeyedTable<Key, Object>::load_all() {
  for (std::uint32_t group = states_.key_groups().first; group < states_.key_groups().end; ++group) {
    const std::string prefix = state_prefix(static_cast<KeyGroup>(group), state_id_, name_space_);
    states_.store().tier().scan(
        prefix, prefix_end(prefix), [&](std::string_view entry, std::string_view value) {
          StateReader in(entry.substr(prefix.size()));
          const Key key = StateCodec<Key>::decode(in);
          const std::uint64_t hash = hash_key(key);
          Slot* slot = probe(hash, key);
          const bool known = slot && !(slot->flags & kPartial);
          if constexpr (kManyEntries) {
            if (known && !(slot->flags & kLoading)) return;
            if (!slot) slot = &insert(hash, key);
            slot->flags =
                static_cast<std::uint8_t>((slot->flags & ~(kPartial | kAbsent)) | kStored | kLoading);
            slot->object.load(in.rest(), value);
            measure(index_of(*slot));
          } else {
            if (known) return;
            take_in(insert(hash, key), value);
          }
        });
  }
  if constexpr (kManyEntries)
    for (std::size_t i = 0; i < capacity_; ++i)
      if (slots_[i].hash != 0) slots_[i].flags &= static_cast<std::uint8_t>(~kLoading);
  complete_ = true;
  written_ = true;
  recharge();
}

template <class Key, class Object>
void KeyedTable<Key, Object>::compact_text() {
  if constexpr (kHoldsViews<Key>) {
    ArenaRef fresh = ArenaRef::make();
    for (std::size_t i = 0; i < capacity_; ++i)
      if (slots_[i].hash != 0) own_text(slots_[i].key, *fresh);
    text_ = std::move(fresh);
    dead_text_ = 0;
  }
}

template <class Key, class Object>
void KeyedTable<Key, Object>::release() {
  if (!slots_) return;
  for (std::size_t i = 0; i < capacity_; ++i)
    if (slots_[i].hash != 0) slots_[i].~Slot();
  detail::free_table_memory(slots_, capacity_ * sizeof(Slot));
  slots_ = nullptr;
  capacity_ = size_ = hand_ = 0;
  edited_ = kNone;
  dirty_.clear();
  sealed_.clear();
  erased_.clear();
}

}  // namespace weir
