#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/core/failed_at.hpp>
#include <weir/operators/broadcast_state.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/operator_list_state.hpp>
#include <weir/operators/process_context.hpp>

namespace weir {

namespace detail {

template <class Function, class Context>
concept HasTimer = requires(Function& f, EventTime time, Context& context) {
  f.on_timer(time, context);
};
template <class Function, class Context>
concept HasProcessingTimer = requires(Function& f, EventTime time, Context& context) {
  f.on_processing_timer(time, context);
};

/// The inputs of a keyed process function: what arrives, and the member of the function that takes it.
template <class Key, class RowType>
struct OnlyInput {
  using Row = Keyed<Key, RowType>;
  template <class Function, class Context>
  static void take(Function& f, const RowType& row, Context& context) {
    f.process(row, context);
  }
};
template <class Key, class RowType>
struct LeftInput {
  using Row = Keyed<Key, RowType>;
  template <class Function, class Context>
  static void take(Function& f, const RowType& row, Context& context) {
    f.process_left(row, context);
  }
};
template <class Key, class RowType>
struct RightInput {
  using Row = Keyed<Key, RowType>;
  template <class Function, class Context>
  static void take(Function& f, const RowType& row, Context& context) {
    f.process_right(row, context);
  }
};
/// Rows that every worker gets.
template <class RowType>
struct BroadcastInput {
  using Row = RowType;
  template <class Function, class Context>
  static void take(Function& f, const RowType& row, Context& context) {
    f.process_broadcast(row, context);
  }
};

template <class Row>
inline constexpr bool kIsKeyed = false;
template <class Key, class Value>
inline constexpr bool kIsKeyed<Keyed<Key, Value>> = true;

}  // namespace detail

namespace detail {

/// The states of a function that lie in the manifest, and what it wants to do before they are written.
template <class Function>
class ManifestStatesOf {
 public:
  void restore(Function& function, const OperatorStates& states, const OperatorContext& context) {
    first_ = context.worker == 0;
    if constexpr (HasBroadcastStates<Function>)
      std::apply([&](auto&... state) { (restore_broadcast(state, states.restored_parts()), ...); },
                 function.broadcast_states());
    if constexpr (HasOperatorStates<Function>)
      restore_operator_states(function, states, context.worker, context.parallelism);
  }
  std::string encode(Function& function) {
    std::string bytes;
    if constexpr (requires { function.before_snapshot(); }) function.before_snapshot();
    if constexpr (HasBroadcastStates<Function>)
      if (first_)
        std::apply([&](auto&... state) { (append_broadcast(bytes, state), ...); },
                   function.broadcast_states());
    if constexpr (HasOperatorStates<Function>) encode_operator_states(function, bytes);
    return bytes;
  }

 private:
  bool first_ = true;
};

}  // namespace detail

/// Runs a process function by key. `Inputs` say what arrives on each input.
///
/// State: what the function lists in states(), for as long as it keeps it, and its timers. The function itself is copied for each worker and made
/// anew at a restart: whatever it must remember belongs into its states.
template <class Key, class Function, class InputList, class... Outs>
class KeyedProcessOperator;

template <class Key, class Function, class... Inputs, class... Outs>
class KeyedProcessOperator<Key, Function, std::tuple<Inputs...>, Outs...> final : public Operator {
 public:
  using Context = KeyedContext<Key, Outs...>;

  KeyedProcessOperator(OperatorContext context, Function function)
      : states_(context), function_(std::move(function)), context_(context, current_) {
    if constexpr (kTimer) timers_.emplace(states_, "timers");
    if constexpr (kProcessingTimer) processing_timers_.emplace(states_, "processing timers");
    context_.use(timers_ ? &*timers_ : nullptr, processing_timers_ ? &*processing_timers_ : nullptr);
    fetches_ = detail::bind_states<Key>(function_, states_, current_, context_.clock(), sweep_);
    manifest_states_.restore(function_, states_, context);
    context_.reach(states_.watermark_at_barrier());
    context_.reached();
    // What had expired when timers fired at an end stays so.
    context_.clock().reached(states_.restored_end());
  }

  void process(std::uint32_t input, const Batch& batch) override {
    process_any(input, batch, std::index_sequence_for<Inputs...>());
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    context_.reach(watermark);
    bool done = true;
    if constexpr (kTimer) done = fire_timers(*timers_, context_.watermark(), kEventTime);
    if (done) context_.reached();
    end_of_call();
    return done;
  }

  EventTime next_processing_time() const override {
    return std::min(processing_timers_ ? processing_timers_->next() : EventTime::max(), sweep_.next());
  }
  bool advance_processing_time(EventTime now) override {
    context_.reach_processing_time(now);
    bool done = true;
    if constexpr (kProcessingTimer) done = fire_timers(*processing_timers_, now, kProcessingTime);
    if (done && sweep_.next() <= now) sweep_.run(now);
    end_of_call();
    return done;
  }
  bool end_of_input() override {
    bool done = true;
    context_.end_of_input();
    sweep_.end();
    if constexpr (kProcessingTimer)
      done = fire_timers(*processing_timers_, EventTime::max(), kProcessingTime);
    end_of_call();
    return done;
  }

  void snapshot(SnapshotWriter& writer) override {
    states_.seal(writer, context_.lasting_watermark(), manifest_states_.encode(function_));
    if (context_.has_ended()) writer.ended_at(context_.clock().event_time());
    context_.end_of_call();
  }

 private:
  static constexpr bool kTimer = detail::HasTimer<Function, Context>;
  static constexpr bool kProcessingTimer = detail::HasProcessingTimer<Function, Context>;
  enum Clock { kEventTime, kProcessingTime };

  template <std::size_t... kInputs>
  void process_any(std::uint32_t input, const Batch& batch, std::index_sequence<kInputs...>) {
    ((input == kInputs ? process_one<Inputs>(batch) : void()), ...);
  }
  template <class Input>
  void process_one(const Batch& batch) {
    const auto& rows = static_cast<const RowBatch<typename Input::Row>&>(batch);
    if constexpr (detail::kIsKeyed<typename Input::Row>) {
      const std::span all(rows.rows());
      for (std::size_t begin = 0; begin < all.size(); begin += kFetchedAtOnce) {
        const std::size_t end = std::min(all.size(), begin + kFetchedAtOnce);
        fetch(all.subspan(begin, end - begin));
        for_each_row(begin, end, [&](std::size_t i) {
          current_.hash = all[i].hash;
          current_.key = all[i].key;
          context_.begin(rows.time(i));
          Input::take(function_, all[i].value, context_);
        });
      }
    } else {
      for_each_row(0, rows.size(), [&](std::size_t i) {
        context_.begin(rows.time(i));
        Input::take(function_, rows[i], static_cast<ProcessContext<Outs...>&>(context_));
      });
    }
  }
  template <class Rows>
  void fetch(const Rows& rows) {
    if (states_.store().mode() == StateMode::kHeap) return;
    if constexpr (kTimer) timers_->fetch(rows);
    if constexpr (kProcessingTimer) processing_timers_->fetch(rows);
    fetch_states(rows);
  }
  template <class Rows>
  void fetch_states(const Rows& rows) {
    if (fetches_.empty()) return;
    keys_.clear();
    for (const auto& row : rows) keys_.push_back({row.hash, row.key});
    for (const auto& fetch : fetches_) fetch(keys_);
  }

  bool fire_timers(Timers<Key>& timers, EventTime until, Clock clock) {
    return timers.fire(
        until, [this] { return context_.emitted() < kEmitAtMost; },
        [&](std::uint64_t hash, const Key& key, EventTime time) {
          current_.hash = hash;
          current_.key = key;
          for_key([&] { return detail::text_of_key(key); }, [&] { call_timer(time, clock); });
        },
        [this](const auto& due) { fetch_states(due); });
  }
  void call_timer(EventTime time, Clock clock) {
    if constexpr (kTimer)
      if (clock == kEventTime) {
        context_.begin_timer(time);
        function_.on_timer(time, context_);
      }
    if constexpr (kProcessingTimer)
      if (clock == kProcessingTime) {
        context_.begin_processing_timer(time);
        function_.on_processing_timer(time, context_);
      }
  }
  void end_of_call() {
    states_.settle();  // looks at the clock, too
    context_.end_of_call();
  }

  /// Rows wait while the state of so many is read.
  static constexpr std::size_t kFetchedAtOnce = 128;

  OperatorStates states_;
  detail::ManifestStatesOf<Function> manifest_states_;
  Function function_;
  KeyRef<Key> current_;
  Context context_;
  std::optional<Timers<Key>> timers_;
  std::optional<Timers<Key>> processing_timers_;
  ExpirySweep sweep_;
  std::vector<StateFetch<Key>> fetches_;
  std::vector<KeyRef<Key>> keys_;
};

/// Runs a process function without keys, on whatever worker a row is on. Keeps what the function lists in operator_states(), if it does.
template <class Row, class Function, class... Outs>
class ProcessOperator final : public Operator {
 public:
  ProcessOperator(OperatorContext context, Function function)
      : function_(std::move(function)), context_(context) {
    if constexpr (detail::HasOperatorStates<Function>) {
      states_.emplace(context);
      manifest_states_.restore(function_, *states_, context);
      context_.reach(states_->watermark_at_barrier());
    }
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<Row>&>(batch);
    for_each_row(0, rows.size(), [&](std::size_t i) {
      context_.begin(rows.time(i));
      function_.process(rows[i], context_);
    });
    context_.end_of_call();
  }
  bool advance_watermark(EventTime watermark) override {
    context_.reach(watermark);
    return true;
  }
  void snapshot(SnapshotWriter& writer) override {
    if constexpr (detail::HasOperatorStates<Function>)
      states_->seal(writer, context_.lasting_watermark(), manifest_states_.encode(function_));
  }

 private:
  std::optional<OperatorStates> states_;
  detail::ManifestStatesOf<Function> manifest_states_;
  Function function_;
  ProcessContext<Outs...> context_;
};

}  // namespace weir
