#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/operators/interval_join.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/temporal_join.hpp>
#include <weir/operators/window_join.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

inline namespace joins {

/// The rows of the join tests.
struct Order {
  std::string_view currency;
  std::string_view id;
};
BOOST_DESCRIBE_STRUCT(Order, (), (currency, id))

struct ExchangeRate {
  std::string_view currency;
  std::string_view value;
};
BOOST_DESCRIBE_STRUCT(ExchangeRate, (), (currency, value))

/// Ids of the joined rows; "-" for none.
struct Joined {
  std::string_view order;
  std::string_view rate;
};
BOOST_DESCRIBE_STRUCT(Joined, (), (order, rate))

inline Joined joined_pair(const Order& order, const ExchangeRate& rate) { return {order.id, rate.value}; }
inline Joined joined_rows(const Order* order, const ExchangeRate* rate) {
  return {order ? order->id : "-", rate ? rate->value : "-"};
}

using JoinedRows = std::vector<testing::Timed<Joined>>;
/// "order+rate@seconds" of each row, for what outlives its harness.
inline std::string said(const JoinedRows& rows) {
  std::string text;
  for (const auto& [row, time] : rows)
    text += (text.empty() ? "" : " ") + std::string(row.order) + "+" + std::string(row.rate) + "@" +
            std::to_string((time.millis + 1) / 1000);
  return text;
}

using LateOrders = std::vector<testing::Timed<Order>>;
using LateRates = std::vector<testing::Timed<ExchangeRate>>;
using JoinHarness =
    testing::OperatorHarness<testing::Inputs<Order, ExchangeRate>, Joined, Order, ExchangeRate>;

/// Says the join of `orders` and `rates` that `joined_of(orders, rates)` makes, called "join", and wants its late rows.
template <class JoinedOf>
JoinHarness join_harness(JoinedOf joined_of) {
  Pipeline pipeline("test");
  auto joined = joined_of(pipeline.source<Order>("orders").key_by(&Order::currency),
                          pipeline.source<ExchangeRate>("rates").key_by(&ExchangeRate::currency));
  joined.sink("results");
  joined.late_left().sink("late-orders");
  joined.late_right().sink("late-rates");
  return testing::harness_for<testing::Inputs<Order, ExchangeRate>, Joined, Order, ExchangeRate>(
      pipeline.graph(), "join");
}

/// A join of any kind but inner, and inner, by what is given to `of(kind)`.
template <class Join>
auto joined_as(const Join& join, JoinKind kind) {
  switch (kind) {
    case JoinKind::kInner:
      return join.template inner<Joined>("join", joined_pair);
    case JoinKind::kLeft:
      return join.template left<Joined>("join", joined_rows);
    case JoinKind::kRight:
      return join.template right<Joined>("join", joined_rows);
    default:
      return join.template full<Joined>("join", joined_rows);
  }
}

}  // namespace joins

}  // namespace weir
