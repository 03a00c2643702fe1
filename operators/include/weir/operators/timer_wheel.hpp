#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>

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
      last_->push_back({time, std::move(what)});
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
      }
      if (!entries.empty()) return;
      occupied_[slot >> 6] &= ~(std::uint64_t{1} << (slot & 63));
      if (entries.capacity() > kKeptCapacity) entries = {};
    }
  }

 private:
  static constexpr int kBits = 10;
  static constexpr std::size_t kSlots = std::size_t{1} << kBits;
  static constexpr std::size_t kKeptCapacity = 256;

  static std::size_t slot_of(EventTime time) { return static_cast<std::size_t>(time.millis) & (kSlots - 1); }
  void put(std::size_t slot, Entry entry) {
    slots_[slot].push_back(std::move(entry));
    occupied_[slot >> 6] |= std::uint64_t{1} << (slot & 63);
  }
  std::size_t first_slot() const {
    for (std::size_t word = cursor_ >> 6; word < occupied_.size(); ++word)
      if (occupied_[word] != 0)
        return word * 64 + static_cast<std::size_t>(std::countr_zero(occupied_[word]));
    return kSlots;
  }
  /// The earliest bucket comes into the slots, which are empty.
  void unpack() {
    const auto first = later_.begin();
    bucket_ = first->first;
    cursor_ = 0;
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
};

}  // namespace weir
