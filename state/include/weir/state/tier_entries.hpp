#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/key_group.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/operator_states.hpp>

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

/// The entries of one state of an operator in its worker's tier: their names, how they are read and written. One thread.
template <class Key, class Object>
class TierEntries {
 public:
  TierEntries(OperatorStates& states, std::string_view state_name, std::uint64_t name_space)
      : states_(states),
        state_id_(state_id(states.operator_name(), state_name)),
        name_space_(name_space),
        name_(state_prefix(0, state_id_, name_space)),
        prefix_bytes_(name_.size()) {}

  /// Of this state and namespace, about unique.
  std::uint64_t identity() const { return state_id_ ^ name_space_; }
  /// The name of a key's entry, or the common beginning of its entries. Valid until the next call.
  const std::string& name_of(std::uint64_t hash, const Key& key) {
    const KeyGroup group = key_group_of(hash, states_.max_parallelism());
    name_.resize(prefix_bytes_);
    name_[0] = static_cast<char>(group >> 8);
    name_[1] = static_cast<char>(group & 0xff);
    StateCodec<Key>::encode(name_, key);
    return name_;
  }
  static Object decode(std::string_view value) {
    StateReader in(value);
    return StateCodec<Object>::decode(in);
  }
  std::vector<std::optional<std::string>> read_all(const std::vector<std::string>& names) const {
    return states_.store().tier().multi_get(names);
  }
  /// Adds to `object` what the tier has of it besides. False: nothing.
  bool read(std::uint64_t hash, const Key& key, Object& object) {
    if constexpr (!ManyEntries<Object>) {
      const auto found = read_all({name_of(hash, key)});
      if (found.front()) object = decode(*found.front());
      return found.front().has_value();
    } else if constexpr (AddsUnread<Object>) {
      Object older;
      const bool any = scan_entries(hash, key, [&](std::string_view subkey, std::string_view value) {
        if (!object.holds(subkey)) older.load(subkey, value);
      });
      object.prepend(std::move(older));
      return any;
    } else {
      return scan_entries(
          hash, key, [&](std::string_view subkey, std::string_view value) { object.load(subkey, value); });
    }
  }
  /// Writes what has changed of an object; `absent`: that there is none any more.
  void write(std::uint64_t hash, const Key& key, Object& object, bool absent, StateDelta& delta) {
    const std::string& name = name_of(hash, key);
    if constexpr (ManyEntries<Object>) {
      std::string entry = name;
      const auto entry_name = [&](std::string_view subkey) -> std::string_view {
        entry.resize(name.size());
        return entry.append(subkey);
      };
      object.write(
          [this] { return states_.next_sequence(); },
          [&](std::string_view subkey, std::string_view value) { delta.put(entry_name(subkey), value); },
          [&](std::string_view subkey) { delta.erase(entry_name(subkey)); });
    } else if (absent) {
      delta.erase(name);
    } else {
      value_.clear();
      StateCodec<Object>::encode(value_, object);
      delta.put(name, value_);
    }
  }
  /// visit(key, subkey, value) for every entry, key by key.
  template <class Visit>
  void scan(Visit&& visit) const {
    for (std::uint32_t group = states_.key_groups().first; group < states_.key_groups().end; ++group) {
      const std::string prefix = state_prefix(static_cast<KeyGroup>(group), state_id_, name_space_);
      states_.store().tier().scan(prefix, prefix_end(prefix),
                                  [&](std::string_view entry, std::string_view value) {
                                    StateReader in(entry.substr(prefix.size()));
                                    const Key key = StateCodec<Key>::decode(in);
                                    visit(key, in.rest(), value);
                                  });
    }
  }
  /// Where a walk over the tier has come: a key group, and the name of the last entry that was visited in it.
  struct Cursor {
    std::uint32_t group = 0;  ///< counted from the worker's first
    std::string name;
  };
  /// A walk like scan() in portions: visits up to about `most` entries, and moves on. True when the end was reached, and the cursor
  /// is at the beginning again. An entry of a key counts one, looking into a key group some more.
  template <class Visit>
  bool scan_from(Cursor& cursor, std::size_t most, Visit&& visit) const {
    const KeyGroupRange groups = states_.key_groups();
    for (std::size_t cost = 0; cost < most; cost += kGroupCost) {
      if (groups.first + cursor.group >= groups.end) {
        cursor = {};
        return true;
      }
      const auto group = static_cast<KeyGroup>(groups.first + cursor.group);
      const std::string prefix = state_prefix(group, state_id_, name_space_);
      // The smallest name behind the last one.
      const std::string begin = cursor.name.empty() ? prefix : cursor.name + '\0';
      const bool through = states_.store().tier().scan_while(
          begin, prefix_end(prefix), [&](std::string_view entry, std::string_view value) {
            StateReader in(entry.substr(prefix.size()));
            const Key key = StateCodec<Key>::decode(in);
            visit(key, in.rest(), value);
            if (++cost < most) return true;
            cursor.name = entry;
            return false;
          });
      if (!through) return false;
      ++cursor.group;
      cursor.name.clear();
    }
    return false;
  }
  /// Entries that begin with a time of `horizon` or before need not be kept by the tier.
  void set_expired(EventTime horizon) { states_.store().tier().set_expired(state_id_, horizon); }
  /// All entries go, with the next thing that is written.
  void drop() { states_.drop(state_id_, name_space_); }

 private:
  static constexpr std::size_t kGroupCost = 32;

  template <class Visit>
  bool scan_entries(std::uint64_t hash, const Key& key, Visit&& visit) {
    const std::string prefix = name_of(hash, key);
    bool any = false;
    states_.store().tier().scan(prefix, prefix_end(prefix),
                                [&](std::string_view entry, std::string_view value) {
                                  any = true;
                                  visit(entry.substr(prefix.size()), value);
                                });
    return any;
  }

  OperatorStates& states_;
  const std::uint32_t state_id_;
  const std::uint64_t name_space_;
  std::string name_;
  const std::size_t prefix_bytes_;
  std::string value_;
};

}  // namespace weir
