#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/operators/keyed_cell.hpp>

namespace weir {

/// A map a key, in the order of its keys: of numbers as numbers, of texts byte by byte, of structs field by field. Loaded whole when a key is
/// first asked for it; only what changes is written. Entries are kept until they are erased; with expire_after() each lives by itself, from
/// when it was put, or edited. size(), empty() and walks count as reading nothing but what they visit.
/// Source: Flink, "Working with State".
template <class MapKey, class Value>
class MapState : public KeyedState<OrderedMap<MapKey, Value>, OrderedMap<MapKey, Stamped<Value>>> {
 public:
  using Map = OrderedMap<MapKey, Value>;
  using ExpiringMap = OrderedMap<MapKey, Stamped<Value>>;
  using KeyedState<Map, ExpiringMap>::KeyedState;

  /// Null: absent. Valid until the state is used again.
  const Value* get(const MapKey& key) const {
    if (this->expires()) return find_living(key);
    const Map* map = this->cell().find();
    return map ? map->find(key) : nullptr;
  }
  bool contains(const MapKey& key) const { return get(key) != nullptr; }
  void put(const MapKey& key, const Value& value) {
    if (this->expires()) this->expiring().edit().put(key, {this->written_at(), value});
    else this->cell().edit().put(key, value);
  }
  /// The value of a key to be changed in place, default-constructed when absent. For values that own their text.
  Value& edit(const MapKey& key) requires(!kHoldsViews<Value>) {
    if (!this->expires()) return this->cell().edit().edit(key);
    Stamped<Value>& entry = this->expiring().edit().edit(key);
    if (this->is_over(entry.written)) entry.value = Value{};
    entry.written = this->written_at();
    return entry.value;
  }
  /// Whether it was there.
  bool erase(const MapKey& key) {
    if (!this->expires()) return change(this->cell(), [&](Map& map) { return map.erase(key); });
    const ExpiringMap* map = this->expiring().find();
    const Stamped<Value>* entry = map ? map->find(key) : nullptr;
    if (!entry) return false;
    const bool lived = !this->is_over(entry->written);
    change(this->expiring(), [&](ExpiringMap& m) { return m.erase(key); });
    return lived;
  }
  /// Erases the entries for which drop(key, value) holds.
  template <class Drop>
  void erase_if(Drop&& drop) {
    if (!this->expires()) return erase_in(this->cell(), drop);
    erase_in(this->expiring(), [&](const auto& key, const Stamped<Value>& entry) {
      return this->is_over(entry.written) || drop(key, entry.value);
    });
  }
  /// visit(key, value), in order. A visit that returns bool ends the walk with false.
  template <class Visit>
  void for_each(Visit&& visit) const {
    walk([](const auto& map, auto& v) { map.for_each(v); }, visit);
  }
  /// The same for keys from `from`, inclusive, to `to`, exclusive.
  template <class Visit>
  void for_range(const MapKey& from, const MapKey& to, Visit&& visit) const {
    walk([&](const auto& map, auto& v) { map.for_range(from, to, v); }, visit);
  }
  /// The same for keys that begin with `prefix`: of text keys a text, of struct keys the first field, or a std::tuple of the first fields.
  template <class Prefix, class Visit>
  void for_prefix(const Prefix& prefix, Visit&& visit) const {
    walk([&](const auto& map, auto& v) { map.for_prefix(prefix, v); }, visit);
  }
  /// The same for the keys up to `to`, inclusive, the last one first.
  template <class Visit>
  void for_each_back_from(const MapKey& to, Visit&& visit) const {
    walk([&](const auto& map, auto& v) { map.for_each_back_from(to, v); }, visit);
  }
  /// Whether there is no entry.
  bool empty() const {
    if (!this->expires()) return this->cell().find() == nullptr;
    const ExpiringMap* map = this->expiring().find();
    return !map || !map->any_of([&](const Stamped<Value>& entry) { return !this->is_over(entry.written); });
  }
  /// How many entries there are. Of states that expire: looks at all of them.
  std::size_t size() const {
    if (this->expires()) return count_living();
    const Map* map = this->cell().find();
    return map ? map->size() : 0;
  }
  void clear() {
    if (this->expires()) this->expiring().erase();
    else this->cell().erase();
  }

  std::string type() const {
    return "map<" + state_type<MapKey>() + "," + this->entry_type(state_type<Value>()) + ">";
  }

 private:
  template <class Cell, class Change>
  static bool change(Cell& cell, Change&& change) {
    auto* map = cell.edit_if();
    if (!map) return false;
    const bool changed = change(*map);
    if (map->empty()) cell.erase();
    return changed;
  }
  template <class Cell, class Drop>
  static void erase_in(Cell& cell, Drop&& drop) {
    change(cell, [&](auto& map) {
      map.erase_if(drop);
      return true;
    });
  }
  const Value* find_living(const MapKey& key) const {
    const ExpiringMap* map = this->expiring().find();
    const Stamped<Value>* entry = map ? map->find(key) : nullptr;
    if (!entry) return nullptr;
    if (this->is_over(entry->written)) {
      change(this->expiring(), [&](ExpiringMap& m) { return m.erase(key); });
      return nullptr;
    }
    if (!this->refreshes(entry->written)) return &entry->value;
    ExpiringMap* read = this->expiring().edit_if();
    read->put(key, {this->written_at(), read->find(key)->value});
    return &read->find(key)->value;
  }
  std::size_t count_living() const {
    std::size_t entries = 0;
    if (const ExpiringMap* map = this->expiring().find())
      map->any_of([&](const Stamped<Value>& entry) {
        entries += this->is_over(entry.written) ? 0 : 1;
        return false;
      });
    return entries;
  }
  template <class Range, class Visit>
  void walk(const Range& range, Visit& visit) const {
    if (this->expires()) return walk_living(range, visit);
    if (const Map* map = this->cell().find()) range(*map, visit);
  }
  template <class Range, class Visit>
  void walk_living(const Range& range, Visit& visit) const {
    const ExpiringMap* map = this->expiring().find();
    if (!map) return;
    using OwnKey = decltype(OrderedCodec<MapKey>::decode(std::declval<StateReader&>()));
    std::vector<OwnKey> read;
    const auto pass_on = [&](const OwnKey& key, const Stamped<Value>& entry) {
      if (this->is_over(entry.written)) return true;
      if (this->refreshes(entry.written)) read.push_back(key);
      if constexpr (std::is_same_v<decltype(visit(key, entry.value)), bool>) return visit(key, entry.value);
      else visit(key, entry.value);
      return true;
    };
    range(*map, pass_on);
    if (read.empty()) return;
    ExpiringMap* refreshed = this->expiring().edit_if();
    for (const OwnKey& key : read) refreshed->put(key, {this->written_at(), refreshed->find(key)->value});
  }
};

}  // namespace weir
