#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <weir/core/operator.hpp>
#include <weir/operators/running_window.hpp>
#include <weir/operators/window_slices.hpp>

namespace weir {

/// Fires windows when the watermark has reached their last moments, earliest first, a portion of rows at a time. Windows of one
/// slice are fired from it; others from running totals, or, where memory has no room for these, by merging their slices key by key.
template <class Slices>
class WindowFiring {
 public:
  using Key = typename Slices::Key;
  using A = typename Slices::Aggregate;
  using Accumulator = typename Slices::Accumulator;

  /// What fired before a restore does not fire again.
  WindowFiring(Slices& slices, StateStore& store) : slices_(slices), store_(store) { fired_all(); }
  WindowFiring(const WindowFiring&) = delete;
  WindowFiring& operator=(const WindowFiring&) = delete;
  ~WindowFiring() { charge(0); }

  /// Windows that end here or before have fired, but for keys of groups that lag behind others (WindowProgress).
  EventTime fired_end() const { return fired_end_; }

  /// Fires what is ripe by the progress' watermark. True when nothing is left.
  bool run() {
    while (firing_ || choose()) {
      if (!emit()) return false;
      finish();
    }
    fired_all();
    return true;
  }

  /// A row has been put into a slice that may be part of the running totals. `first`: the key's first in that slice.
  void more(EventTime slice, std::uint64_t hash, const Key& key, const Accumulator& delta, bool first) {
    if (running_valid_ && running_.contains(slice))
      running_.more(slices_.aggregate, slice, hash, key, delta, first);
  }
  /// Whether more() will want to know `first`.
  bool counts(EventTime slice) const {
    return detail::kRetracts<A> && running_valid_ && running_.contains(slice);
  }
  /// All slices have been emptied.
  void forget() { running_valid_ = false; }

 private:
  EventTime watermark() const { return slices_.progress.watermark(); }
  void fired_all() { fired_end_ = std::max(fired_end_, saturating_add(watermark(), Duration{1})); }

  /// Makes the next ripe window that has slices the one that is fired. False: there is none.
  bool choose() {
    const auto& panes = slices_.panes.panes();
    EventTime end;
    if (slices_.plan.single_slice()) {
      const auto next = panes.upper_bound(fired_end_);
      if (next == panes.end()) return false;
      end = next->first;
    } else {
      end = slices_.plan.next_end(fired_end_);
      if (end <= fired_end_) return false;
      const auto next = panes.upper_bound(slices_.plan.start_of(end));
      if (next == panes.end()) return false;
      if (next->first > end) end = slices_.plan.first_end(slices_.slice_ending_at(next->first));
    }
    if (EventTime{end.millis - 1} > watermark()) return false;
    window_ = {slices_.plan.start_of(end), end};
    if (!slices_.plan.single_slice() && !move_to_window())
      merging_.emplace(slices_.panes.merging(window_.start, window_.end));
    walk_ = {};
    cursor_ = {};
    firing_ = true;
    return true;
  }

  /// Brings the running totals to the window. False: memory has no room for them.
  bool move_to_window() {
    if (pause_ > 0) {
      --pause_;
      return false;
    }
    if (!running_valid_) running_.reset(window_.start);
    else if (running_.begin() < window_.start)
      running_.shrink(slices_.aggregate, window_.start, slices_.entries());
    running_valid_ = running_.extend(slices_.aggregate, window_.end, slices_.entries(), [this] {
      charge(running_.bytes());
      return charged_ <= store_.memory_bytes() / kShare || store_.excess_bytes() == 0;
    });
    if (running_valid_) {
      failures_ = 0;
      return true;
    }
    running_.release();
    charge(0);
    failures_ = std::min(failures_ + 1, kMostFailures);
    pause_ = (1U << failures_) - 1;
    return false;
  }
  void charge(std::size_t bytes) {
    store_.charge(static_cast<std::ptrdiff_t>(bytes) -
                  static_cast<std::ptrdiff_t>(std::exchange(charged_, bytes)));
  }

  bool emit() {
    if (slices_.plan.single_slice()) {
      const auto& pane = *slices_.panes.panes().at(window_.end);
      if (pane.cold) return emit_from_tier(pane);
      return emit_all(pane.table, [](const auto& slot) -> const Accumulator& {
        return Slices::accumulator_of(slot.value);
      });
    }
    if (merging_) return emit_merged();
    return emit_all(running_.table(),
                    [this](const auto& slot) { return slot.value.value(slices_.aggregate); });
  }
  /// A pane that memory has not room for is emitted as it is read, key by key.
  bool emit_from_tier(const typename Slices::PaneType& pane) {
    return may_go_on() && slices_.panes.walk(pane, walk_, emit_one());
  }
  bool emit_merged() {
    if (!may_go_on() || !merging_->run(emit_one())) return false;
    merging_.reset();
    return true;
  }
  bool may_go_on() const { return slices_.emitted < Operator::kEmitAtMost; }
  auto emit_one() {
    return [this](std::uint64_t hash, const Key& key, const typename Slices::Value& value) {
      if (!slices_.progress.fired_before(hash, window_.last()))
        slices_.emit(key, window_, PaneKind::kOnTime, Slices::accumulator_of(value));
      return may_go_on();
    };
  }
  template <class Table, class ValueOf>
  bool emit_all(const Table& table, ValueOf&& value_of) {
    for (; !table.at_end(cursor_); table.advance(cursor_)) {
      if (!may_go_on()) return false;
      const auto* slot = table.slot(cursor_);
      if (!slot || slices_.progress.fired_before(slot->hash, window_.last())) continue;
      if constexpr (requires {
                      slot->value.empty();
                      slot->value.value(slices_.aggregate);
                    })
        if (slot->value.empty()) continue;
      slices_.emit(slot->key, window_, PaneKind::kOnTime, value_of(*slot));
    }
    return true;
  }

  /// Slices that the next window does not contain leave the totals now: they may be dropped before it fires.
  void finish() {
    firing_ = false;
    fired_end_ = window_.end;
    if (!running_valid_) return;
    const EventTime next = slices_.plan.next_end(window_.end);
    if (next <= window_.end) running_valid_ = false;
    else running_.shrink(slices_.aggregate, slices_.plan.start_of(next), slices_.entries());
    charge(running_.bytes());
  }

  /// This part of the worker's memory running totals may take in any case.
  static constexpr std::size_t kShare = 2;
  static constexpr unsigned kMostFailures = 6;

  Slices& slices_;
  StateStore& store_;
  RunningWindow<Key, A> running_;
  bool running_valid_ = false;  ///< false: to be rebuilt from the slices
  std::size_t charged_ = 0;     ///< for it
  unsigned failures_ = 0;       ///< to make it, one after the other
  unsigned pause_ = 0;          ///< windows before it is tried again
  EventTime fired_end_ = EventTime::min();
  Window window_{};
  bool firing_ = false;
  TableCursor cursor_;                           ///< how far the table that is fired has been walked
  typename decltype(Slices::panes)::Walk walk_;  ///< the same, of a pane that is not in memory
  std::optional<typename decltype(Slices::panes)::Merging> merging_;  ///< the same, of several
};

}  // namespace weir
