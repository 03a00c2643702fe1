#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/stream.hpp>
#include <weir/operators/stream_with_late_rows.hpp>
#include <weir/operators/top_n_operators.hpp>

namespace weir {

namespace detail {

/// Whether the rows of a stream can be put in order by `By`.
template <class By, class Row>
constexpr bool kOrders = [] {
  if constexpr (std::invocable<const By&, const Row&>) {
    return Ordered<std::remove_cvref_t<std::invoke_result_t<const By&, const Row&>>>;
  } else {
    return false;
  }
}();

}  // namespace detail

template <class Row, class From, class Chain, class KeyOf>
template <class By>
auto KeyedStream<Row, From, Chain, KeyOf>::top_n(const std::string& name, Top<By> top) const {
  static_assert(detail::kOrders<By, Row>,
                "weir: top(n, by) takes a member of this stream's row type, or a function of (const Row&), "
                "whose values have <");
  OperatorVertex vertex;
  using Op = detail::TopChangesOperator<Key, Row, By>;
  vertex.states.push_back({"first rows", state_type<Key>(), state_type<detail::TopRows<Row>>()});
  if constexpr (detail::kOrders<By, Row>)
    vertex.make = [top](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Op>(std::move(context), top);
    };
  const VertexId to = builder().add(name, "top " + std::to_string(top.n()), std::move(vertex));
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return Stream<typename Op::Out>(builder(), to, 0, {}, {});
}

template <class Row, class From, class Chain, class KeyOf>
template <class By>
auto KeyedStream<Row, From, Chain, KeyOf>::top_n(const std::string& name, AlignedWindows<> windows,
                                                 Top<By> top) const {
  static_assert(detail::kOrders<By, Row>,
                "weir: top(n, by) takes a member of this stream's row type, or a function of (const Row&), "
                "whose values have <");
  const WindowPlan plan = windows.plan();
  if (!plan.single_slice() || plan.lateness > Duration{0} || plan.purging || top.ranks())
    throw FailJob("'" + name +
                      "': the top rows of a window are emitted once, with their ranks: of tumbling() windows "
                      "or calendar_days(), without allowed lateness, purging() and with_ranks()",
                  ExitCode::kUsage);
  OperatorVertex vertex;
  vertex.by_event_time = true;
  using Op = detail::TopOfWindowOperator<Key, Row, By>;
  vertex.states.push_back(
      {"first rows", state_type<Key>(), state_type<detail::TopRows<Row>>() + " by " + plan.geometry()});
  if constexpr (detail::kOrders<By, Row>)
    vertex.make = [plan, top](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Op>(std::move(context), plan, top);
    };
  const VertexId to =
      builder().add(name, "top " + std::to_string(top.n()) + " in " + plan.description(), std::move(vertex));
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return StreamWithLateRows<typename Op::Out, Row>(builder(), to);
}

}  // namespace weir
