#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/operators/window_slices.hpp>
#include <weir/state/pane_table.hpp>

namespace weir {

/// Emits the current value of windows that have not fired, for keys that have changed in the current round, and begins the next one.
/// A portion of rows at a time.
template <class Slices>
class EarlyFiring {
 public:
  using Key = typename Slices::Key;

  explicit EarlyFiring(Slices& slices) : slices_(slices) {}

  /// True when nothing is left. `fired_end`: windows that end here or before have fired.
  bool run(EventTime fired_end) {
    if (!running_) {
      running_ = true;
      next_pane_ = EventTime::min();
      cursor_ = {};
      if (!slices_.plan.single_slice()) collect(fired_end);
    }
    if (!(slices_.plan.single_slice() ? emit_slices(fired_end) : emit_keys())) return false;
    running_ = false;
    changed_.clear();
    ++slices_.progress.round;
    return true;
  }

 private:
  using Changed = PaneTable<Key, std::vector<EventTime>>;
  static constexpr std::uint64_t kSeed = 3;  ///< another one than that of what it is filled from

  bool changed(const typename Slices::Value& entry) const { return entry.round == slices_.progress.round; }

  bool emit_slices(EventTime fired_end) {
    const auto& panes = slices_.panes.panes();
    for (auto it = panes.upper_bound(std::max(fired_end, next_pane_)); it != panes.end(); ++it) {
      slices_.panes.warm(*it->second);
      const Window window{slices_.plan.start_of(it->first), it->first};
      const auto& table = it->second->table;
      for (; !table.at_end(cursor_); table.advance(cursor_)) {
        if (slices_.emitted >= Operator::kEmitAtMost) return false;
        const auto* slot = table.slot(cursor_);
        if (!slot || !changed(slot->value)) continue;
        if (slices_.progress.fired_before(slot->hash, window.last())) continue;
        slices_.emit(slot->key, window, PaneKind::kEarly, slot->value.accumulator);
      }
      cursor_ = {};
      next_pane_ = it->first;
    }
    return true;
  }

  /// The changed keys, each with its changed slices.
  void collect(EventTime fired_end) {
    text_ = ArenaRef::make();
    for (const auto& [end, pane] : slices_.panes.panes()) {
      if (slices_.plan.last_end(slices_.slice_ending_at(end)) <= fired_end) continue;
      slices_.panes.warm(*pane);
      pane->table.for_each([&, slice = end](const auto& slot) {
        if (!changed(slot.value)) return;
        changed_
            .upsert(slot.hash, slot.key,
                    [&] {
                      Key own = slot.key;
                      if constexpr (kHoldsViews<Key>) own_text(own, *text_);
                      return std::pair<Key, std::vector<EventTime>>(std::move(own), {});
                    })
            .first.push_back(slice);
      });
    }
    fired_end_ = fired_end;
    resume_at_ = EventTime::min();
  }

  bool emit_keys() {
    for (; !changed_.at_end(cursor_); changed_.advance(cursor_)) {
      if (slices_.emitted >= Operator::kEmitAtMost) return false;
      const auto* slot = changed_.slot(cursor_);
      if (!slot) continue;
      const WindowPlan& plan = slices_.plan;
      const EventTime ahead = saturating_add(slices_.progress.watermark_of(slot->hash), Duration{1});
      const EventTime open = plan.next_end(std::max(fired_end_, ahead));
      const EventTime first =
          std::max({open, plan.first_end(slices_.slice_ending_at(slot->value.front())), resume_at_});
      const EventTime last = plan.last_end(slices_.slice_ending_at(slot->value.back()));
      resume_at_ = EventTime::min();
      if (first > last) continue;
      resume_at_ = slices_.emit_windows(slot->hash, slot->key, first, last, PaneKind::kEarly, slot->value,
                                        Operator::kEmitAtMost);
      if (resume_at_ != EventTime::min()) return false;
    }
    return true;
  }

  Slices& slices_;
  bool running_ = false;
  EventTime next_pane_ = EventTime::min();
  EventTime fired_end_ = EventTime::min();
  EventTime resume_at_ = EventTime::min();  ///< within the windows of the key at the cursor
  TableCursor cursor_;
  Changed changed_{kSeed};
  ArenaRef text_;  ///< of its keys
};

}  // namespace weir
