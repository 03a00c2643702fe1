#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/time.hpp>
#include <weir/operators/count_window.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>

namespace weir {

/// What some rows that came one after the other have become.
template <class Accumulator>
struct CountSlice {
  EventTime earliest = EventTime::max();
  EventTime latest = EventTime::min();
  Accumulator accumulator{};
  BOOST_DESCRIBE_CLASS(CountSlice, (), (earliest, latest, accumulator), (), ())

  void take(EventTime time) {
    earliest = std::min(earliest, time);
    latest = std::max(latest, time);
  }
  template <class Merge>
  void merge(const CountSlice& other, Merge&& merge_accumulators) {
    earliest = std::min(earliest, other.earliest);
    latest = std::max(latest, other.latest);
    merge_accumulators(accumulator, other.accumulator);
  }
  /// Of the rows' times.
  Window span() const { return {earliest, saturating_add(latest, Duration{1})}; }
};

/// A key's rows in count windows, an object of a KeyedTable: the slice that is being filled, and those before it that windows to come
/// need.
template <class Accumulator>
struct KeyCounts {
  using Slice = CountSlice<Accumulator>;
  std::uint64_t since_firing = 0;  ///< rows
  std::uint64_t in_slice = 0;      ///< rows in `filling`
  EventTime last_time{};           ///< of the row that came last
  Slice filling;
  std::vector<Slice> full;  ///< earliest first
  BOOST_DESCRIBE_CLASS(KeyCounts, (), (since_firing, in_slice, last_time, filling, full), (), ())

  /// Takes in the row that was added to `filling`. True: a window is complete, and whole() gives it.
  bool count(const CountWindows& windows, EventTime time) {
    filling.take(time);
    last_time = time;
    ++since_firing;
    if (++in_slice < windows.slice()) return false;
    const bool complete = since_firing == windows.slide();
    if (complete) since_firing = 0;
    if (windows.slices_in_window() == 1 && complete) return true;  // forgotten next: it may stay where it is
    if (full.size() == windows.slices_in_window()) full.erase(full.begin());
    full.push_back(std::move(filling));
    filling = Slice{};
    in_slice = 0;
    return complete;
  }
  /// The rows of the window that is complete.
  template <class Merge>
  Slice whole(Merge&& merge) const {
    return merged(full.size(), merge);
  }
  /// The rows that have come of the window that is completed next; none where it has not begun.
  template <class Merge>
  std::optional<Slice> part(const CountWindows& windows, Merge&& merge) const {
    const std::uint64_t rows_missing = windows.slide() - since_firing;
    const std::uint64_t open =
        (rows_missing + windows.slice() - 1) / windows.slice();  // slices, with the one being filled
    if (since_firing == 0 || open > windows.slices_in_window()) return std::nullopt;
    const std::size_t closed = std::min<std::size_t>(windows.slices_in_window() - open, full.size());
    if (closed == 0 && in_slice == 0) return std::nullopt;
    return merged(closed, merge);
  }
  std::size_t heap_bytes() const {
    std::size_t bytes = weir::heap_bytes(filling.accumulator) + full.capacity() * sizeof(Slice);
    if constexpr (!std::is_trivially_copyable_v<Accumulator>)
      for (const Slice& slice : full) bytes += weir::heap_bytes(slice.accumulator);
    return bytes;
  }

 private:
  /// The last `closed` full slices, and what is being filled.
  template <class Merge>
  Slice merged(std::size_t closed, Merge&& merge) const {
    Slice all;
    for (std::size_t i = full.size() - closed; i < full.size(); ++i) all.merge(full[i], merge);
    if (in_slice > 0) all.merge(filling, merge);
    return all;
  }
};

}  // namespace weir
