#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <weir/state/segmented_table.hpp>

namespace weir {

/// Table of live values by key that knows which have changed: what a window operator updates for every row. One cache line an update where key and value
/// are small. References stay valid until the next insertion. One thread.
template <class Key, class Value>
class PaneTable {
 public:
  struct Slot {
    std::uint64_t hash;  ///< 0: empty; a key that hashes to 0 is kept under 1
    Key key;
    Value value;
  };

  /// Tables that are filled from one another have different seeds.
  explicit PaneTable(std::uint64_t seed = 0) : slots_(seed, kSmallest) {}

  std::size_t size() const { return slots_.size(); }
  std::size_t bytes() const { return slots_.bytes(); }
  void prefetch(std::uint64_t hash) const { slots_.prefetch(hash); }

  /// The value of `key`, and whether it is there for the first time; then key and value are what `make` gives, a
  /// std::pair<Key, Value>. Marks it dirty. copy(slot) is called before, where a seal still needs what it is now.
  template <class Make, class Copy>
  std::pair<Value&, bool> upsert(std::uint64_t hash, const Key& key, Make&& make, Copy&& copy) {
    Place place = slots_.find(hash, key);
    const bool added = !place;
    if (added) [[unlikely]] {
      auto made = make();
      place = slots_.insert({hash, std::move(made.first), std::move(made.second)});
    }
    slots_.change(place, [&](Place sealed) { copy(std::as_const(*sealed)); });
    return {place->value, added};
  }
  /// The same for a table that is never sealed.
  template <class Make>
  std::pair<Value&, bool> upsert(std::uint64_t hash, const Key& key, Make&& make) {
    return upsert(hash, key, std::forward<Make>(make), [](const Slot&) {});
  }
  /// Null where `key` is not there. Does not mark it dirty.
  const Slot* find(std::uint64_t hash, const Key& key) const {
    const Place place = slots_.find(hash, key);
    return place ? &*place : nullptr;
  }

  /// For walks in portions: while nothing is inserted, from a TableCursor{} to at_end().
  bool at_end(const TableCursor& cursor) const { return slots_.at_end(cursor); }
  void advance(TableCursor& cursor) const { slots_.advance(cursor); }
  /// Null where a place is empty.
  const Slot* slot(const TableCursor& cursor) const { return slots_.slot(cursor); }
  template <class Visit>
  void for_each(Visit&& visit) const {
    slots_.for_each([&](Place place) { visit(std::as_const(*place)); });
  }
  /// As for_each(), of slots whose values may be changed; they become dirty, copy(slot) as for upsert().
  template <class Visit, class Copy>
  void update_each(Visit&& visit, Copy&& copy) {
    slots_.for_each([&](Place place) {
      slots_.change(place, [&](Place sealed) { copy(std::as_const(*sealed)); });
      visit(*place);
    });
  }

  /// What is dirty is sealed, and nothing is dirty any more.
  void begin_seal() { slots_.begin_seal(); }
  /// copy(slot) for up to about `entries` that were sealed. True: nothing sealed is left.
  template <class Copy>
  bool seal_some(std::size_t entries, Copy&& copy) {
    return slots_.seal_some(entries, [&](Place place) { copy(std::as_const(*place)); });
  }
  bool sealing() const { return slots_.sealing(); }
  /// visit(slot) for what is dirty; it is clean afterwards. Requires: !sealing().
  template <class Visit>
  void take_dirty(Visit&& visit) {
    begin_seal();
    seal_some(~std::size_t{0}, visit);
  }
  void mark_all_dirty() {
    slots_.for_each([&](Place place) { slots_.mark_dirty(place); });
  }
  void mark_all_clean() {
    slots_.for_each([&](Place place) { slots_.mark_clean(place); });
  }

  /// Empties the table; keeps its memory unless it is far too large for what it held.
  void clear() { slots_.clear(); }
  /// Empties it and gives back its memory.
  void release() { slots_.release(); }

 private:
  using Place = typename SegmentedTable<Slot>::Place;
  static constexpr std::uint32_t kSmallest = 1024;

  SegmentedTable<Slot> slots_;
};

}  // namespace weir
