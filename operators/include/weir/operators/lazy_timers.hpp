#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/hash.hpp>
#include <weir/operators/timer_wheel.hpp>
#include <weir/state/keyed_table.hpp>

namespace weir {

/// One alarm a key, for operators whose deadlines mostly move away: the operator keeps in the key's object when it is armed, and only
/// a deadline that is earlier than that costs an entry in the wheel. A deadline that has moved away is found out when the alarm goes
/// off; an entry that no longer says what the object says is passed over.
///
/// The moments are state, kept with the objects; the wheel is made anew from them. Its memory is charged to the worker's store.
template <class Key>
class LazyTimers {
 public:
  explicit LazyTimers(StateStore& store) : store_(store) {}
  LazyTimers(const LazyTimers&) = delete;
  LazyTimers& operator=(const LazyTimers&) = delete;
  ~LazyTimers() { store_.charge(-static_cast<std::ptrdiff_t>(charged_)); }

  /// `armed` is the key's; EventTime::max(): not at all.
  void arm(EventTime& armed, EventTime due, std::uint64_t hash, const Key& key) {
    if (due >= armed) return;
    armed = due;
    restore(due, hash, key);
  }
  /// For an object that was armed before a restart.
  void restore(EventTime armed, std::uint64_t hash, const Key& key) {
    if (armed == EventTime::max()) return;
    wheel_.push(armed, {hash, Owned<Key>(key)});
    ++waiting_;
  }
  /// When fire() may have something to do; EventTime::max(): never.
  EventTime next() const { return at_ < due_.size() ? due_[at_].time : wheel_.next(); }

  /// Calls visit(hash, key, object) for the keys of `table` whose alarm is due at `until`, which is then off. Objects are brought in many
  /// at a time. Stops when go_on() says false, to be called again with the same `until`. True when nothing due is left.
  template <class Table, class ArmedOf, class GoOn, class Visit>
  bool fire(Table& table, EventTime until, ArmedOf&& armed_of, GoOn&& go_on, Visit&& visit) {
    while (at_ < due_.size() || take(table, until)) {
      if (!go_on()) return false;
      const Due& due = due_[at_++];
      auto* object = table.edit_if(due.hash, due.key);
      if (!object || armed_of(*object) != due.time) continue;
      armed_of(*object) = EventTime::max();
      visit(due.hash, due.key, *object);
    }
    return true;
  }

  /// Call at the end of every call into the operator.
  void settle() {
    const std::size_t bytes = waiting_ * kEntryBytes;
    store_.charge(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(charged_));
    charged_ = bytes;
  }

 private:
  static constexpr std::size_t kAtOnce = 256;
  static constexpr std::size_t kEntryBytes = sizeof(Owned<Key>) + 3 * sizeof(std::uint64_t);

  struct Due {
    EventTime time;
    std::uint64_t hash;
    Owned<Key> owner;
    Key key;  ///< its text is the owner's
  };

  template <class Table>
  bool take(Table& table, EventTime until) {
    due_.clear();
    at_ = 0;
    wheel_.pop(until, kAtOnce, [this](auto entry) {
      auto& [hash, owner] = entry.what;
      const Key key = owner.get();
      due_.push_back({entry.time, hash, std::move(owner), key});
    });
    waiting_ -= due_.size();
    table.fetch(due_);
    return !due_.empty();
  }

  StateStore& store_;
  TimerWheel<std::pair<std::uint64_t, Owned<Key>>> wheel_;
  std::vector<Due> due_;
  std::size_t at_ = 0;
  std::size_t waiting_ = 0;
  std::size_t charged_ = 0;
};

/// Visits all objects of a table's state, also those that are in the tier alone, without keeping these: visit(hash, key, object).
template <class Key, class Object, class Visit>
void for_each_stored(OperatorStates& states, std::string_view state_name,
                     const KeyedTable<Key, Object>& table, Visit&& visit) {
  if (table.complete())
    return table.for_each([&](const Key& key, const Object& object) { visit(hash_key(key), key, object); });
  const std::uint32_t id = state_id(states.operator_name(), state_name);
  for (std::uint32_t group = states.key_groups().first; group < states.key_groups().end; ++group) {
    const std::string prefix = state_prefix(static_cast<KeyGroup>(group), id, 0);
    states.store().tier().scan(prefix, prefix_end(prefix),
                               [&](std::string_view entry, std::string_view value) {
                                 StateReader key_in(entry.substr(prefix.size()));
                                 const Key key = StateCodec<Key>::decode(key_in);
                                 StateReader in(value);
                                 const Object object = StateCodec<Object>::decode(in);
                                 visit(hash_key(key), key, object);
                               });
  }
}

}  // namespace weir
