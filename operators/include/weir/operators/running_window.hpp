#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/time.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/state/codec.hpp>
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
    newer_.emplace_back(slice, part);
    a.merge(newer_total_, part);
  }
  void pop(const A& a, EventTime slice, const Accumulator&) {
    if (older_.empty()) turn(a);
    if (!older_.empty() && older_.back().first == slice) older_.pop_back();
  }
  void more(const A& a, EventTime slice, const Accumulator& part, bool) {
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
  Accumulator value(const A& a) const {
    Accumulator all = older_.empty() ? Accumulator{} : older_.back().second;
    a.merge(all, newer_total_);
    return all;
  }

 private:
  using Part = std::pair<EventTime, Accumulator>;

  void turn(const A& a) {
    for (auto part = newer_.rbegin(); part != newer_.rend(); ++part) {
      older_.push_back(std::move(*part));
      if (older_.size() > 1) a.merge(older_.back().second, older_[older_.size() - 2].second);
    }
    newer_.clear();
    newer_total_ = Accumulator{};
  }

  std::vector<Part> older_;  ///< latest slice first, so that the earliest is at the back
  std::vector<Part> newer_;
  Accumulator newer_total_{};
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
  std::size_t bytes() const { return table_.bytes() + text_->allocated_bytes(); }

  /// Contains nothing, and is about to contain what lies behind `begin`.
  void reset(EventTime begin) {
    table_.clear();
    text_ = ArenaRef::make();
    begin_ = end_ = begin;
    gone_ = 0;
  }
  /// Takes in the slices up to `end`: `each(begin, end, visit)` visits the panes among them.
  template <class EachPane>
  void extend(const A& a, EventTime end, EachPane&& each) {
    each(end_, end, [&](auto& pane) {
      pane.table.for_each([&](const auto& slot) { of(slot.hash, slot.key).push(a, pane.end, part(slot)); });
    });
    end_ = end;
  }
  /// Lets go of the slices up to `begin`.
  template <class EachPane>
  void shrink(const A& a, EventTime begin, EachPane&& each) {
    if (begin >= end_) return reset(begin);
    each(begin_, begin, [&](auto& pane) {
      pane.table.for_each([&](const auto& slot) {
        OfKey& of_key = of(slot.hash, slot.key);
        of_key.pop(a, pane.end, part(slot));
        if (of_key.empty()) ++gone_;
      });
    });
    begin_ = begin;
    if (gone_ * 2 > table_.size()) forget_gone();
  }
  /// A row for a slice that is contained.
  void more(const A& a, EventTime slice, std::uint64_t hash, const Key& key, const Accumulator& accumulator,
            bool first) {
    of(hash, key).more(a, slice, accumulator, first);
  }

 private:
  template <class Slot>
  static const Accumulator& part(const Slot& slot) {
    if constexpr (requires { slot.value.accumulator; }) return slot.value.accumulator;
    else return slot.value;
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
          if (slot.value.empty()) return;
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
  std::size_t gone_ = 0;  ///< keys that have nothing left
};

}  // namespace weir
