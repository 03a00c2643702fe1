#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/error.hpp>
#include <weir/operators/deduplicate_operators.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/stream_with_late_rows.hpp>

namespace weir {

/// KeyedStream::deduplicate(): the members, and what adds their vertices. What is kept, and for how long: deduplicate_operators.hpp.

template <class Row, class From, class Chain, class KeyOf>
auto KeyedStream<Row, From, Chain, KeyOf>::deduplicate(const std::string& name, FirstWithin keep) const {
  using Op = detail::FirstWithinOperator<Key, Row>;
  OperatorVertex vertex;
  vertex.by_event_time = true;
  vertex.states.push_back({"passed", state_type<Key>(), "event_time in " + detail::describe(keep.time())});
  vertex.make = [keep](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Op>(std::move(context), keep);
  };
  const VertexId to = builder().add(name, "first row in " + detail::describe(keep.time()), std::move(vertex));
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return StreamWithLateRows<Row, Row>(builder(), to);
}

template <class Row, class From, class Chain, class KeyOf>
auto KeyedStream<Row, From, Chain, KeyOf>::deduplicate(const std::string& name, Duration within) const {
  return deduplicate(name, FirstWithin(within));
}

template <class Row, class From, class Chain, class KeyOf>
auto KeyedStream<Row, From, Chain, KeyOf>::deduplicate(const std::string& name, LastWithin keep) const {
  using Op = detail::LastWithinOperator<Key, Row>;
  static_assert(
      requires { StateCodec<Row>::type(); },
      "weir: rows that wait are part of the checkpoint: describe them with BOOST_DESCRIBE_STRUCT");
  OperatorVertex vertex;
  vertex.by_event_time = true;
  Op::describe(vertex.states);
  vertex.make = [keep](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Op>(std::move(context), keep);
  };
  const VertexId to = builder().add(name, "last row in " + detail::describe(keep.time()), std::move(vertex));
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return StreamWithLateRows<Row, Row>(builder(), to);
}

}  // namespace weir
