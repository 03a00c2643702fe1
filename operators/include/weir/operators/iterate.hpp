#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/operators/emitter.hpp>
#include <weir/operators/feedback_loop.hpp>
#include <weir/operators/stream.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace detail {

/// Where rows enter a loop: those of the stream, and those that have come back. Keeps no state: what waits here is written down by the tail.
/// After its barrier it takes up nothing that came back until the tail has had the barrier too; so what waits then is exactly what was in
/// the loop.
template <class Row>
class LoopHead final : public Operator {
 public:
  LoopHead(OperatorContext context, std::shared_ptr<FeedbackLoop> loop, IterateOptions options)
      : loop_(std::move(loop)), lane_(loop_->lane(context.worker)), options_(options), out_(context, 0) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<Row>&>(batch);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if constexpr (kHoldsViews<Row>)
        if (out_.batch().empty()) out_.batch().share_arenas(rows);
      out_.emit(rows[i], rows.time(i));
    }
    out_.flush();
  }

  bool advance_watermark(EventTime watermark) override {
    if (watermark == EventTime::max()) ending_ = true;
    return true;
  }
  EventTime next_processing_time() const override {
    return may_send() || round_is_over() ? EventTime::min() : EventTime::max();
  }
  /// Always done, so that rows in a busy loop never keep new ones, and barriers, waiting.
  bool advance_processing_time(EventTime) override {
    for (std::size_t i = 0; i < kEmitAtMost && may_send(); ++i) send(lane_.waiting.front());
    out_.flush();
    if (round_is_over()) next_round();
    return true;
  }
  EventTime watermark_hold() const override {
    return ending_ && !lane_.closed ? FeedbackLoop::watermark_of(round_) : EventTime::max();
  }
  bool accepts_rows() const override { return lane_.waiting.size() < options_.most_waiting; }
  void snapshot(SnapshotWriter&) override { ++lane_.barriers_at_head; }

 private:
  bool may_send() const { return !lane_.waiting.empty() && !lane_.barrier_under_way(); }
  bool round_is_over() const {
    return ending_ && !lane_.closed && lane_.waiting.empty() &&
           lane_.watermark_at_tail >= FeedbackLoop::watermark_of(round_);
  }

  void send(const ReturnedRow& returned) {
    StateReader in(returned.bytes, out_.arena());
    out_.emit(StateCodec<Row>::decode(in), returned.time);
    lane_.waiting.pop_front();
    ++sent_;
  }
  void next_round() {
    if (round_ > 0 && loop_->nothing_before(round_)) {
      lane_.closed = true;
      return;
    }
    loop_->sent_before(++round_, std::exchange(sent_, 0));
  }

  const std::shared_ptr<FeedbackLoop> loop_;
  FeedbackLane& lane_;
  const IterateOptions options_;
  Emitter<Row> out_;
  bool ending_ = false;      ///< the inputs have ended
  std::uint64_t round_ = 0;  ///< the last round sent, once `ending_`
  std::uint64_t sent_ = 0;   ///< rows that came back and were sent since then
};

/// Where rows leave a loop's body to go round again. State: those that wait for the head.
template <class Row>
class LoopTail final : public Operator {
 public:
  LoopTail(OperatorContext context, std::shared_ptr<FeedbackLoop> loop)
      : name_(context.name), loop_(std::move(loop)), lane_(loop_->lane(context.worker)) {
    restore_returned(context, lane_.waiting);
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<Row>&>(batch);
    if (lane_.closed && rows.size() > 0) fail_returned_late(name_, rows.time(0));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ReturnedRow& returned = lane_.waiting.emplace_back();
      returned.time = rows.time(i);
      StateCodec<Row>::encode(returned.bytes, rows[i]);
    }
  }
  bool advance_watermark(EventTime watermark) override {
    lane_.watermark_at_tail = watermark;
    return true;
  }
  void snapshot(SnapshotWriter& writer) override {
    ++lane_.barriers_at_tail;
    if (!lane_.waiting.empty()) writer.operator_state(encode_returned(lane_.waiting));
  }

 private:
  const std::string name_;
  const std::shared_ptr<FeedbackLoop> loop_;
  FeedbackLane& lane_;
};

template <class Pair, class Row>
concept GoesRound = std::tuple_size_v<Pair>
== 2 && std::is_same_v<typename std::tuple_element_t<0, Pair>::RowType, Row>;

}  // namespace detail

template <class Row, class From, class Chain>
template <class Body>
auto Stream<Row, From, Chain>::iterate(const std::string& name, Body body, IterateOptions options) const {
  static_assert(
      requires { StateCodec<Row>::type(); },
      "weir: rows in a loop are part of the checkpoint: describe them with BOOST_DESCRIBE_STRUCT");
  static_assert(std::is_invocable_v<Body&, Stream<Row>>,
                "weir: iterate() takes a function of (weir::Stream<Row>), or of (auto), that gives "
                "std::pair(again, result)");
  const auto meeting = std::make_shared<detail::FeedbackMeeting>();
  OperatorVertex head;
  head.make = [meeting, options](OperatorContext context) -> std::unique_ptr<Operator> {
    auto loop = meeting->join(context.parallelism);
    return std::make_unique<detail::LoopHead<Row>>(std::move(context), std::move(loop), options);
  };
  const VertexId from = builder_->add(name, "head of a loop", std::move(head));
  connect<Row>(from, 0, Partitioning::kForward, place::Forward{});

  auto given = body(Stream<Row>(*builder_, from, 0, {}, {}));
  static_assert(detail::GoesRound<decltype(given), Row>,
                "weir: the body of iterate() gives std::pair(again, result); `again` has the rows of the "
                "stream that it was given");
  OperatorVertex tail;
  tail.feeds_back = true;
  tail.states.push_back({"rows in the loop", "none", state_type<Row>()});
  tail.make = [meeting](OperatorContext context) -> std::unique_ptr<Operator> {
    auto loop = meeting->join(context.parallelism);
    return std::make_unique<detail::LoopTail<Row>>(std::move(context), std::move(loop));
  };
  const VertexId to = builder_->add(name + "-again", "back to '" + name + "'", std::move(tail));
  std::get<0>(given).template connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  return std::get<1>(given);
}

}  // namespace weir
