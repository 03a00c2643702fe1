#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>

#include <weir/operators/stream.hpp>
#include <weir/operators/union.hpp>

namespace weir {

namespace place {

/// To the worker that `function` says: of (row), modulo the number of workers, or of (row, number of workers).
template <class Function>
struct Custom {
  Function function;

  template <class Row>
  void operator()(const Row& row, EventTime time, EdgeAppender<Row>& out) const {
    const std::uint32_t workers = out.exchange().targets();
    std::int64_t worker;
    if constexpr (std::invocable<const Function&, const Row&, std::uint32_t>)
      worker = static_cast<std::int64_t>(std::invoke(function, row, workers));
    else worker = static_cast<std::int64_t>(std::invoke(function, row));
    worker %= workers;
    out.append(static_cast<std::uint32_t>(worker < 0 ? worker + workers : worker), row, time);
  }
};

}  // namespace place

template <class Row, class From, class Chain>
Stream<Row> Stream<Row, From, Chain>::rebalance() const {
  const VertexId to = detail::add_pass<Row>(*builder_, "rebalance");
  connect<Row>(to, 0, Partitioning::kRebalance, place::Rebalance{});
  return Stream<Row>(*builder_, to, 0, {}, {});
}

template <class Row, class From, class Chain>
Stream<Row> Stream<Row, From, Chain>::broadcast() const {
  const VertexId to = detail::add_pass<Row>(*builder_, "broadcast");
  connect<Row>(to, 0, Partitioning::kBroadcast, place::Broadcast{});
  return Stream<Row>(*builder_, to, 0, {}, {});
}

template <class Row, class From, class Chain>
template <class Function>
Stream<Row> Stream<Row, From, Chain>::partition_by(Function function) const {
  static_assert(
      std::is_invocable_r_v<std::int64_t, const Function&, const Row&> ||
          std::is_invocable_r_v<std::int64_t, const Function&, const Row&, std::uint32_t>,
      "weir: partition_by() takes a function of (const Row&), or of (const Row&, std::uint32_t workers), "
      "that gives the number of a worker");
  const VertexId to = detail::add_pass<Row>(*builder_, "partition");
  connect<Row>(to, 0, Partitioning::kCustom, place::Custom<Function>{std::move(function)});
  return Stream<Row>(*builder_, to, 0, {}, {});
}

}  // namespace weir
