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

namespace weir {

/// Things to be done at times, earliest first; those of one moment in the order in which they were added. What lies in the future waits
/// unsorted in buckets of about a second, so that adding is cheap; only the bucket that is due is kept as a heap.
template <class What>
class TimerQueue {
 public:
  void push(EventTime time, What what) {
    const std::int64_t bucket = bucket_of(time);
    Entry entry{time, ++added_, std::move(what)};
    if (bucket <= due_bucket_) {
      due_.push_back(std::move(entry));
      std::push_heap(due_.begin(), due_.end());
      return;
    }
    if (bucket != last_bucket_ || !last_) {
      last_ = &later_[bucket];
      last_bucket_ = bucket;
    }
    last_->push_back(std::move(entry));
  }
  /// When the first is due; at most a bucket too early. EventTime::max(): nothing waits.
  EventTime next() const {
    if (!due_.empty()) return due_.front().time;
    return later_.empty() ? EventTime::max() : EventTime{later_.begin()->first << kBucketBits};
  }
  /// The first that is due at `until` or before.
  std::optional<std::pair<EventTime, What>> pop(EventTime until) {
    while (due_.empty()) {
      if (later_.empty() || later_.begin()->first > bucket_of(until)) return std::nullopt;
      due_bucket_ = later_.begin()->first;
      due_ = std::move(later_.begin()->second);
      std::make_heap(due_.begin(), due_.end());
      later_.erase(later_.begin());
      last_ = nullptr;
    }
    if (due_.front().time > until) return std::nullopt;
    std::pop_heap(due_.begin(), due_.end());
    Entry first = std::move(due_.back());
    due_.pop_back();
    return std::pair<EventTime, What>(first.time, std::move(first.what));
  }
  void clear() {
    due_.clear();
    later_.clear();
    last_ = nullptr;
  }

 private:
  static constexpr int kBucketBits = 10;
  static std::int64_t bucket_of(EventTime time) { return time.millis >> kBucketBits; }
  struct Entry {
    EventTime time;
    std::uint64_t order;
    What what;
    /// The heap's top is its greatest.
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };

  std::vector<Entry> due_;
  std::int64_t due_bucket_ = std::numeric_limits<std::int64_t>::min();
  std::map<std::int64_t, std::vector<Entry>> later_;
  std::vector<Entry>* last_ = nullptr;  ///< the bucket that was added to last
  std::int64_t last_bucket_ = 0;
  std::uint64_t added_ = 0;
};

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
/// brings them back, and those that came due meanwhile fire first. Kept in memory.
template <class Key>
class Timers {
 public:
  Timers(OperatorStates& states, std::string_view state_name) : table_(states, state_name) {
    table_.pin();
    table_.for_each([&](const Key& key, const TimerSet& set) {
      for (const EventTime time : set.times()) queue_.push(time, {hash_key(key), Owned<Key>(key)});
    });
  }

  void set(std::uint64_t hash, const Key& key, EventTime time) {
    if (table_.edit(hash, key).add(time)) queue_.push(time, {hash, Owned<Key>(key)});
  }
  void remove(std::uint64_t hash, const Key& key, EventTime time) {
    TimerSet* set = table_.edit_if(hash, key);
    if (!set || !set->remove(time)) return;
    if (set->empty()) table_.erase(hash, key);  // the queue finds out when it comes to it
  }
  /// When fire() may have something to do; EventTime::max(): never.
  EventTime next() const { return queue_.next(); }
  /// Fires what is due at `until`, earliest first: fire(hash, key, time) may set and remove timers. Stops when go_on() says false.
  /// True when nothing due is left.
  template <class GoOn, class Fire>
  bool fire(EventTime until, GoOn&& go_on, Fire&& fire) {
    for (;;) {
      if (!go_on()) return false;
      auto due = queue_.pop(until);
      if (!due) return true;
      const auto& [hash, key] = due->second;
      TimerSet* set = table_.edit_if(hash, key.get());
      if (!set || !set->remove(due->first)) continue;  // removed meanwhile
      if (set->empty()) table_.erase(hash, key.get());
      fire(hash, key.get(), due->first);
    }
  }

 private:
  KeyedTable<Key, TimerSet> table_;
  TimerQueue<std::pair<std::uint64_t, Owned<Key>>> queue_;
};

}  // namespace weir
