#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/timer_queue.hpp>
#include <weir/state/waiting_keys.hpp>

namespace weir {

/// The times at which a key wants to be called, in order; each once.
class TimerSet {
 public:
  bool add(EventTime time) {
    const auto at = std::lower_bound(times_.begin(), times_.end(), time);
    if (at != times_.end() && *at == time) return false;
    times_.insert(at, time);
    return true;
  }
  bool remove(EventTime time) {
    const auto at = std::lower_bound(times_.begin(), times_.end(), time);
    if (at == times_.end() || *at != time) return false;
    times_.erase(at);
    return true;
  }
  const std::vector<EventTime>& times() const { return times_; }
  bool empty() const { return times_.empty(); }
  std::size_t heap_bytes() const { return times_.capacity() * sizeof(EventTime); }
  static std::string type_name() { return StateCodec<std::vector<EventTime>>::type(); }

 private:
  friend struct StateCodec<TimerSet>;
  void restore_order() {
    std::sort(times_.begin(), times_.end());
    times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
  }
  std::vector<EventTime> times_;
};

template <>
struct StateCodec<TimerSet> {
  static void encode(std::string& out, const TimerSet& set) {
    StateCodec<std::vector<EventTime>>::encode(out, set.times_);
  }
  static TimerSet decode(StateReader& in) {
    TimerSet set;
    set.times_ = StateCodec<std::vector<EventTime>>::decode(in);
    if (!std::is_sorted(set.times_.begin(), set.times_.end())) set.restore_order();  // written from outside
    return set;
  }
  static std::string type() { return TimerSet::type_name(); }
};

/// Timers of an operator's keys, of one kind of time: a key and a time are one timer, however often it is set. They are state: a restore
/// brings them back, and those that came due meanwhile fire first. Those of one moment fire in any order.
///
/// Memory holds as many of the next ones as it has room for; see WaitingKeys.
template <class Key>
class Timers {
 public:
  /// A timer that is about to fire.
  struct Due {
    EventTime time;
    std::uint64_t hash;
    Owned<Key> owner;
    Key key;  ///< its text is the owner's
  };

  Timers(OperatorStates& states, std::string_view state_name) : table_(states, state_name), waiting_(states) {
    if (states.restored()) take_in();
  }

  /// Brings in what the tier has of the timers of `rows`, each with .hash and .key, in one read; where setting timers is what rows mostly do.
  template <class Rows>
  void fetch(const Rows& rows) {
    if (std::exchange(changes_, 0) * 2 >= rows.size()) table_.fetch(rows);
  }
  void set(std::uint64_t hash, const Key& key, EventTime time) {
    ++changes_;
    if (table_.edit(hash, key).add(time)) waiting_.push(time, hash, key);
  }
  void remove(std::uint64_t hash, const Key& key, EventTime time) {
    ++changes_;
    TimerSet* set = table_.edit_if(hash, key);
    if (!set || !set->remove(time)) return;
    if (set->empty()) table_.erase(hash, key);  // the queue finds out when it comes to it
  }
  /// When fire() may have something to do; EventTime::max(): never.
  EventTime next() const { return waiting_.next(); }
  /// Fires what is due at `until`, earliest first: fire(hash, key, time) may set and remove timers. Stops when go_on() says false.
  /// True when nothing due is left. ahead(due) is told, where state is not in memory, whose turn it is next: to fetch what these have.
  template <class GoOn, class Fire, class Ahead>
  bool fire(EventTime until, GoOn&& go_on, Fire&& fire, Ahead&& ahead) {
    std::vector<Due> due;
    std::size_t at = 0;
    for (; go_on(); ++at) {
      // Who fired may have set an earlier one.
      if (at < due.size() && waiting_.next() < due[at].time) put_back(due, at);
      if (at >= due.size()) {
        at = 0;
        if (!take(until, due)) return true;
        if (!table_.complete()) ahead(due);
      }
      const auto& [time, hash, owner, key] = due[at];
      TimerSet* set = table_.edit_if(hash, key);
      if (!set || !set->remove(time)) continue;  // removed meanwhile
      if (set->empty()) table_.erase(hash, key);
      fire(hash, key, time);
    }
    put_back(due, at);
    return false;
  }
  template <class GoOn, class Fire>
  bool fire(EventTime until, GoOn&& go_on, Fire&& fire) {
    return this->fire(until, go_on, fire, [](const std::vector<Due>&) {});
  }

 private:
  static constexpr std::size_t kAtOnce = 128;

  /// The next ones that are due; several where their state is to be read. False: nobody is.
  bool take(EventTime until, std::vector<Due>& due) {
    due.clear();
    for (;; take_in()) {
      waiting_.pop(until, table_.complete() ? 1 : kAtOnce,
                   [&](EventTime time, std::uint64_t hash, Owned<Key> owner) {
                     const Key key = owner.get();
                     due.push_back({time, hash, std::move(owner), key});
                   });
      if (!due.empty()) break;
      if (!waiting_.must_walk(until)) return false;
    }
    table_.fetch(due);
    return true;
  }
  void put_back(std::vector<Due>& due, std::size_t from) {
    for (; from < due.size(); ++from) waiting_.push(due[from].time, due[from].hash, due[from].key);
    due.clear();
  }
  void take_in() {
    waiting_.take_in([this](auto&& visit) {
      table_.for_each_stored([&](std::uint64_t hash, const Key& key, const TimerSet& set) {
        for (const EventTime time : set.times()) visit(time, hash, key);
      });
    });
  }

  KeyedTable<Key, TimerSet> table_;
  WaitingKeys<Key, TimerQueue> waiting_;
  std::size_t changes_ = 0;  ///< asked for since fetch()
};

}  // namespace weir
