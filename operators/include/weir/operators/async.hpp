#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/core/error.hpp>
#include <weir/core/operator.hpp>
#include <weir/operators/async_options.hpp>
#include <weir/operators/async_result.hpp>
#include <weir/operators/async_rows.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/stream.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace detail {

/// A start that asks for something else than the result: `Value` is what answers give, and `finish(const Row&, const Value&,
/// Arena&)` makes the result of it, on the row's worker.
template <class Start>
concept AsksForValue = requires {
  typename Start::Value;
};

template <class Start, class Out>
struct AskedFor {
  using Value = Out;
};
template <AsksForValue Start, class Out>
struct AskedFor<Start, Out> {
  using Value = typename Start::Value;
};

/// A start with a memory of its own may ask for the wall clock, which the operator has read already.
template <class Start, class Row, class Value>
concept StartsAtTime = std::invocable<Start&, const Row&, AsyncResult<Value>, EventTime>;
template <class Start, class Row, class Value>
concept StartsRequests =
    StartsAtTime<Start, Row, Value> || std::invocable<Start&, const Row&, AsyncResult<Value>>;

[[noreturn]] void fail_for_row(std::string_view operator_name, EventTime time, const AsyncFailure& failure);

}  // namespace detail

/// Turns each row into results that come from outside, asked for by `start`, many at a time. Port 0: results, with the event time
/// of their row. Port 1, with failed_rows(): rows that have none.
///
/// State: every row from its coming until its results have left (`rows in flight`). After a restart these rows are asked for
/// again, from their first attempt on; so the outside may see a request twice, while results come out once. With another number
/// of workers the rows are dealt out anew. A watermark leaves when all rows that came before it have.
///
/// Modelled on Flink's AsyncDataStream: ordered and unordered waiting, capacity, time-out, retries.
template <class Row, class Out, class Start, class OnFailure>
class AsyncOperator final : public Operator, private detail::AsyncCalls {
 public:
  using Value = typename detail::AskedFor<Start, Out>::Value;

  AsyncOperator(OperatorContext context, const AsyncSettings& settings, Start start, OnFailure on_failure)
      : name_(context.name),
        environment_(*context.environment),
        start_(std::move(start)),
        on_failure_(std::move(on_failure)),
        results_(context, 0),
        failed_(context, 1),
        rows_(settings, *this, context) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<Row>&>(batch);
    for_each_row(0, rows.size(), [&](std::size_t i) {
      std::string bytes;
      StateCodec<Row>::encode(bytes, rows[i]);
      rows_.add(std::move(bytes), rows.time(i));
    });
    rows_.request_waiting(environment_.wall_clock());
  }

  bool advance_watermark(EventTime watermark) override {
    rows_.advance_watermark(watermark);
    return true;
  }
  EventTime next_processing_time() const override { return rows_.next_processing_time(); }
  bool advance_processing_time(EventTime now) override {
    const bool done = rows_.advance(now);
    results_.flush();
    failed_.flush();
    return done;
  }
  EventTime watermark_hold() const override { return rows_.watermark_hold(); }
  bool accepts_rows() const override { return rows_.accepts_rows(); }

  void snapshot(SnapshotWriter& writer) override {
    if (std::string bytes = rows_.encode(); !bytes.empty()) writer.operator_state(std::move(bytes));
  }

 private:
  static constexpr bool kFailsJob = std::is_same_v<OnFailure, FailTheJob>;
  static constexpr bool kKeepsFailed = std::is_same_v<OnFailure, KeepFailedRows>;
  using Failed = std::conditional_t<kKeepsFailed, FailedRow<Row>, Nothing>;

  template <class T>
  static T decode(std::string_view bytes, Arena& arena) {
    StateReader in(bytes, arena);
    return StateCodec<T>::decode(in);
  }

  void request(const std::string& bytes, std::shared_ptr<detail::AsyncTicket> ticket,
               EventTime now) override {
    scratch_.clear();
    const Row row = decode<Row>(bytes, scratch_);
    if constexpr (detail::StartsAtTime<Start, Row, Value>)
      start_(row, AsyncResult<Value>(std::move(ticket)), now);
    else start_(row, AsyncResult<Value>(std::move(ticket)));
  }

  void emit_next(detail::AsyncRow& row) override {
    const std::string_view left = std::string_view(row.answer).substr(row.answer.size() - row.answer_left);
    StateReader in(left, scratch_);
    const std::string_view bytes = in.take(in.template number<std::uint32_t>());
    row.answer_left -= sizeof(std::uint32_t) + bytes.size();
    if constexpr (detail::AsksForValue<Start>) finish(row, bytes);
    else results_.emit(decode<Out>(bytes, results_.arena()), row.time);
  }

  /// What the user makes of an answer may fail like the request for it; only that it would not help to ask again.
  void finish(detail::AsyncRow& row, std::string_view bytes) {
    scratch_.clear();
    std::string reason;
    std::optional<Out> out;
    try {
      const Row from = decode<Row>(row.bytes, scratch_);
      const Value value = decode<Value>(bytes, scratch_);
      out.emplace(start_.finish(from, value, scratch_));
    } catch (const FailJob&) {
      throw;
    } catch (const RestartJob&) {
      throw;
    } catch (const std::exception& failure) {
      reason = failure.what();
    }
    if (!out) return give_up(row, {reason, row.attempts, false});
    if constexpr (kHoldsViews<Out>) own_text(*out, results_.arena());
    results_.emit(std::move(*out), row.time);
  }

  void give_up(const detail::AsyncRow& row) override {
    give_up(row, {row.answer, row.attempts, row.timed_out});
  }
  void give_up(const detail::AsyncRow& row, const AsyncFailure& failure) {
    if constexpr (kFailsJob) {
      detail::fail_for_row(name_, row.time, failure);
    } else if constexpr (kKeepsFailed) {
      Arena& arena = failed_.arena();
      failed_.emit(
          {decode<Row>(row.bytes, arena), arena.copy(failure.reason), failure.attempts, failure.timed_out},
          row.time);
    } else {
      scratch_.clear();
      Out out = on_failure_(decode<Row>(row.bytes, scratch_), failure);
      if constexpr (kHoldsViews<Out>) own_text(out, results_.arena());
      results_.emit(std::move(out), row.time);
    }
  }

  const std::string name_;
  Environment& environment_;
  Start start_;
  OnFailure on_failure_;
  Arena scratch_;  ///< text of the row at hand
  Emitter<Out> results_;
  Emitter<Failed> failed_;
  detail::AsyncRows rows_;  // last: its inbox closes before what it calls goes
};

/// What async() and lookup() give: results, and, when asked for by failed_rows(), the rows that have none.
template <class Out, class Failed>
class AsyncStream : public Stream<Out> {
 public:
  AsyncStream(detail::GraphBuilder& builder, VertexId vertex) : Stream<Out>(builder, vertex, 0, {}, {}) {}
  /// FailedRow<Row>: rows without a result, with the reason and their event times.
  Stream<Failed> failed() const {
    static_assert(!std::is_same_v<Failed, Nothing>,
                  "weir: ask for failed rows first: weir::async_options().failed_rows()");
    return Stream<Failed>(*this->builder_, this->vertex_, 1, {}, {});
  }
};

namespace detail {

/// Adds an AsyncOperator behind `stream`; `make_start(const OperatorContext&)` is called once a worker.
template <class Row, class Out, class Start, class From, class Chain, class MakeStart, class OnFailure>
auto add_async(const Stream<Row, From, Chain>& stream, const std::string& name, std::string description,
               MakeStart make_start, const AsyncOptions<OnFailure>& options) {
  static_assert(
      requires { StateCodec<Row>::type(); } && requires { StateCodec<Out>::type(); },
      "weir: rows that wait for an answer are part of the checkpoint: describe them, and the results, with "
      "BOOST_DESCRIBE_STRUCT");
  static_assert(
      std::is_same_v<OnFailure, FailTheJob> || std::is_same_v<OnFailure, KeepFailedRows> ||
          std::is_invocable_r_v<Out, OnFailure&, const Row&, const AsyncFailure&>,
      "weir: on_failure() takes a function of (const Row&, const AsyncFailure&) that returns the result");
  OperatorVertex vertex;
  vertex.states.push_back({"rows in flight", "none", state_type<Row>()});
  vertex.make = [make_start, settings = options.settings(), on_failure = options.failure_policy()](
                    OperatorContext context) -> std::unique_ptr<Operator> {
    Start start = make_start(context);
    return std::make_unique<AsyncOperator<Row, Out, Start, OnFailure>>(std::move(context), settings,
                                                                       std::move(start), on_failure);
  };
  const VertexId to = stream.builder().add(name, std::move(description), std::move(vertex));
  stream.template connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  return AsyncStream<Out, AsyncFailed<OnFailure, Row>>(stream.builder(), to);
}

}  // namespace detail

template <class Row, class From, class Chain>
template <class Out, class Start, class OnFailure>
AsyncStream<Out, detail::AsyncFailed<OnFailure, Row>> Stream<Row, From, Chain>::async(
    const std::string& name, Start start, AsyncOptions<OnFailure> options) const {
  static_assert(detail::StartsRequests<Start, Row, typename detail::AskedFor<Start, Out>::Value>,
                "weir: async<Out>() takes a function of (const Row&, weir::AsyncResult<Out>) of this "
                "stream's row type");
  return detail::add_async<Row, Out, Start>(
      *this, name, options.settings().ordered ? "async, ordered" : "async, unordered",
      [start](const OperatorContext&) { return start; }, options);
}

}  // namespace weir
