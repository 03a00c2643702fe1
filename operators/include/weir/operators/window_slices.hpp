#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/operator.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/result_of_key.hpp>
#include <weir/operators/running_window.hpp>
#include <weir/operators/window_output.hpp>
#include <weir/operators/window_plan.hpp>
#include <weir/operators/window_progress.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/pane_store.hpp>

namespace weir {

/// What is kept for a key and slice where windows fire early: also the round that changed it last, so that a firing, which begins
/// the next round, need not write what it has emitted.
template <class Accumulator>
struct EarlyEntry {
  Accumulator accumulator{};
  std::uint32_t round = 0;
  BOOST_DESCRIBE_CLASS(EarlyEntry, (), (accumulator, round), (), ())
};

/// The slices of an operator's windows, and what the parts of the operator share: how far it has come, and where results go.
/// One thread.
template <class KeyType, class A, bool kEarly>
struct WindowSlices {
  using Key = KeyType;
  using Aggregate = A;
  using Accumulator = typename A::Accumulator;
  using Value = std::conditional_t<kEarly, EarlyEntry<Accumulator>, Accumulator>;
  using PaneType = Pane<Key, Value>;
  using Output = WindowOutput<A, Key>;
  using Out = typename Output::Row;

  struct Merge {
    A aggregate;
    void operator()(Value& into, const Value& other) const {
      aggregate.merge(accumulator_of(into), accumulator_of(other));
      if constexpr (kEarly) into.round = std::max(into.round, other.round);
    }
  };

  WindowSlices(OperatorContext& context, WindowPlan p, A a)
      : name(context.name),
        plan(std::move(p)),
        aggregate(std::move(a)),
        progress(context.state->key_groups(), context.max_parallelism, plan.geometry()),
        panes(*context.state, context.name, context.max_parallelism, Merge{aggregate}),
        results(context, 0) {
    panes.restore(progress.restore(context.restored, context.restored_end));
    if constexpr (kEarly)
      if (progress.rounds_differ()) unify_rounds();
  }

  /// The last moment of the last window that has rows, or the watermark where that is later.
  EventTime last_moment() const {
    if (panes.panes().empty()) return progress.watermark();
    const EventTime end = plan.last_end(slice_ending_at(panes.panes().rbegin()->first));
    return std::max(progress.watermark(), EventTime{end.millis - 1});
  }

  static Accumulator& accumulator_of(Value& value) {
    if constexpr (kEarly) return value.accumulator;
    else return value;
  }
  static const Accumulator& accumulator_of(const Value& value) {
    if constexpr (kEarly) return value.accumulator;
    else return value;
  }

  /// Visits what keys have in the slices that end in (begin, end], earliest first: visit(end of slice, hash, key, accumulator), until that returns
  /// false. Of what is in the tier one at a time is in memory.
  auto entries() {
    return [this](EventTime begin, EventTime end, auto&& visit) {
      const auto& all = panes.panes();
      for (auto it = all.upper_bound(begin); it != all.end() && it->first <= end; ++it) {
        panes.spill_excess(end);
        typename decltype(panes)::Walk walk;
        const bool whole =
            panes.walk(*it->second, walk,
                       [&, slice = it->first](std::uint64_t hash, const Key& key, const Value& value) {
                         return visit(slice, hash, key, accumulator_of(value));
                       });
        if (!whole) return false;
      }
      return true;
    };
  }
  Window slice_ending_at(EventTime end) const { return plan.slice_of(EventTime{end.millis - 1}); }

  void emit(const Key& key, const Window& window, PaneKind kind, const Accumulator& accumulator) {
    detail::result_of_key(name, key, &window, [&] {
      Output::emit(aggregate, key, window, WindowPane{kind}, accumulator, [&](Out out) {
        if constexpr (kHoldsViews<Out>) own_text(out, results.arena());
        results.emit(std::move(out), window.last());
        ++emitted;
      });
    });
  }

  /// Emits the key's windows that end in [first, last], earliest first: those with a slice among `changed` (ends, in order), or, where
  /// that is empty, all. Stops once `limit` rows have been emitted since `emitted` was set to 0; gives the end to go on with, or
  /// EventTime::min() when done.
  EventTime emit_windows(std::uint64_t hash, const Key& key, EventTime first, EventTime last, PaneKind kind,
                         const std::vector<EventTime>& changed, std::size_t limit) {
    gather(hash, key, plan.start_of(first), last);
    detail::StackedSlices<A> in_window;
    std::size_t next_in = 0, next_out = 0, next_changed = 0;
    for (EventTime end = first; end <= last;) {
      const EventTime start = plan.start_of(end);
      for (; next_in < parts_.size() && parts_[next_in].first <= end; ++next_in)
        in_window.push(aggregate, parts_[next_in].first, parts_[next_in].second);
      for (; next_out < next_in && parts_[next_out].first <= start; ++next_out)
        in_window.pop(aggregate, parts_[next_out].first, parts_[next_out].second);
      while (next_changed < changed.size() && changed[next_changed] <= start) ++next_changed;
      const bool wanted = changed.empty() || (next_changed < changed.size() && changed[next_changed] <= end);
      if (wanted && !in_window.empty()) {
        if (emitted >= limit) return end;
        emit(key, {start, end}, kind, in_window.value(aggregate));
      }
      const EventTime next = plan.next_end(end);
      if (next <= end) break;
      end = next;
    }
    return EventTime::min();
  }

  const std::string name;
  const WindowPlan plan;
  const A aggregate;
  WindowProgress progress;
  PaneStore<Key, Value, Merge> panes;
  Emitter<Out> results;
  std::size_t emitted = 0;  ///< rows, since this was last set to 0

 private:
  /// The key's accumulators in the slices that end in (begin, end].
  void gather(std::uint64_t hash, const Key& key, EventTime begin, EventTime end) {
    parts_.clear();
    const auto& all = panes.panes();
    for (auto it = all.upper_bound(begin); it != all.end() && it->first <= end; ++it) {
      bool any = false;
      panes.parts(*it->second, hash, key, [&](const Value& part) {
        if (!std::exchange(any, true)) parts_.emplace_back(it->first, accumulator_of(part));
        else aggregate.merge(parts_.back().second, accumulator_of(part));
      });
    }
  }

  /// After a restore from workers that were in different rounds.
  void unify_rounds() {
    for (const auto& [end, pane] : panes.panes()) {
      panes.warm(*pane);
      panes.update_each(*pane, [&](auto& slot) {
        slot.value.round =
            slot.value.round == progress.restored_round_of(slot.hash) ? progress.round : std::uint32_t{0};
      });
    }
    progress.rounds_are_one();
  }

  std::vector<std::pair<EventTime, Accumulator>> parts_;
};

}  // namespace weir
