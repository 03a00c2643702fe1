#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/operators/emitter.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

namespace detail {

[[noreturn]] void fail_route(std::string_view operator_name, std::int64_t chosen, std::size_t routes);

/// Gives each row to the port that its selector chooses. Text is shared with the batch it came in, not copied. Keeps no state.
template <class Row, std::size_t kRoutes, class Selector>
class RouteOperator final : public Operator {
 public:
  RouteOperator(OperatorContext context, Selector selector)
      : name_(context.name),
        selector_(std::move(selector)),
        routes_(make_routes(context, std::make_index_sequence<kRoutes>())) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<Row>&>(batch);
    for_each_row(0, rows.size(), [&](std::size_t i) {
      const auto chosen = static_cast<std::int64_t>(std::invoke(selector_, rows[i]));
      if (chosen < 0 || chosen >= static_cast<std::int64_t>(kRoutes)) fail_route(name_, chosen, kRoutes);
      Emitter<Row>& route = routes_[static_cast<std::size_t>(chosen)];
      if constexpr (kHoldsViews<Row>)
        if (route.batch().empty()) route.batch().share_arenas(rows);
      route.emit(rows[i], rows.time(i));
    });
    for (Emitter<Row>& route : routes_) route.flush();
  }
  bool advance_watermark(EventTime) override { return true; }

 private:
  using Emitters = std::array<Emitter<Row>, kRoutes>;

  template <std::size_t... kPorts>
  static Emitters make_routes(OperatorContext& context, std::index_sequence<kPorts...>) {
    return {Emitter<Row>(context, kPorts)...};
  }

  const std::string name_;
  Selector selector_;
  Emitters routes_;
};

template <class Row, std::size_t... kPorts>
std::array<Stream<Row>, sizeof...(kPorts)> routes_of(GraphBuilder& builder, VertexId vertex,
                                                     std::index_sequence<kPorts...>) {
  return {Stream<Row>(builder, vertex, kPorts, {}, {})...};
}

}  // namespace detail

template <class Row, class From, class Chain>
template <std::size_t kRoutes, class Selector>
auto Stream<Row, From, Chain>::route(Selector selector) const {
  static_assert(kRoutes >= 2, "weir: route<N>() divides a stream into two or more");
  constexpr bool kSelects = [] {
    if constexpr (std::invocable<const Selector&, const Row&>) {
      using Chosen = std::remove_cvref_t<std::invoke_result_t<const Selector&, const Row&>>;
      return std::is_integral_v<Chosen> || std::is_enum_v<Chosen>;
    } else {
      return false;
    }
  }();
  static_assert(kSelects,
                "weir: route<N>() takes a function of (const Row&) that gives the index of a route, an "
                "integer or an enum");
  OperatorVertex vertex;
  if constexpr (kSelects)
    vertex.make = [selector](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<detail::RouteOperator<Row, kRoutes, Selector>>(std::move(context), selector);
    };
  const VertexId to = builder_->add(builder_->unique("route"), "route", std::move(vertex));
  connect<Row>(to, 0, Partitioning::kForward, place::Forward{});
  return detail::routes_of<Row>(*builder_, to, std::make_index_sequence<kRoutes>());
}

}  // namespace weir
