#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <weir/operators/match.hpp>

namespace weir {

/// Whether a row fits, given the rows that the partial match has so far.
template <class Row>
using PatternCondition = std::function<bool(const Row&, const Match<Row>&)>;

/// Conditions by element; an empty one holds always.
template <class Row>
struct PatternConditions {
  std::vector<PatternCondition<Row>> takes;
  std::vector<PatternCondition<Row>> untils;
};

/// Decides which rows make a match: an automaton that is run for one key at a time, on rows in order of time. Knows nothing of streams,
/// watermarks and state tables.
template <class Row>
class PatternMatcher {
 public:
  using State = PatternState<Row>;

  PatternMatcher(PatternPlan plan, PatternConditions<Row> conditions)
      : plan_(std::move(plan)), conditions_(std::move(conditions)) {}

  const PatternPlan& plan() const { return plan_; }
  /// Whether a match may begin with `row`: all else may be spared for a key that has no state.
  bool may_start(const Row& row) const {
    const SharedBuffer<Row> nothing;
    const Match<Row> empty(plan_, nothing, SharedBuffer<Row>::kNone);
    return std::any_of(plan_.starts().begin(), plan_.starts().end(),
                       [&](const PatternPlan::Option& start) { return takes(start.target, row, empty); });
  }

  /// The next row. found(match, time) for matches that are certain now. True when a partial match has begun.
  template <class Found>
  bool take(State& state, const Row& row, EventTime time, Found&& found) {
    ++state.steps;
    row_ = SharedBuffer<Row>::kNone;
    next_.clear();
    for (PatternRun& run : state.runs) {
      const std::uint32_t taken = decide(run.open, run.fresh, plan_.options(element_of(state, run)), row,
                                         Match<Row>(plan_, state.buffer, run.node));
      const std::uint32_t element = element_of(state, run);
      for (std::uint32_t bits = taken; bits != 0; bits &= bits - 1) {
        const auto& option = plan_.options(element)[static_cast<std::size_t>(std::countr_zero(bits))];
        extend(state, run, option, row, time);
      }
      run.fresh = false;
      if (run.open != 0) next_.push_back(run);
      else state.buffer.release(run.node);
    }
    const bool started = start(state, row, time);
    state.runs.swap(next_);
    emit(state, time, found);
    return started;
  }

  /// No row before `to` will come any more. Partial matches whose time runs out are matches, where the pattern ends with what must not
  /// come, or given to timed_out(partial, time), with the last millisecond of their time.
  template <class Found, class TimedOut>
  void advance_time(State& state, EventTime to, Found&& found, TimedOut&& timed_out) {
    if (!plan_.within()) return;
    while (!state.runs.empty()) {
      const EventTime start =
          std::min_element(state.runs.begin(), state.runs.end(),
                           [](const PatternRun& a, const PatternRun& b) { return a.start < b.start; })
              ->start;
      const EventTime end = saturating_add(start, *plan_.within());
      if (end > to) return;
      end_runs(state, start, end - Duration{1}, timed_out);
      emit(state, end - Duration{1}, found);
    }
  }

  /// No row will come any more: partial matches come to nothing, and what waited for them is certain.
  template <class Found>
  void end(State& state, EventTime time, Found&& found) {
    for (const PatternRun& run : state.runs) state.buffer.release(run.node);
    state.runs.clear();
    emit(state, time, found);
  }

 private:
  using Option = PatternPlan::Option;

  std::uint32_t element_of(const State& state, const PatternRun& run) const {
    return state.buffer.node(run.node).element;
  }
  bool takes(std::uint32_t element, const Row& row, const Match<Row>& before) const {
    return !conditions_.takes[element] || conditions_.takes[element](row, before);
  }

  /// Options, as bits, that take the row. Closes those that it ends.
  std::uint32_t decide(std::uint32_t& open, bool fresh, const std::vector<Option>& options, const Row& row,
                       const Match<Row>& before) const {
    std::uint32_t taken = 0;
    for (std::size_t o = 0; o < options.size(); ++o) {
      const std::uint32_t bit = 1u << o;
      if (!(open & bit)) continue;
      const Option& option = options[o];
      if (forbidden(option, fresh, row, before)) open &= ~bit;
      else if (takes(option.target, row, before)) taken |= bit;
      else if (option.link == Contiguity::kStrict) open &= ~bit;
    }
    if (open & PatternPlan::kEnd && takes(*plan_.last_guard(), row, before)) open &= ~PatternPlan::kEnd;
    std::uint32_t blocked = 0;
    for (std::size_t o = 0; o < options.size(); ++o)
      if (options[o].blockers & taken) blocked |= 1u << o;
    open &= ~blocked;
    taken &= ~blocked;
    for (std::size_t o = 0; o < options.size(); ++o)
      if (taken & 1u << o && options[o].link != Contiguity::kAny) open &= ~(1u << o);
    return taken;
  }
  bool forbidden(const Option& option, bool fresh, const Row& row, const Match<Row>& before) const {
    if (option.guard && (fresh || plan_.element(*option.guard).link != Contiguity::kStrict) &&
        takes(*option.guard, row, before))
      return true;
    return plan_.element(option.target).has_until && conditions_.untils[option.target](row, before);
  }

  void extend(State& state, const PatternRun& run, const Option& option, const Row& row, EventTime time) {
    grow(state, run.node, option.target, option.loop ? run.count + 1 : 1, run.start_row, run.start, row,
         time);
  }
  bool start(State& state, const Row& row, EventTime time) {
    std::uint32_t open = (1u << plan_.starts().size()) - 1;
    const std::uint32_t taken =
        decide(open, true, plan_.starts(), row, Match<Row>(plan_, state.buffer, SharedBuffer<Row>::kNone));
    const std::size_t before = next_.size();
    for (std::uint32_t bits = taken; bits != 0; bits &= bits - 1) {
      const auto& option = plan_.starts()[static_cast<std::size_t>(std::countr_zero(bits))];
      grow(state, SharedBuffer<Row>::kNone, option.target, 1, 0, time, row, time);
    }
    return next_.size() > before;
  }
  void grow(State& state, std::uint64_t parent, std::uint32_t element, std::uint32_t count,
            std::uint64_t start_row, EventTime start, const Row& row, EventTime time) {
    if (row_ == SharedBuffer<Row>::kNone) row_ = state.buffer.add_row(row, time);
    if (start_row == 0) start_row = row_;
    const std::uint64_t node = state.buffer.add_node(parent, row_, element);
    const std::uint32_t open = plan_.open_options(element, count);
    const bool complete = !plan_.last_guard() && plan_.may_end(element, count);
    if (complete) state.waiting.push_back({node, start_row, state.steps});
    if (open == 0) return;
    if (complete) state.buffer.refer(node);
    next_.push_back({node, start_row, start, count, open, true, complete});
  }

  template <class TimedOut>
  void end_runs(State& state, EventTime start, EventTime time, TimedOut& timed_out) {
    ++state.steps;
    next_.clear();
    for (const PatternRun& run : state.runs) {
      if (run.start != start) {
        next_.push_back(run);
      } else if (run.open & PatternPlan::kEnd) {
        state.waiting.push_back({run.node, run.start_row, state.steps});
      } else {
        if (!run.matched) timed_out(Match<Row>(plan_, state.buffer, run.node), time);
        state.buffer.release(run.node);
      }
    }
    state.runs.swap(next_);
  }

  /// Those that began first come first, then those that were complete first, then by their rows.
  template <class Found>
  void emit(State& state, EventTime time, Found& found) {
    if (state.waiting.empty()) return;
    auto& waiting = state.waiting;
    std::sort(waiting.begin(), waiting.end(), [&](const WaitingMatch& a, const WaitingMatch& b) {
      if (a.start_row != b.start_row) return a.start_row < b.start_row;
      if (a.completed != b.completed) return a.completed < b.completed;
      return a.node != b.node && by_rows(state, a.node, b.node);
    });
    const bool skips = plan_.skip().kind != SkipStrategy::Kind::kNoSkip;
    while (!waiting.empty()) {
      const WaitingMatch first = waiting.front();
      if (skips && std::any_of(state.runs.begin(), state.runs.end(),
                               [&](const PatternRun& run) { return run.start_row < first.start_row; }))
        return;
      waiting.erase(waiting.begin());
      const Match<Row> match(plan_, state.buffer, first.node);
      found(match, time);
      if (skips) skip(state, first.start_row, match);
      state.buffer.release(first.node);
    }
  }
  bool by_rows(const State& state, std::uint64_t a, std::uint64_t b) const {
    const Match<Row> left(plan_, state.buffer, a), right(plan_, state.buffer, b);
    return std::lexicographical_compare(
        left.entries().begin(), left.entries().end(), right.entries().begin(), right.entries().end(),
        [](const auto& x, const auto& y) { return x.id != y.id ? x.id < y.id : x.element < y.element; });
  }

  void skip(State& state, std::uint64_t start_row, const Match<Row>& match) {
    const auto& entries = match.entries();
    const SkipStrategy& skip = plan_.skip();
    switch (skip.kind) {
      case SkipStrategy::Kind::kNoSkip:
        return;
      case SkipStrategy::Kind::kToNext:
        return drop(state, [&](std::uint64_t start) { return start == start_row; });
      case SkipStrategy::Kind::kPastLast:
        return drop(state, [&](std::uint64_t start) { return start <= entries.back().id; });
      case SkipStrategy::Kind::kToFirst:
      case SkipStrategy::Kind::kToLast:
        std::uint64_t to = 0;
        for (const auto& entry : entries)
          if (plan_.element(entry.element).name == skip.element &&
              (to == 0 || skip.kind == SkipStrategy::Kind::kToLast))
            to = entry.id;
        return drop(state, [&](std::uint64_t start) { return start < to; });
    }
  }
  template <class Began>
  void drop(State& state, Began&& began) {
    const auto drop_from = [&](auto& list) {
      for (const auto& one : list)
        if (began(one.start_row)) state.buffer.release(one.node);
      list.erase(
          std::remove_if(list.begin(), list.end(), [&](const auto& one) { return began(one.start_row); }),
          list.end());
    };
    drop_from(state.runs);
    drop_from(state.waiting);
  }

  const PatternPlan plan_;
  const PatternConditions<Row> conditions_;
  std::uint64_t row_ = 0;         ///< the row at hand in the buffer, once a path needs it
  std::vector<PatternRun> next_;  ///< kept for its memory
};

}  // namespace weir
