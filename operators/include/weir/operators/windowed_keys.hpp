#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/core/schema.hpp>
#include <weir/operators/choosing_aggregates.hpp>
#include <weir/operators/combining_edge.hpp>
#include <weir/operators/compound_aggregates.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/whole_window.hpp>
#include <weir/operators/window_intake.hpp>
#include <weir/operators/window_operator.hpp>

namespace weir {

/// What a window gives: its results, and, when asked for by late_rows(), the rows that came too late.
template <class Out, class LateRow>
class WindowedStream : public Stream<Out> {
 public:
  WindowedStream(detail::GraphBuilder& builder, VertexId vertex) : Stream<Out>(builder, vertex, 0, {}, {}) {}
  /// Rows that came after their window's state was gone, with their event times.
  Stream<LateRow> late() const {
    static_assert(!std::is_same_v<LateRow, Nothing>,
                  "weir: ask for late rows first: .window(…).late_rows().aggregate(…).late()");
    return Stream<LateRow>(*this->builder_, this->vertex_, 1, {}, {});
  }
};

/// Keyed rows in aligned windows; what is to be done with a key's window comes next.
template <class Keys, bool kEarly, bool kLateRows = false, class Evictor = KeepAll>
class WindowedKeys {
 public:
  using Row = typename Keys::RowType;
  using Key = typename Keys::Key;

  WindowedKeys(Keys keys, AlignedWindows<kEarly> windows, Evictor evictor = {})
      : keys_(std::move(keys)), windows_(std::move(windows)), evictor_(std::move(evictor)) {}

  /// Keeps rows whole on their way to the window, so that late() can give those that come too late. Costs their travel.
  auto late_rows() const { return WindowedKeys<Keys, kEarly, true, Evictor>(keys_, windows_, evictor_); }

  /// For process(): lets the function see only some of the rows, keep_last(100), keep_latest(1min), or what a function of
  /// (WindowRows<Row>&) keeps.
  template <class Evict>
  auto evict(Evict evictor) const {
    static_assert(std::invocable<const Evict&, WindowRows<Row>&>,
                  "weir: evict() takes a function of (WindowRows<Row>&) of this stream's row type");
    return WindowedKeys<Keys, kEarly, kLateRows, Evict>(keys_, windows_, std::move(evictor));
  }

  /// Aggregates each key's rows in each window. `name` names the state: it must be unique in the job and stay the same for as long as
  /// checkpoints are to be used. Emits one row a key and window when the window fires, one more for each late row within the
  /// allowed lateness, and, with early firing, one whenever that finds the key changed.
  template <class A>
  auto aggregate(const std::string& name, A aggregate) const {
    static_assert(std::is_same_v<Evictor, KeepAll>,
                  "weir: evict() goes with process(): an aggregate keeps no rows");
    return connect(name, detail::bind_row<Row>(aggregate));
  }

  /// Combines what `value_of`, a member or a function of the row, gives of all rows of a key's window: `function(value, value)`, of
  /// which order and grouping must not matter. The value owns its text.
  template <class ValueOf, class Function>
  auto reduce(const std::string& name, ValueOf value_of, Function function) const {
    using Value = detail::FieldOf<ValueOf, Row>;
    static_assert(std::is_invocable_r_v<Value, const Function&, const Value&, const Value&>,
                  "weir: reduce() takes a function that makes one value of two");
    return aggregate(name, detail::Reduce<Row, ValueOf, Function>{value_of, function});
  }

  /// Calls `function(const Key&, const Window&, const WindowRows<Row>&, collect)` whenever the window fires for a key; it sees all
  /// rows of the key's window, in the order in which they came, and calls collect(Out) any number of times. It may take the
  /// WindowPane after the window. Keeps every row, encoded, for each slice.
  template <class Out, class Function>
  auto process(const std::string& name, Function function) const {
    using Rows = const WindowRows<Row>&;
    using Collect = detail::AnyCollector<Out>;
    static_assert(
        std::invocable<const Function&, const Key&, const Window&, Rows, Collect&> ||
            std::invocable<const Function&, const Key&, const Window&, WindowPane, Rows, Collect&>,
        "weir: process<Out>() takes a function of (const Key&, const Window&, const WindowRows<Row>&, auto&& "
        "collect) that calls collect(Out)");
    return connect(name, detail::WholeWindow<Row, Out, Function, Evictor>{std::move(function), evictor_});
  }

 private:
  template <class A>
  auto connect(const std::string& name, A aggregate) const {
    static_assert(Aggregate<A, Row>,
                  "weir: an aggregate has Accumulator, lift(const Row&), add(Accumulator&, lifted), "
                  "merge(Accumulator&, const Accumulator&) and result() for this stream's row type");
    using Lifted = std::remove_cvref_t<decltype(aggregate.lift(std::declval<const Row&>()))>;
    if constexpr (kLateRows) {
      const VertexId to = add<Row>(name, aggregate, LiftedByReceiver<A, Row>{});
      keys_.template connect<Row>(to, 0, [](const Row& row) { return row; });
      return stream<Row, LiftedByReceiver<A, Row>, A>(to);
    } else if constexpr (detail::kCombines<A>) {
      using Place = place::ByKeyCombined<Key, A, std::remove_cvref_t<decltype(keys_.key_of())>>;
      const VertexId to = add<typename A::Accumulator>(name, aggregate, CombinedBySender<A>{});
      keys_.stream().template connect<typename Place::Row>(to, 0, Partitioning::kKeyed,
                                                           Place(keys_.key_of(), aggregate, windows_.plan()));
      return stream<typename A::Accumulator, CombinedBySender<A>, A>(to);
    } else {
      const VertexId to = add<Lifted>(name, aggregate, LiftedBySender<A, Lifted>{});
      keys_.template connect<Lifted>(to, 0, [aggregate](const Row& row) { return aggregate.lift(row); });
      return stream<Lifted, LiftedBySender<A, Lifted>, A>(to);
    }
  }

  template <class Travelling, class Intake, class A>
  using OperatorOf = AlignedWindowOperator<Keyed<Key, Travelling>, A, Intake, kEarly>;

  template <class Travelling, class A, class Intake>
  VertexId add(const std::string& name, const A& aggregate, Intake intake) const {
    using Op = OperatorOf<Travelling, Intake, A>;
    OperatorVertex vertex;
    vertex.by_event_time = true;
    vertex.states.push_back({"panes", state_type<Key>(), state_type<typename Op::Slices::Value>()});
    vertex.make = [plan = windows_.plan(), aggregate,
                   intake](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Op>(std::move(context), plan, aggregate, intake);
    };
    return keys_.builder().add(name, windows_.plan().description(), std::move(vertex));
  }
  template <class Travelling, class Intake, class A>
  auto stream(VertexId vertex) const {
    using Out = typename OperatorOf<Travelling, Intake, A>::Out;
    return WindowedStream<Out, typename Intake::LateRow>(keys_.builder(), vertex);
  }

  Keys keys_;
  AlignedWindows<kEarly> windows_;
  Evictor evictor_;
};

template <class Row, class From, class Chain, class KeyOf>
template <bool kEarly>
auto KeyedStream<Row, From, Chain, KeyOf>::window(AlignedWindows<kEarly> windows) const {
  return WindowedKeys<KeyedStream, kEarly>(*this, std::move(windows));
}

}  // namespace weir
