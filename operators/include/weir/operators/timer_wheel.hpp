#pragma once

#include <algorithm>
#include <array>
#include <bit>
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

/// Things to be done at times, those of one millisecond in any order. What is due within about a second lies in a slot for each
/// millisecond, what is later unsorted in buckets of a second: nothing is ever sorted, so that millions may wait.
template <class What>
class TimerWheel {
 public:
  struct Entry {
    EventTime time;
    What what;
  };

  void push(EventTime time, What what) {
    const std::int64_t bucket = time.millis >> kBits;
    if (bucket > bucket_) {
      if (bucket != last_bucket_ || !last_) {
        last_ = &later_[bucket];
        last_bucket_ = bucket;
      }
      const std::size_t before = last_->capacity();
      last_->push_back({time, std::move(what)});
      later_capacity_ += last_->capacity() - before;
      ++later_size_;
    } else {
      put(bucket < bucket_ ? cursor_ : std::max(cursor_, slot_of(time)), {time, std::move(what)});
    }
  }
  /// When the first is due; of what is not due within a second perhaps up to a second too early. EventTime::max(): nothing waits.
  EventTime next() const {
    const std::size_t slot = first_slot();
    if (slot < kSlots) return {(bucket_ << kBits) + static_cast<std::int64_t>(slot)};
    return later_.empty() ? EventTime::max() : EventTime{later_.begin()->first << kBits};
  }
  /// Takes out up to `most` that are due at `until`: take(entry).
  template <class Take>
  void pop(EventTime until, std::size_t most, Take&& take) {
    while (most > 0) {
      const std::size_t slot = first_slot();
      if (slot == kSlots) {
        if (later_.empty() || later_.begin()->first > until.millis >> kBits) return;
        unpack();
        continue;
      }
      if ((bucket_ << kBits) + static_cast<std::int64_t>(slot) > until.millis) return;
      cursor_ = slot;
      auto& entries = slots_[slot];
      for (; !entries.empty() && most > 0; --most) {
        take(std::move(entries.back()));
        entries.pop_back();
        --slots_size_;
      }
      if (!entries.empty()) return;
      leave(slot);
    }
  }

  std::size_t size() const { return slots_size_ + later_size_; }
  /// What it takes, without what keys own.
  std::size_t bytes() const {
    return (slots_capacity_ + later_capacity_) * sizeof(Entry) + later_.size() * kBucketBytes;
  }
  /// Of what has a .hash: lets go of all but about `keep` of the earliest; see keep_earliest(). Gives the earliest place that was let go of.
  template <class Gone>
  std::optional<TimerPlace> let_go(std::size_t keep, Gone&& gone) {
    std::optional<TimerPlace> cut;
    last_ = nullptr;
    for (auto& entries : slots_)
      if (entries.empty()) release(entries);
    while (size() > keep && !later_.empty()) {
      const auto last = std::prev(later_.end());
      if (!shrink(last->second, later_size_, later_capacity_, keep, gone, cut)) return cut;
      later_.erase(last);
    }
    for (std::size_t slot = kSlots; size() > keep && slot-- > cursor_;) {
      if (slots_[slot].empty()) continue;
      if (!shrink(slots_[slot], slots_size_, slots_capacity_, keep, gone, cut)) return cut;
      leave(slot);
    }
    return cut;
  }

 private:
  static constexpr int kBits = 10;
  static constexpr std::size_t kSlots = std::size_t{1} << kBits;
  static constexpr std::size_t kKeptCapacity = 32;
  static constexpr std::size_t kBucketBytes = 112;  ///< of the map, and the heap's for it

  static std::size_t slot_of(EventTime time) { return static_cast<std::size_t>(time.millis) & (kSlots - 1); }
  void put(std::size_t slot, Entry entry) {
    const std::size_t before = slots_[slot].capacity();
    slots_[slot].push_back(std::move(entry));
    slots_capacity_ += slots_[slot].capacity() - before;
    ++slots_size_;
    occupied_[slot >> 6] |= std::uint64_t{1} << (slot & 63);
  }
  std::size_t first_slot() const {
    for (std::size_t word = cursor_ >> 6; word < occupied_.size(); ++word)
      if (occupied_[word] != 0)
        return word * 64 + static_cast<std::size_t>(std::countr_zero(occupied_[word]));
    return kSlots;
  }
  /// A slot that is empty now.
  void leave(std::size_t slot) {
    occupied_[slot >> 6] &= ~(std::uint64_t{1} << (slot & 63));
    if (slots_[slot].capacity() > kKeptCapacity) release(slots_[slot]);
  }
  void release(std::vector<Entry>& entries) {
    slots_capacity_ -= entries.capacity();
    std::vector<Entry>().swap(entries);  // an assignment of {} would keep the memory
  }
  /// Lets go of what is too much, and is among `entries`. True: nothing is left of them.
  template <class Gone>
  bool shrink(std::vector<Entry>& entries, std::size_t& size_here, std::size_t& capacity_here,
              std::size_t keep, Gone& gone, std::optional<TimerPlace>& cut) {
    size_here -= entries.size();
    capacity_here -= entries.capacity();
    const auto earliest = keep_earliest(entries, keep - std::min(keep, size()), gone);
    if (earliest) cut = earliest;
    size_here += entries.size();
    capacity_here += entries.capacity();
    return entries.empty();
  }
  /// The earliest bucket comes into the slots, which are empty.
  void unpack() {
    const auto first = later_.begin();
    bucket_ = first->first;
    cursor_ = 0;
    later_size_ -= first->second.size();
    later_capacity_ -= first->second.capacity();
    for (Entry& entry : first->second) {
      const std::size_t slot = slot_of(entry.time);
      put(slot, std::move(entry));
    }
    later_.erase(first);
    last_ = nullptr;
  }

  std::array<std::vector<Entry>, kSlots> slots_;
  std::array<std::uint64_t, kSlots / 64> occupied_{};
  std::int64_t bucket_ = std::numeric_limits<std::int64_t>::min();  ///< the one in the slots
  std::size_t cursor_ = 0;                                          ///< nothing is in slots before it
  std::map<std::int64_t, std::vector<Entry>> later_;
  std::vector<Entry>* last_ = nullptr;  ///< the bucket that was added to last
  std::int64_t last_bucket_ = 0;
  std::size_t slots_size_ = 0, later_size_ = 0;          ///< entries
  std::size_t slots_capacity_ = 0, later_capacity_ = 0;  ///< how many of them there is memory for
};

}  // namespace weir
