#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include <weir/operators/process_operator.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

/// What a process function gives: output 0 as a stream, the others by side<N>().
template <class Out, class... Sides>
class ProcessedStream : public Stream<Out> {
 public:
  ProcessedStream(detail::GraphBuilder& builder, VertexId vertex) : Stream<Out>(builder, vertex, 0, {}, {}) {}
  /// The rows given to emit_to<kOutput>(); 1 and up.
  template <std::size_t kOutput>
  auto side() const {
    static_assert(kOutput >= 1 && kOutput <= sizeof...(Sides), "weir: side outputs are numbered from 1");
    using Row = std::tuple_element_t<kOutput, std::tuple<Out, Sides...>>;
    return Stream<Row>(*this->builder_, this->vertex_, kOutput, {}, {});
  }
};

namespace detail {

/// Adds the vertex of a keyed process function.
template <class Key, class Inputs, class Out, class... Sides, class Function>
ProcessedStream<Out, Sides...> add_keyed_process(GraphBuilder& builder, const std::string& name,
                                                 const char* description, Function function) {
  OperatorVertex vertex;
  using Op = KeyedProcessOperator<Key, Function, Inputs, Out, Sides...>;
  using Context = typename Op::Context;
  vertex.states = describe_states<Key>(function);
  vertex.state_by_key = !HasBroadcastStates<Function>;
  if constexpr (HasBroadcastStates<Function>) describe_broadcast(function, vertex.states);
  if constexpr (HasOperatorStates<Function>) describe_operator_states(function, vertex.states);
  if constexpr (HasTimer<Function, Context>) {
    vertex.by_event_time = true;
    vertex.states.push_back({"timers", state_type<Key>(), TimerSet::type_name()});
  }
  if constexpr (HasProcessingTimer<Function, Context>)
    vertex.states.push_back({"processing timers", state_type<Key>(), TimerSet::type_name()});
  // Whatever it keeps, its watermark is state.
  if (vertex.states.empty()) vertex.states.push_back({"watermark", "", "event_time"});
  vertex.make = [function](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Op>(std::move(context), function);
  };
  return ProcessedStream<Out, Sides...>(builder, builder.add(name, description, std::move(vertex)));
}

}  // namespace detail

/// Two keyed streams in one function: rows of a key of both meet on one worker, so that they may share state.
template <class Left, class Right>
class ConnectedStreams {
 public:
  using Key = typename Left::Key;
  static_assert(std::is_same_v<Key, typename Right::Key>,
                "weir: connected streams are keyed by the same type; convert one key in its key_by()");
  ConnectedStreams(Left left, Right right) : left_(std::move(left)), right_(std::move(right)) {}

  /// `function` has process_left(const LeftRow&, context) and process_right(const RightRow&, context), and otherwise all that a
  /// process function has; see KeyedStream::process(). Its watermark is the smaller one of both streams.
  template <class Out, class... Sides, class Function>
  auto process(const std::string& name, Function function) const {
    using LeftRow = typename Left::RowType;
    using RightRow = typename Right::RowType;
    using Context = KeyedContext<Key, Out, Sides...>;
    static_assert(
        requires(Function & f, const LeftRow& l, const RightRow& r, Context& c) {
          f.process_left(l, c);
          f.process_right(r, c);
        },
        "weir: a function of two streams has process_left(const LeftRow&, context) and process_right(const "
        "RightRow&, "
        "context), with weir::KeyedContext<Key, Out, Sides...>&");
    using Inputs = std::tuple<detail::LeftInput<Key, LeftRow>, detail::RightInput<Key, RightRow>>;
    auto processed = detail::add_keyed_process<Key, Inputs, Out, Sides...>(
        left_.builder(), name, "process of two streams", std::move(function));
    left_.template connect<LeftRow>(processed.vertex(), 0, [](const LeftRow& row) { return row; });
    right_.template connect<RightRow>(processed.vertex(), 1, [](const RightRow& row) { return row; });
    return processed;
  }

 private:
  Left left_;
  Right right_;
};

/// A keyed stream, and rows that every worker gets.
template <class Keyed, class Rules>
class BroadcastConnectedStream {
 public:
  using Key = typename Keyed::Key;
  BroadcastConnectedStream(Keyed keyed, Rules rules) : keyed_(std::move(keyed)), rules_(std::move(rules)) {}

  /// `function` has process(const Row&, KeyedContext&) and process_broadcast(const Rule&, ProcessContext&); what the latter leaves
  /// behind is in its broadcast_states(). See KeyedStream::process().
  template <class Out, class... Sides, class Function>
  auto process(const std::string& name, Function function) const {
    using Row = typename Keyed::RowType;
    using Rule = typename Rules::RowType;
    using Context = KeyedContext<Key, Out, Sides...>;
    static_assert(
        requires(Function & f, const Row& row, const Rule& rule, Context& c,
                 ProcessContext<Out, Sides...>& p) {
          f.process(row, c);
          f.process_broadcast(rule, p);
        },
        "weir: a function with broadcast rows has process(const Row&, weir::KeyedContext<Key, Out, "
        "Sides...>&) and "
        "process_broadcast(const Rule&, weir::ProcessContext<Out, Sides...>&)");
    using Inputs = std::tuple<detail::OnlyInput<Key, Row>, detail::BroadcastInput<Rule>>;
    auto processed = detail::add_keyed_process<Key, Inputs, Out, Sides...>(
        keyed_.builder(), name, "process with broadcast rows", std::move(function));
    keyed_.template connect<Row>(processed.vertex(), 0, [](const Row& row) { return row; });
    rules_.template connect<Rule>(processed.vertex(), 1, Partitioning::kBroadcast, place::Broadcast{});
    return processed;
  }

 private:
  Keyed keyed_;
  Rules rules_;
};

template <class Row, class From, class Chain, class KeyOf>
template <class Out, class... Sides, class Function>
auto KeyedStream<Row, From, Chain, KeyOf>::process(const std::string& name, Function function) const {
  using Context = KeyedContext<Key, Out, Sides...>;
  static_assert(
      requires(Function & f, const Row& row, Context& context) { f.process(row, context); },
      "weir: a keyed process function has process(const Row&, weir::KeyedContext<Key, Out, Sides...>&)");
  using Inputs = std::tuple<detail::OnlyInput<Key, Row>>;
  auto processed =
      detail::add_keyed_process<Key, Inputs, Out, Sides...>(builder(), name, "process", std::move(function));
  connect<Row>(processed.vertex(), 0, [](const Row& row) { return row; });
  return processed;
}

template <class Row, class From, class Chain, class KeyOf>
template <class Right>
auto KeyedStream<Row, From, Chain, KeyOf>::connect_with(Right right) const {
  return ConnectedStreams<KeyedStream, Right>(*this, std::move(right));
}

template <class Row, class From, class Chain, class KeyOf>
template <class Rules>
auto KeyedStream<Row, From, Chain, KeyOf>::connect_broadcast(Rules rules) const {
  return BroadcastConnectedStream<KeyedStream, Rules>(*this, std::move(rules));
}

template <class Row, class From, class Chain>
template <class Out, class... Sides, class Function>
auto Stream<Row, From, Chain>::process(const std::string& name, Function function) const {
  using Context = ProcessContext<Out, Sides...>;
  static_assert(
      requires(Function & f, const Row& row, Context& context) { f.process(row, context); },
      "weir: a process function has process(const Row&, weir::ProcessContext<Out, Sides...>&)");
  static_assert(!detail::HasStates<Function>, "weir: states belong to keys: put key_by() before process()");
  OperatorVertex vertex;
  if constexpr (detail::HasOperatorStates<Function>)
    detail::describe_operator_states(function, vertex.states);
  vertex.make = [function](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<ProcessOperator<Row, Function, Out, Sides...>>(std::move(context), function);
  };
  const VertexId to = builder_->add(name, "process", std::move(vertex));
  connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  return ProcessedStream<Out, Sides...>(*builder_, to);
}

}  // namespace weir
