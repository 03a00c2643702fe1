#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/hash.hpp>
#include <weir/operators/timer_wheel.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/waiting_keys.hpp>

namespace weir {

/// One alarm a key, for operators whose deadlines mostly move away: the operator keeps in the key's object when it is armed, and only
/// a deadline that is earlier than that costs an entry in the wheel. A deadline that has moved away is found out when the alarm goes
/// off; an entry that no longer says what the object says is passed over.
///
/// The moments are state, kept with the objects; the wheel is made anew from them. Where memory is short it holds only the next ones; see WaitingKeys.
template <class Key>
class LazyTimers {
 public:
  explicit LazyTimers(OperatorStates& states) : waiting_(states) {}

  /// `armed` is the key's; EventTime::max(): not at all.
  void arm(EventTime& armed, EventTime due, std::uint64_t hash, const Key& key) {
    if (due >= armed) return;
    armed = due;
    restore(due, hash, key);
  }
  /// For an object that was armed before a restart.
  void restore(EventTime armed, std::uint64_t hash, const Key& key) {
    if (armed != EventTime::max()) waiting_.push(armed, hash, key);
  }
  /// When fire() may have something to do; EventTime::max(): never.
  EventTime next() const { return at_ < due_.size() ? due_[at_].time : waiting_.next(); }

  /// Calls visit(hash, key, object) for the keys of `table` whose alarm is due at `until`, which is then off. Objects are brought in many
  /// at a time. Stops when go_on() says false, to be called again with the same `until`. True when nothing due is left.
  template <class Table, class ArmedOf, class GoOn, class Visit>
  bool fire(Table& table, EventTime until, ArmedOf&& armed_of, GoOn&& go_on, Visit&& visit) {
    while (at_ < due_.size() || take(table, until, armed_of)) {
      if (!go_on()) return false;
      const Due& due = due_[at_++];
      auto* object = table.edit_if(due.hash, due.key);
      if (!object || armed_of(*object) != due.time) continue;
      armed_of(*object) = EventTime::max();
      visit(due.hash, due.key, *object);
    }
    return true;
  }

 private:
  static constexpr std::size_t kAtOnce = 256;

  struct Due {
    EventTime time;
    std::uint64_t hash;
    Owned<Key> owner;
    Key key;  ///< its text is the owner's
  };

  template <class Table, class ArmedOf>
  bool take(Table& table, EventTime until, ArmedOf& armed_of) {
    at_ = 0;
    due_.clear();
    for (;; take_in(table, armed_of)) {
      waiting_.pop(until, kAtOnce, [this](EventTime time, std::uint64_t hash, Owned<Key> owner) {
        const Key key = owner.get();
        due_.push_back({time, hash, std::move(owner), key});
      });
      if (!due_.empty()) break;
      if (!waiting_.must_walk(until)) return false;
    }
    table.fetch(due_);
    return true;
  }
  template <class Table, class ArmedOf>
  void take_in(const Table& table, ArmedOf& armed_of) {
    waiting_.take_in([&](auto&& visit) {
      table.for_each_stored([&](std::uint64_t hash, const Key& key, const auto& object) {
        if (armed_of(object) != EventTime::max()) visit(armed_of(object), hash, key);
      });
    });
  }

  WaitingKeys<Key, TimerWheel> waiting_;
  std::vector<Due> due_;
  std::size_t at_ = 0;
};

}  // namespace weir
