#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/core/hash.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/state/manifest_state.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/ordered_codec.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/segmented_table.hpp>

namespace weir {

/// A map of which every worker has the same copy, in the order of its keys: what rows of a broadcast stream leave behind (rules, rates). A
/// member of a process function, listed by its `broadcast_states()`. Change it in process_broadcast() only, and by nothing but the row, or
/// the copies part. Kept in the manifest of every checkpoint: meant for thousands of entries, not millions.
/// Source: Flink, "The Broadcast State Pattern".
template <class Key, class Value>
class BroadcastState {
 public:
  explicit BroadcastState(std::string name) : name_(std::move(name)) {}
  BroadcastState(const BroadcastState& other) : name_(other.name_), entries_(other.entries_) { find_all(); }
  BroadcastState(BroadcastState&&) noexcept = default;
  BroadcastState& operator=(BroadcastState other) noexcept {
    std::swap(name_, other.name_);
    std::swap(entries_, other.entries_);
    std::swap(places_, other.places_);
    return *this;
  }
  ~BroadcastState() = default;

  const std::string& name() const { return name_; }

  const Value* get(const Key& key) const {
    const auto place = place_of(key);
    return place ? &place->value->get() : nullptr;
  }
  void put(const Key& key, const Value& value) {
    const auto [entry, added] = entries_.try_emplace(encoded(key));
    entry->second.set(value);
    if (added) add_place(key, entry->second);
  }
  bool erase(const Key& key) {
    if (const auto place = place_of(key)) places_.erase(place, [](const auto&) {});
    return entries_.erase(encoded(key)) == 1;
  }
  /// visit(key, value), in the order of keys.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, value] : entries_) {
      StateReader in(key);
      visit(OrderedCodec<Key>::decode(in), value.get());
    }
  }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  // For operators.
  void encode(std::string& out) const {
    detail::append_number(out, static_cast<std::uint32_t>(entries_.size()));
    for (const auto& [key, value] : entries_) {
      StateCodec<std::string>::encode(out, key);
      StateCodec<Owned<Value>>::encode(out, value);
    }
  }
  void decode(StateReader& in) {
    entries_.clear();
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
      std::string key = StateCodec<std::string>::decode(in);
      entries_.emplace_hint(entries_.end(), std::move(key), StateCodec<Owned<Value>>::decode(in));
    }
    find_all();
  }
  static std::string key_type() { return state_type<Key>(); }
  static std::string type() { return "broadcast<" + state_type<Value>() + ">"; }

 private:
  static std::string encoded(const Key& key) {
    std::string bytes;
    OrderedCodec<Key>::encode(bytes, key);
    return bytes;
  }
  /// Where an entry is: what get() looks into instead of the ordered map.
  struct Slot {
    std::uint64_t hash;
    Owned<Key> key;
    Owned<Value>* value;
  };
  using Places = SegmentedTable<Slot>;

  typename Places::Place place_of(const Key& key) const {
    return places_.find_if(hash_key(key), [&](const Slot& slot) { return slot.key.get() == key; });
  }
  void add_place(const Key& key, Owned<Value>& value) {
    places_.insert({hash_key(key), Owned<Key>(key), &value});
  }
  void find_all() {
    places_.release();
    for (auto& [bytes, value] : entries_) {
      StateReader in(bytes);
      add_place(OrderedCodec<Key>::decode(in), value);
    }
  }

  std::string name_;
  std::map<std::string, Owned<Value>> entries_;
  Places places_{0, 64};
};

namespace detail {

template <class Function>
concept HasBroadcastStates = requires(Function function) {
  function.broadcast_states();
};

template <class Key, class Value>
void append_broadcast(std::string& out, const BroadcastState<Key, Value>& state) {
  std::string content;
  state.encode(content);
  ManifestStates::append(out, state.name(), content);
}

/// All copies are equal at a barrier, so that one worker writes, and every worker takes the first there is.
template <class Key, class Value>
void restore_broadcast(BroadcastState<Key, Value>& state, const std::vector<OperatorStates::Part>& parts) {
  for (const auto& part : parts) {
    const std::string_view content = ManifestStates::find(part.extra, state.name());
    if (content.empty()) continue;
    StateReader in(content);
    return state.decode(in);
  }
}

template <class Function>
void describe_broadcast(Function& function, std::vector<StateDescription>& described) {
  std::apply(
      [&](auto&... state) {
        (described.push_back({state.name(), state.key_type(), state.type()}), ...);
      },
      function.broadcast_states());
}

}  // namespace detail

}  // namespace weir
