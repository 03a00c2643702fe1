#pragma once

#include <type_traits>
#include <utility>

#include <weir/operators/stream.hpp>

namespace weir {

namespace detail {

/// Adds a vertex that passes rows on as they are, under the first free name of `name`, `name-2`, …
template <class Row>
VertexId add_pass(GraphBuilder& builder, const char* name) {
  OperatorVertex vertex;
  vertex.make = [](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<PassOperator<Row>>(std::move(context));
  };
  return builder.add(builder.unique(name), name, std::move(vertex));
}

}  // namespace detail

template <class Row, class From, class Chain>
template <class... Others>
Stream<Row> Stream<Row, From, Chain>::union_with(const Others&... others) const {
  static_assert((std::is_same_v<typename Others::RowType, Row> && ...),
                "weir: union_with() takes streams of the same row type; map() the others to it first");
  const VertexId to = detail::add_pass<Row>(*builder_, "union");
  connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  std::uint32_t input = 0;
  (others.template connect<Row>(to, ++input, Partitioning::kForward, place::Forward{}), ...);
  return Stream<Row>(*builder_, to, 0, {}, {});
}

}  // namespace weir
