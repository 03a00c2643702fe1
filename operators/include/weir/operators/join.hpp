#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/operators/emitter.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/window_progress.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/operator_states.hpp>

namespace weir {

/// What a join gives: its results, and the rows of either side that came too late for it.
template <class Out, class LeftRow, class RightRow>
class JoinedStream : public Stream<Out> {
 public:
  JoinedStream(detail::GraphBuilder& builder, VertexId vertex) : Stream<Out>(builder, vertex, 0, {}, {}) {}
  /// With their event times. What is too late is said where the join is.
  Stream<LeftRow> late_left() const { return Stream<LeftRow>(*this->builder_, this->vertex_, 1, {}, {}); }
  Stream<RightRow> late_right() const { return Stream<RightRow>(*this->builder_, this->vertex_, 2, {}, {}); }
};

namespace detail {

constexpr bool keeps_left(JoinKind kind) { return kind == JoinKind::kLeft || kind == JoinKind::kFull; }
constexpr bool keeps_right(JoinKind kind) { return kind == JoinKind::kRight || kind == JoinKind::kFull; }

template <class Function, class Out, class LeftRow, class RightRow>
inline constexpr bool kJoinsPairs =
    std::is_invocable_r_v<Out, Function&, const LeftRow&, const RightRow&> ||
    std::is_invocable_r_v<Out, Function&, const LeftRow&, const RightRow&, Arena&>;
template <class Function, class Out, class LeftRow, class RightRow>
inline constexpr bool kJoinsPointers =
    std::is_invocable_r_v<Out, Function&, const LeftRow*, const RightRow*> ||
    std::is_invocable_r_v<Out, Function&, const LeftRow*, const RightRow*, Arena&>;

/// Whether a join may be made of these; says what is wrong.
template <JoinKind kKind, class Out, class LeftRow, class RightRow, class Function>
constexpr bool check_join() {
  // Only the one that is meant is looked at: a generic lambda need not compile with the other.
  constexpr bool kFits = [] {
    if constexpr (kKind == JoinKind::kInner) return kJoinsPairs<Function, Out, LeftRow, RightRow>;
    else return kJoinsPointers<Function, Out, LeftRow, RightRow>;
  }();
  static_assert(kKind != JoinKind::kInner || kFits,
                "weir: an inner join takes a function of (const LeftRow&, const RightRow&) that returns Out; "
                "weir::Arena& may follow");
  static_assert(kKind == JoinKind::kInner || kFits,
                "weir: an outer join takes a function of (const LeftRow*, const RightRow*) that returns Out; "
                "weir::Arena& may follow");
  constexpr bool kStorable = requires {
    StateCodec<LeftRow>::type();
    StateCodec<RightRow>::type();
  };
  static_assert(kStorable, "weir: rows that are joined are structs described with BOOST_DESCRIBE_STRUCT");
  return kFits && kStorable;
}

/// Calls the user's function and emits what it makes, on port 0.
template <class LeftRow, class RightRow, class Out, class Function, bool kPairs>
class JoinResults {
 public:
  JoinResults(OperatorContext& context, Function function)
      : rows_(context, 0), function_(std::move(function)) {}

  /// Neither is null where only pairs are joined.
  void emit(const LeftRow* left, const RightRow* right, EventTime time) {
    Out out = call(left, right);
    if constexpr (kHoldsViews<Out>) own_text(out, rows_.arena());
    rows_.emit(std::move(out), time);
    ++emitted_;
  }
  /// Rows since the call into the operator began.
  std::size_t emitted() const { return emitted_; }
  void end_of_call() {
    rows_.flush();
    emitted_ = 0;
    if (text_->allocated_bytes() > 0) text_->clear();
  }

 private:
  Out call(const LeftRow* left, const RightRow* right) {
    if constexpr (kPairs) {
      if constexpr (std::is_invocable_v<Function&, const LeftRow&, const RightRow&, Arena&>)
        return function_(*left, *right, *text_);
      else return function_(*left, *right);
    } else if constexpr (std::is_invocable_v<Function&, const LeftRow*, const RightRow*, Arena&>) {
      return function_(left, right, *text_);
    } else {
      return function_(left, right);
    }
  }

  Emitter<Out> rows_;
  Function function_;
  ArenaRef text_ = ArenaRef::make();  ///< that the function makes
  std::size_t emitted_ = 0;
};

/// Takes back how far a join had come. Returns what it had encoded besides, part by part.
inline std::vector<std::string> restore_progress(WindowProgress& progress, const OperatorStates& states) {
  std::vector<std::string> encoded;
  for (const OperatorStates::Part& part : states.restored_parts()) encoded.push_back(part.extra);
  return progress.restore(encoded, states.restored_end());
}

/// Adds the vertex of a join, the left stream on its input 0, the right one on its input 1. `by_event_time`: it waits for watermarks.
template <class Out, class Left, class Right>
auto add_join(const Left& left, const Right& right, const std::string& name, std::string description,
              std::vector<StateDescription> states, OperatorFactory make, bool by_event_time = true) {
  using LeftRow = typename Left::RowType;
  using RightRow = typename Right::RowType;
  OperatorVertex vertex;
  vertex.states = std::move(states);
  vertex.make = std::move(make);
  vertex.by_event_time = by_event_time;
  const VertexId to = left.builder().add(name, std::move(description), std::move(vertex));
  left.template connect<LeftRow>(to, 0, [](const LeftRow& row) { return row; });
  right.template connect<RightRow>(to, 1, [](const RightRow& row) { return row; });
  return JoinedStream<Out, LeftRow, RightRow>(left.builder(), to);
}

template <class Right>
concept KeyedRows = requires {
  typename Right::Key;
  typename Right::RowType;
};

template <class Left, class Right>
constexpr void check_joined_streams() {
  static_assert(KeyedRows<Right>, "weir: a stream is joined with a keyed stream: put key_by() behind it");
  if constexpr (KeyedRows<Right>)
    static_assert(std::is_same_v<typename Left::Key, typename Right::Key>,
                  "weir: joined streams are keyed by the same type; convert one key in its key_by()");
}

}  // namespace detail

/// What is said of any join of two keyed streams. `Join` has add<kKind, Out>(name, function), which adds the operator and gives its stream.
template <class Join, class Left, class Right>
class InnerOrLeftJoin {
 public:
  using Key = typename Left::Key;
  using LeftRow = typename Left::RowType;
  using RightRow = typename Right::RowType;

  /// Pairs only: `function(const LeftRow&, const RightRow&) -> Out`. weir::Arena& may follow, for text that the function makes.
  /// `name` names the state.
  template <class Out, class Function>
  auto inner(const std::string& name, Function function) const {
    return of_kind<JoinKind::kInner, Out>(name, std::move(function));
  }
  /// And left rows without partner: `function(const LeftRow*, const RightRow*) -> Out`, with nullptr for the right one.
  template <class Out, class Function>
  auto left(const std::string& name, Function function) const {
    return of_kind<JoinKind::kLeft, Out>(name, std::move(function));
  }

 protected:
  InnerOrLeftJoin(Left left, Right right) : left_(std::move(left)), right_(std::move(right)) {}

  template <JoinKind kKind, class Out, class Function>
  auto of_kind(const std::string& name, Function function) const {
    if constexpr (detail::check_join<kKind, Out, LeftRow, RightRow, Function>())
      return static_cast<const Join&>(*this).template add<kKind, Out>(name, std::move(function));
    else return JoinedStream<Out, LeftRow, RightRow>(left_.builder(), 0);
  }

  Left left_;
  Right right_;
};

/// The same of joins whose right rows may also be without partner.
template <class Join, class Left, class Right>
class AnyJoin : public InnerOrLeftJoin<Join, Left, Right> {
 public:
  /// And right rows without partner.
  template <class Out, class Function>
  auto right(const std::string& name, Function function) const {
    return this->template of_kind<JoinKind::kRight, Out>(name, std::move(function));
  }
  /// And rows of both sides without partner.
  template <class Out, class Function>
  auto full(const std::string& name, Function function) const {
    return this->template of_kind<JoinKind::kFull, Out>(name, std::move(function));
  }

 protected:
  using InnerOrLeftJoin<Join, Left, Right>::InnerOrLeftJoin;
};

/// Two keyed streams about to be joined: say which rows of a key belong together.
template <class Left, class Right>
class StreamJoin {
 public:
  StreamJoin(Left left, Right right) : left_(std::move(left)), right_(std::move(right)) {}

  /// Those in the same window, weir::tumbling(10s) for instance. Include window_join.hpp.
  template <class Windows>
  auto window(Windows windows) const;
  /// A right row with each left row from whose time it is away by `lower` at least and `upper` at most; both bounds belong to
  /// it, and may be negative. Include interval_join.hpp.
  auto between(Duration lower, Duration upper) const;

 private:
  Left left_;
  Right right_;
};

template <class Row, class From, class Chain, class KeyOf>
template <class Right>
auto KeyedStream<Row, From, Chain, KeyOf>::join(Right right) const {
  detail::check_joined_streams<KeyedStream, Right>();
  return StreamJoin<KeyedStream, Right>(*this, std::move(right));
}

}  // namespace weir
