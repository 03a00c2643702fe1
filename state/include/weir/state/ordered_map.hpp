#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/state/codec.hpp>
#include <weir/state/ordered_codec.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/store.hpp>

namespace weir {

/// A map in the order of its keys: an object of a KeyedTable, one entry of the tier for each of its own. A write gives only what
/// has changed.
template <class MapKey, class Value>
class OrderedMap {
 public:
  /// Null: no such key. Valid until the map is changed.
  const Value* find(const MapKey& key) const {
    const auto it = entries_.find(encoded(key));
    return it == entries_.end() ? nullptr : &it->second.value.get();
  }
  void put(const MapKey& key, const Value& value) {
    const auto it = entry(key);
    it->second.value.set(value);
  }
  /// The value of `key`, made when there is none, to be changed in place. For values without string_view.
  Value& edit(const MapKey& key) { return entry(key)->second.value.edit(); }
  bool erase(const MapKey& key) {
    const auto it = entries_.find(encoded(key));
    if (it == entries_.end()) return false;
    erase(it);
    return true;
  }
  /// Erases the entries for which drop(key, value) holds.
  template <class Drop>
  void erase_if(Drop&& drop) {
    for (auto it = entries_.begin(); it != entries_.end();) {
      const auto next = std::next(it);
      if (drop(decoded(it->first), it->second.value.get())) erase(it);
      it = next;
    }
  }
  /// Whether an entry is there for which holds(value).
  template <class Holds>
  bool any_of(Holds&& holds) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const auto& entry) { return holds(entry.second.value.get()); });
  }
  /// Calls change(owned value) for the entries for which wanted(value) holds.
  template <class Wanted, class Change>
  void change_if(Wanted&& wanted, Change&& change) {
    for (auto& [key, entry] : entries_) {
      if (!wanted(entry.value.get())) continue;
      if (!std::exchange(entry.changed, true)) changed_.push_back(key);
      change(entry.value);
    }
  }
  /// visit(key, value) in the order of keys. A visit that returns bool ends the walk with false.
  template <class Visit>
  void for_each(Visit&& visit) const {
    walk(entries_.begin(), entries_.end(), visit);
  }
  /// The same for keys from `from`, inclusive, to `to`, exclusive.
  template <class Visit>
  void for_range(const MapKey& from, const MapKey& to, Visit&& visit) const {
    const std::string begin = encoded(from), end = encoded(to);
    if (begin < end) walk(entries_.lower_bound(begin), entries_.lower_bound(end), visit);
  }
  /// The same for keys that begin with `prefix`: of text keys a text, of struct keys the first field, or a std::tuple of the
  /// first fields.
  template <class Prefix, class Visit>
  void for_prefix(const Prefix& prefix, Visit&& visit) const {
    const std::string begin = encoded_prefix<MapKey>(prefix), end = prefix_end(begin);
    walk(entries_.lower_bound(begin), end.empty() ? entries_.end() : entries_.lower_bound(end), visit);
  }
  /// The same for the keys up to `to`, inclusive, the last one first.
  template <class Visit>
  void for_each_back_from(const MapKey& to, Visit&& visit) const {
    walk_back(entries_.upper_bound(encoded(to)), visit);
  }
  /// All of them, the last one first.
  template <class Visit>
  void for_each_back(Visit&& visit) const {
    walk_back(entries_.end(), visit);
  }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  void clear() {
    for (auto it = entries_.begin(); it != entries_.end();) it = erase(it);
  }
  void load(std::string_view subkey, std::string_view value) {
    StateReader in(value);
    Entry& entry = entries_[std::string(subkey)];
    entry.value = StateCodec<Owned<Value>>::decode(in);
    entry.stored = true;
  }
  template <class NextSequence, class Put, class Erase>
  void write(NextSequence&&, Put&& put, Erase&& erase) {
    std::string value;
    for (const std::string& key : changed_) {
      const auto it = entries_.find(key);
      if (it == entries_.end()) {
        erase(key);
        continue;
      }
      if (!it->second.changed) continue;  // said twice
      value.clear();
      StateCodec<Owned<Value>>::encode(value, it->second.value);
      put(key, value);
      it->second.changed = false;
      it->second.stored = true;
    }
    changed_.clear();
  }
  std::size_t heap_bytes() const {
    constexpr std::size_t kNode = sizeof(typename Entries::value_type) + 4 * sizeof(void*);
    // Not every entry is asked: that would make each change of a large map as costly as the map is large.
    const std::size_t one =
        entries_.empty() ? 0 : entries_.begin()->second.value.heap_bytes() + entries_.begin()->first.size();
    return entries_.size() * (kNode + one);
  }

 private:
  struct Entry {
    Owned<Value> value;
    bool changed = false;  ///< since the last write, and noted in changed_
    bool stored = false;   ///< the tier has it
  };
  using Entries = std::map<std::string, Entry>;

  static std::string encoded(const MapKey& key) {
    std::string bytes;
    OrderedCodec<MapKey>::encode(bytes, key);
    return bytes;
  }
  static auto decoded(const std::string& bytes) {
    StateReader in(bytes);
    return OrderedCodec<MapKey>::decode(in);
  }
  typename Entries::iterator entry(const MapKey& key) {
    const auto it = entries_.try_emplace(encoded(key)).first;
    if (!std::exchange(it->second.changed, true)) changed_.push_back(it->first);
    return it;
  }
  typename Entries::iterator erase(typename Entries::iterator it) {
    if (it->second.stored && !it->second.changed) changed_.push_back(it->first);
    return entries_.erase(it);
  }
  template <class Visit>
  static bool go_on(Visit& visit, typename Entries::const_iterator it) {
    const auto key = decoded(it->first);
    if constexpr (std::is_same_v<decltype(visit(key, it->second.value.get())), bool>)
      return visit(key, it->second.value.get());
    else visit(key, it->second.value.get());
    return true;
  }
  template <class Visit>
  static void walk(typename Entries::const_iterator it, typename Entries::const_iterator end, Visit& visit) {
    for (; it != end; ++it)
      if (!go_on(visit, it)) return;
  }

  template <class Visit>
  void walk_back(typename Entries::const_iterator it, Visit& visit) const {
    while (it != entries_.begin()) {
      --it;
      if (!go_on(visit, it)) return;
    }
  }

  Entries entries_;
  std::vector<std::string> changed_;
};

}  // namespace weir
