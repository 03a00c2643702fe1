#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/time.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/pane_table.hpp>

namespace weir {

namespace detail {

/// What one key has in a run of slices, where an aggregate can take parts back out: a total, and of how many slices.
template <class A>
class RetractedSlices {
 public:
  using Accumulator = typename A::Accumulator;
  bool empty() const { return slices_ == 0; }
  /// `slice` is later than all before it.
  void push(const A& a, EventTime, const Accumulator& part) {
    a.merge(total_, part);
    ++slices_;
  }
  /// Takes out the earliest slice.
  void pop(const A& a, EventTime, const Accumulator& part) {
    a.retract(total_, part);
    if (--slices_ == 0) total_ = Accumulator{};
  }
  /// A slice that is in already gets more; `first`: the key's first in it.
  void more(const A& a, EventTime, const Accumulator& part, bool first) {
    a.merge(total_, part);
    if (first) ++slices_;
  }
  Accumulator value(const A&) const { return total_; }
  std::size_t heap_bytes() const { return weir::heap_bytes(total_); }

 private:
  Accumulator total_{};
  std::uint32_t slices_ = 0;
};

/// The same for any aggregate, as a queue made of two stacks: of the older slices every suffix is kept merged, of the newer ones the
/// parts and their total. Each part is merged about three times in all. Source: the two-stacks algorithm, as in Tangwongsan,
/// Hirzel and Schneider, "Low-latency sliding-window aggregation in worst-case constant time".
template <class A>
class StackedSlices {
 public:
  using Accumulator = typename A::Accumulator;
  bool empty() const { return older_.empty() && newer_.empty(); }
  void push(const A& a, EventTime slice, const Accumulator& part) {
    owned_ -= weir::heap_bytes(newer_total_);
    newer_.emplace_back(slice, part);
    a.merge(newer_total_, part);
    owned_ += weir::heap_bytes(newer_total_) + weir::heap_bytes(newer_.back().second);
  }
  void pop(const A& a, EventTime slice, const Accumulator&) {
    if (older_.empty()) turn(a);
    if (older_.empty() || older_.back().first != slice) return;
    owned_ -= weir::heap_bytes(older_.back().second);
    older_.pop_back();
  }
  void more(const A& a, EventTime slice, const Accumulator& part, bool) {
    add_to(a, slice, part);
    measure();
  }
  Accumulator value(const A& a) const {
    Accumulator all = older_.empty() ? Accumulator{} : older_.back().second;
    a.merge(all, newer_total_);
    return all;
  }
  std::size_t heap_bytes() const { return vector_bytes(older_) + vector_bytes(newer_) + owned_; }

 private:
  using Part = std::pair<EventTime, Accumulator>;

  void add_to(const A& a, EventTime slice, const Accumulator& part) {
    if (older_.empty() || slice > older_.front().first) {
      const auto at = std::lower_bound(newer_.begin(), newer_.end(), slice,
                                       [](const Part& p, EventTime s) { return p.first < s; });
      if (at != newer_.end() && at->first == slice) a.merge(at->second, part);
      else newer_.emplace(at, slice, part);
      a.merge(newer_total_, part);
      return;
    }
    // Latest first; each holds itself and what is later.
    auto at = std::find_if(older_.begin(), older_.end(), [&](const Part& p) { return p.first <= slice; });
    if (at == older_.end() || at->first != slice) {
      Accumulator suffix = std::prev(at)->second;
      at = older_.emplace(at, slice, std::move(suffix));
    }
    for (; at != older_.end(); ++at) a.merge(at->second, part);
  }
  void turn(const A& a) {
    for (auto part = newer_.rbegin(); part != newer_.rend(); ++part) {
      older_.push_back(std::move(*part));
      if (older_.size() > 1) a.merge(older_.back().second, older_[older_.size() - 2].second);
    }
    newer_.clear();
    newer_total_ = Accumulator{};
    measure();
  }
  void measure() {
    if constexpr (!std::is_trivially_copyable_v<Accumulator>) {
      owned_ = weir::heap_bytes(newer_total_);
      for (const Part& part : older_) owned_ += weir::heap_bytes(part.second);
      for (const Part& part : newer_) owned_ += weir::heap_bytes(part.second);
    }
  }
  /// With what the heap takes for it.
  static std::size_t vector_bytes(const std::vector<Part>& parts) {
    return parts.capacity() == 0 ? 0 : parts.capacity() * sizeof(Part) + 2 * sizeof(void*);
  }

  std::vector<Part> older_;  ///< latest slice first, so that the earliest is at the back
  std::vector<Part> newer_;
  Accumulator newer_total_{};
  std::size_t owned_ = 0;  ///< by accumulators, outside of them
};

/// What one key has in a window while the window moves on.
template <class A>
using SlicesOfKey = std::conditional_t<kRetracts<A>, RetractedSlices<A>, StackedSlices<A>>;

}  // namespace detail

/// What every key has in the window that fired last, less the slices that the next one does not contain: moving on costs as
/// much as the slices that enter and leave hold, however many are between. Derived from the slices; not part of a snapshot.
template <class Key, class A>
class RunningWindow {
 public:
  using Accumulator = typename A::Accumulator;
  using OfKey = detail::SlicesOfKey<A>;
  using Table = PaneTable<Key, OfKey>;

  bool contains(EventTime slice) const { return slice > begin_ && slice <= end_; }
  /// Ends of the first slice not contained any more, and of the last that is.
  EventTime begin() const { return begin_; }
  EventTime end() const { return end_; }
  const Table& table() const { return table_; }
  std::size_t bytes() const { return table_.bytes() + text_->allocated_bytes() + heap_; }

  /// Contains nothing, and is about to contain what lies behind `begin`.
  void reset(EventTime begin) {
    table_.clear();
    text_ = ArenaRef::make();
    begin_ = end_ = begin;
    gone_ = heap_ = 0;
  }
  /// Contains nothing, and gives back its memory.
  void release() {
    reset(EventTime::min());
    table_.release();
  }
  /// Takes in the slices up to `end`: each(begin, end, visit) calls visit(slice, hash, key, part) for what keys have in them, until that returns
  /// false. So it does when go_on(), which is asked now and then, says false; then this gives false and is not to be used before reset().
  template <class Each, class GoOn>
  bool extend(const A& a, EventTime end, Each&& each, GoOn&& go_on) {
    std::size_t seen = 0;
    const bool all =
        each(end_, end, [&](EventTime slice, std::uint64_t hash, const Key& key, const Accumulator& part) {
          change(of(hash, key), [&](OfKey& of_key) { of_key.push(a, slice, part); });
          return ++seen % kAskAfter != 0 || go_on();
        });
    end_ = end;
    return all && go_on();
  }
  /// Lets go of the slices up to `begin`.
  template <class Each>
  void shrink(const A& a, EventTime begin, Each&& each) {
    if (begin >= end_) return reset(begin);
    each(begin_, begin, [&](EventTime slice, std::uint64_t hash, const Key& key, const Accumulator& part) {
      OfKey& of_key = of(hash, key);
      change(of_key, [&](OfKey& changed) { changed.pop(a, slice, part); });
      if (of_key.empty()) ++gone_;
      return true;
    });
    begin_ = begin;
    if (gone_ * 2 > table_.size()) forget_gone();
  }
  /// A row for a slice that is contained.
  void more(const A& a, EventTime slice, std::uint64_t hash, const Key& key, const Accumulator& accumulator,
            bool first) {
    change(of(hash, key), [&](OfKey& of_key) { of_key.more(a, slice, accumulator, first); });
  }

 private:
  static constexpr std::size_t kAskAfter = 1024;

  template <class Change>
  void change(OfKey& of_key, Change&& change_it) {
    heap_ -= of_key.heap_bytes();
    change_it(of_key);
    heap_ += of_key.heap_bytes();
  }
  OfKey& of(std::uint64_t hash, const Key& key) {
    auto [value, added] = table_.upsert(hash, key, [&] {
      Key own = key;
      if constexpr (kHoldsViews<Key>) own_text(own, *text_);
      return std::pair<Key, OfKey>(std::move(own), OfKey{});
    });
    if (!added && value.empty() && gone_ > 0) --gone_;
    return value;
  }
  void forget_gone() {
    Table kept(++seed_);
    ArenaRef text = ArenaRef::make();
    table_.update_each(
        [&](auto& slot) {
          if (slot.value.empty()) {
            heap_ -= slot.value.heap_bytes();
            return;
          }
          kept.upsert(slot.hash, slot.key, [&] {
            Key own = slot.key;
            if constexpr (kHoldsViews<Key>) own_text(own, *text);
            return std::pair<Key, OfKey>(std::move(own), std::move(slot.value));
          });
        },
        [](const auto&) {});
    table_ = std::move(kept);
    text_ = std::move(text);
    gone_ = 0;
  }

  std::uint64_t seed_ = 1;  ///< that of slices is another one, and the next table's
  Table table_{seed_};
  ArenaRef text_ = ArenaRef::make();
  EventTime begin_ = EventTime::min();
  EventTime end_ = EventTime::min();
  std::size_t heap_ = 0;  ///< bytes that slices own
  std::size_t gone_ = 0;  ///< keys that have nothing left
};

}  // namespace weir
