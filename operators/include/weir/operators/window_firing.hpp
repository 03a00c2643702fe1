#pragma once

#include <cstddef>

#include <weir/core/operator.hpp>
#include <weir/operators/running_window.hpp>
#include <weir/operators/window_slices.hpp>

namespace weir {

/// Fires windows when the watermark has reached their last moments, earliest first, a portion of rows at a time. Windows of one
/// slice are fired from it, others from running totals.
template <class Slices>
class WindowFiring {
 public:
  using Key = typename Slices::Key;
  using A = typename Slices::Aggregate;
  using Accumulator = typename Slices::Accumulator;

  /// What fired before a restore does not fire again.
  explicit WindowFiring(Slices& slices) : slices_(slices) { fired_all(); }

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
  /// Of running totals, without what their accumulators own.
  std::size_t bytes() const { return slices_.plan.single_slice() ? 0 : running_.bytes(); }

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
    if (!slices_.plan.single_slice()) move_to_window();
    walk_ = {};
    cursor_ = {};
    firing_ = true;
    return true;
  }

  void move_to_window() {
    if (!running_valid_) running_.reset(window_.start);
    else if (running_.begin() < window_.start)
      running_.shrink(slices_.aggregate, window_.start, slices_.whole_panes());
    running_valid_ = true;
    running_.extend(slices_.aggregate, window_.end, slices_.whole_panes());
  }

  bool emit() {
    if (slices_.plan.single_slice()) {
      const auto& pane = *slices_.panes.panes().at(window_.end);
      if (pane.cold) return emit_from_tier(pane);
      return emit_all(pane.table, [](const auto& slot) -> const Accumulator& {
        return Slices::accumulator_of(slot.value);
      });
    }
    return emit_all(running_.table(),
                    [this](const auto& slot) { return slot.value.value(slices_.aggregate); });
  }
  /// A pane that memory has not room for is emitted as it is read, key by key.
  bool emit_from_tier(const typename Slices::PaneType& pane) {
    const auto may_go_on = [this] { return slices_.emitted < Operator::kEmitAtMost; };
    if (!may_go_on()) return false;
    return slices_.panes.walk(pane, walk_, [&](std::uint64_t hash, const Key& key, const auto& value) {
      if (!slices_.progress.fired_before(hash, window_.last()))
        slices_.emit(key, window_, PaneKind::kOnTime, Slices::accumulator_of(value));
      return may_go_on();
    });
  }
  template <class Table, class ValueOf>
  bool emit_all(const Table& table, ValueOf&& value_of) {
    for (; !table.at_end(cursor_); table.advance(cursor_)) {
      if (slices_.emitted >= Operator::kEmitAtMost) return false;
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
    if (slices_.plan.single_slice()) return;
    const EventTime next = slices_.plan.next_end(window_.end);
    if (next <= window_.end) running_valid_ = false;
    else running_.shrink(slices_.aggregate, slices_.plan.start_of(next), slices_.whole_panes());
  }

  Slices& slices_;
  RunningWindow<Key, A> running_;
  bool running_valid_ = false;  ///< false: to be rebuilt from the slices
  EventTime fired_end_ = EventTime::min();
  Window window_{};
  bool firing_ = false;
  TableCursor cursor_;                           ///< how far the table that is fired has been walked
  typename decltype(Slices::panes)::Walk walk_;  ///< the same, of a pane that is not in memory
};

}  // namespace weir
