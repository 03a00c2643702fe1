#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/timer_place.hpp>

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
    const std::size_t before = last_->capacity();
    last_->push_back(std::move(entry));
    later_capacity_ += last_->capacity() - before;
    ++later_size_;
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
      later_size_ -= due_.size();
      later_capacity_ -= due_.capacity();
      later_.erase(later_.begin());
      last_ = nullptr;
    }
    if (due_.front().time > until) return std::nullopt;
    std::pop_heap(due_.begin(), due_.end());
    Entry first = std::move(due_.back());
    due_.pop_back();
    return std::pair<EventTime, What>(first.time, std::move(first.what));
  }
  /// Takes out up to `most` that are due at `until`: take(entry), with its .time and .what.
  template <class Take>
  void pop(EventTime until, std::size_t most, Take&& take) {
    for (; most > 0; --most) {
      auto first = pop(until);
      if (!first) return;
      take(Entry{first->first, 0, std::move(first->second)});
    }
  }
  void clear() {
    due_.clear();
    later_.clear();
    last_ = nullptr;
    later_size_ = later_capacity_ = 0;
  }

  std::size_t size() const { return due_.size() + later_size_; }
  /// What it takes, without what keys own.
  std::size_t bytes() const {
    return (due_.capacity() + later_capacity_) * sizeof(Entry) + later_.size() * kBucketBytes;
  }
  /// Of what has a .hash: lets go of all but about `keep` of the earliest; see keep_earliest(). Gives the earliest place that was let go of.
  template <class Gone>
  std::optional<TimerPlace> let_go(std::size_t keep, Gone&& gone) {
    std::optional<TimerPlace> cut;
    last_ = nullptr;
    while (size() > keep && !later_.empty()) {
      const auto last = std::prev(later_.end());
      std::vector<Entry>& entries = last->second;
      later_size_ -= entries.size();
      later_capacity_ -= entries.capacity();
      const std::size_t others = size();
      const auto earliest = keep_earliest(entries, keep - std::min(keep, others), gone);
      if (earliest) cut = earliest;
      later_size_ += entries.size();
      later_capacity_ += entries.capacity();
      if (!entries.empty()) return cut;
      later_.erase(last);
    }
    if (size() <= keep) return cut;
    const auto earliest = keep_earliest(due_, keep, gone);
    std::make_heap(due_.begin(), due_.end());
    return earliest ? earliest : cut;
  }

 private:
  static constexpr int kBucketBits = 10;
  static constexpr std::size_t kBucketBytes = 112;  ///< of the map, and the heap's for it
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
  std::size_t later_size_ = 0;      ///< entries in later_
  std::size_t later_capacity_ = 0;  ///< and how many they have memory for
  std::uint64_t added_ = 0;
};

}  // namespace weir
