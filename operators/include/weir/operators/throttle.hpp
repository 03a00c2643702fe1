#pragma once

#include <memory>
#include <string>
#include <utility>

#include <weir/operators/stream.hpp>
#include <weir/operators/throttle_operator.hpp>

namespace weir {

/// KeyedStream::throttle(). What is kept, and when rows pass: throttle_operator.hpp.

template <class Row, class From, class Chain, class KeyOf>
Stream<Row> KeyedStream<Row, From, Chain, KeyOf>::throttle(const std::string& name, Rate rate) const {
  static_assert(
      requires { StateCodec<Row>::type(); },
      "weir: rows that wait are part of the checkpoint: describe them with BOOST_DESCRIBE_STRUCT");
  using Op = detail::ThrottleOperator<Key, Row>;
  OperatorVertex vertex;
  Op::describe(vertex.states);
  vertex.make = [rate](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Op>(std::move(context), rate);
  };
  const VertexId to = builder().add(name, "throttle", std::move(vertex));
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return Stream<Row>(builder(), to, 0, {}, {});
}

}  // namespace weir
