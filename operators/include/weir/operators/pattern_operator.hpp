#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/operators/chain.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/pattern_matcher.hpp>
#include <weir/operators/rows_in_time_order.hpp>
#include <weir/state/keyed_table.hpp>
#include <weir/state/timers.hpp>

namespace weir {

/// What the function of a match may use: the time at which the match became certain, and a way out. Valid during the call it is given to.
template <class Out>
class MatchContext {
 public:
  MatchContext(OperatorContext& context, std::size_t port) : out_(context, port) {}

  /// Of the match's last row, where nothing had to be waited for.
  EventTime time() const { return time_; }
  /// Emits a row with time(). Its text is copied.
  void emit(const Out& row) {
    detail::emit_copy(out_, row, time_);
    ++emitted_;
  }
  /// For text that the function makes: valid until the call ends.
  Arena& arena() { return *text_; }

  // For the operator.
  void begin(EventTime time) { time_ = time; }
  std::size_t emitted() const { return emitted_; }
  void end_of_call() {
    out_.flush();
    emitted_ = 0;
    if (text_->allocated_bytes() > 0) text_->clear();
  }

 private:
  Emitter<Out> out_;
  ArenaRef text_ = ArenaRef::make();
  EventTime time_ = EventTime::min();
  std::size_t emitted_ = 0;
};

namespace detail {

/// Stands where nobody asks for partial matches that time out.
struct IgnoreTimedOut {
  template <class Match>
  void operator()(const Match&) const {}
};

/// Finds the matches of a pattern in the rows of each key, in order of event time. Port 0: what the function makes of a match. Port 1: rows
/// that came behind the watermark. Port 2: what the other function makes of partial matches whose time ran out.
///
/// State: rows until the watermark reaches them; then the partial matches of each key and the rows they need, for at most the pattern's
/// within(), else until they match or end. After a restart partial matches go on where they were.
/// Sources: Flink's CEP library for the semantics; SASE+ for the shared buffer.
template <class Key, class Row, class Out, class TimedOut, class OnMatch, class OnTimedOut>
class PatternOperator final : public Operator {
 public:
  using In = Keyed<Key, Row>;

  PatternOperator(OperatorContext context, PatternPlan plan, PatternConditions<Row> conditions,
                  OnMatch on_match, OnTimedOut on_timed_out)
      : matcher_(std::move(plan), std::move(conditions)),
        on_match_(std::move(on_match)),
        on_timed_out_(std::move(on_timed_out)),
        states_(context),
        waiting_(states_, "waiting"),
        partial_(states_, "partial matches"),
        deadlines_(states_, "deadlines"),
        out_(context, 0),
        late_(context, states_.restored_watermark()),
        timed_out_(context, 2) {}

  static void describe(std::vector<StateDescription>& states, const PatternPlan& plan) {
    RowsInTimeOrder<Key, Row>::describe(states, "waiting");
    states.push_back({"partial matches", state_type<Key>(),
                      state_type<PatternState<Row>>() + " of " + plan.description()});
    states.push_back({"deadlines", state_type<Key>(), TimerSet::type_name()});
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!late_.take(rows[i].value, rows.time(i)))
        waiting_.add(rows[i].hash, rows[i].key, rows[i].value, rows.time(i));
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    const bool ended = is_end_of_input(watermark);
    if (ended) states_.note_end();
    else late_.advance(watermark);
    const auto go_on = [this] { return out_.emitted() + timed_out_.emitted() < kEmitAtMost; };
    bool done = waiting_.release(watermark, go_on,
                                 [&](std::uint64_t hash, const Key& key, const Row& row, EventTime time) {
                                   if (ended) note_taken(time);
                                   take(hash, key, row, time);
                                 });
    done = done &&
           deadlines_.fire(watermark, go_on, [this](std::uint64_t hash, const Key& key, EventTime deadline) {
             time_out(hash, key, deadline);
           });
    if (done && watermark == EventTime::max() && !matcher_.plan().within()) done = end_keys(go_on);
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, late_.watermark()); }

 private:
  using State = PatternState<Row>;

  /// Rows come in order of time: what comes behind this one is late, in a later run as well.
  void note_taken(EventTime time) {
    if (!is_end_of_input(time)) late_.advance(time);
  }
  void take(std::uint64_t hash, const Key& key, const Row& row, EventTime time) {
    if (!partial_.find(hash, key) && !matcher_.may_start(row)) return;
    State& state = partial_.edit(hash, key);
    matcher_.advance_time(state, time, found(), ran_out());
    if (matcher_.take(state, row, time, found()) && matcher_.plan().within())
      deadlines_.set(hash, key, saturating_add(time, *matcher_.plan().within()) - Duration{1});
    if (state.empty()) partial_.erase(hash, key);
  }
  void time_out(std::uint64_t hash, const Key& key, EventTime deadline) {
    State* state = partial_.edit_if(hash, key);
    if (!state) return;  // matched, or came to nothing
    matcher_.advance_time(*state, saturating_add(deadline, Duration{1}), found(), ran_out());
    if (state->empty()) partial_.erase(hash, key);
  }
  /// At the end of the input, without within(): matches no longer wait for partial ones.
  template <class GoOn>
  bool end_keys(GoOn& go_on) {
    if (!ending_) {
      ending_.emplace();
      partial_.pin();
      partial_.for_each([&](const Key& key, const State&) { ending_->emplace_back(hash_key(key), key); });
    }
    for (; !ending_->empty(); ending_->pop_back()) {
      if (!go_on()) return false;
      const auto& [hash, key] = ending_->back();
      matcher_.end(partial_.edit(hash, key.get()), EventTime::max(), found());
      partial_.erase(hash, key.get());
    }
    ending_.reset();
    return true;
  }

  auto found() {
    return [this](const Match<Row>& match, EventTime time) {
      out_.begin(time);
      if constexpr (std::is_invocable_r_v<Out, OnMatch&, const Match<Row>&>) out_.emit(on_match_(match));
      else on_match_(match, out_);
    };
  }
  auto ran_out() {
    return [this](const Match<Row>& partial, EventTime time) {
      timed_out_.begin(time);
      if constexpr (std::is_same_v<OnTimedOut, IgnoreTimedOut>) return;
      else if constexpr (std::is_invocable_r_v<TimedOut, OnTimedOut&, const Match<Row>&>)
        timed_out_.emit(on_timed_out_(partial));
      else on_timed_out_(partial, timed_out_);
    };
  }
  void end_of_call() {
    out_.end_of_call();
    timed_out_.end_of_call();
    late_.flush();
    states_.settle();
  }

  PatternMatcher<Row> matcher_;
  OnMatch on_match_;
  OnTimedOut on_timed_out_;
  OperatorStates states_;
  RowsInTimeOrder<Key, Row> waiting_;
  KeyedTable<Key, State> partial_;
  Timers<Key> deadlines_;
  MatchContext<Out> out_;
  RowsBehindWatermark<Row> late_;
  MatchContext<TimedOut> timed_out_;
  std::optional<std::vector<std::pair<std::uint64_t, Owned<Key>>>> ending_;
};

}  // namespace detail

}  // namespace weir
