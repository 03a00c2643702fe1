#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

#include "tables.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using namespace tables;
using testing::at;

struct Pair {
  std::string_view left;
  std::int64_t left_amount;
  std::string_view right;
  std::int64_t right_amount;
};
BOOST_DESCRIBE_STRUCT(Pair, (), (left, left_amount, right, right_amount))

Pair pair_of(const Order* left, const Order* right) {
  return {left ? left->customer : "-", left ? left->amount : -1, right ? right->customer : "-",
          right ? right->amount : -1};
}

using Pairs = Change<std::uint32_t, Pair>;
enum class Kind { kInner, kLeft, kRight, kFull };

JobGraph joined(Kind kind, Emission emission = {}) {
  Pipeline pipeline("test");
  auto left = pipeline.source<Order>("left").key_by(&Order::id).to_table("left table");
  auto right = pipeline.source<Order>("right").key_by(&Order::id).to_table("right table");
  const auto pairs = [&]() -> Table<std::uint32_t, Pair> {
    switch (kind) {
      case Kind::kInner:
        return left.join(
            "join", right, [](const Order& l, const Order& r) { return pair_of(&l, &r); }, emission);
      case Kind::kLeft:
        return left.left_join(
            "join", right, [](const Order& l, const Order* r) { return pair_of(&l, r); }, emission);
      case Kind::kRight:
        return left.right_join(
            "join", right, [](const Order* l, const Order& r) { return pair_of(l, &r); }, emission);
      default:
        return left.full_join("join", right, pair_of, emission);
    }
  }();
  pairs.changes().sink("out");
  return pipeline.graph();
}

auto join_harness(Kind kind, Emission emission = {}) {
  return testing::harness_for<testing::Inputs<Orders, Orders>, Pairs>(joined(kind, emission), "join");
}

std::map<std::uint32_t, Pair> naive(Kind kind, const RandomOrders& left, const RandomOrders& right) {
  std::map<std::uint32_t, Pair> result;
  for (const auto& [id, row] : left.rows()) {
    const auto other = right.rows().find(id);
    if (other != right.rows().end()) result[id] = pair_of(&row, &other->second);
    else if (kind == Kind::kLeft || kind == Kind::kFull) result[id] = pair_of(&row, nullptr);
  }
  if (kind == Kind::kRight || kind == Kind::kFull)
    for (const auto& [id, row] : right.rows())
      if (!left.rows().contains(id)) result[id] = pair_of(nullptr, &row);
  return result;
}

}  // namespace

TEST_CASE("A join of tables changes with either side") {
  auto harness = join_harness(Kind::kLeft);
  const Order five{1, "ann", 5}, six{1, "ann", 6}, right{1, "bob", 7};
  harness.record<0>({1, {}, five}, at(1s))
      .record<1>({1, {}, right}, at(2s))
      .record<0>({1, five, six}, at(3s));
  harness.record<1>({1, right, {}}, at(4s)).record<0>({1, six, {}}, at(5s));
  const Pair a{"ann", 5, "-", -1}, b{"ann", 5, "bob", 7}, c{"ann", 6, "bob", 7}, d{"ann", 6, "-", -1};
  CHECK(harness.output() == std::vector<testing::Timed<Pairs>>{{{1, {}, a}, at(1s)},
                                                               {{1, a, b}, at(2s)},
                                                               {{1, b, c}, at(3s)},
                                                               {{1, c, d}, at(4s)},
                                                               {{1, d, {}}, at(5s)}});
  CHECK(harness.watermark(at(9s)).stored_entries() == 0);
}

TEST_CASE("A row of a table whose other side is older keeps the order of times") {
  auto harness = join_harness(Kind::kInner);
  const Order left{1, "ann", 5}, right{1, "bob", 7};
  harness.record<0>({1, {}, left}, at(9s))
      .record<1>({1, {}, right}, at(2s))
      .record<1>({1, right, {}}, at(1s));
  const auto& changes = harness.output();
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].time <= changes[1].time);
}

TEST_CASE("Joins of tables agree with a naive model") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  const Kind kind = GENERATE(Kind::kInner, Kind::kLeft, Kind::kRight, Kind::kFull);
  INFO("seed " << seed << ", kind " << static_cast<int>(kind));
  std::mt19937 random(seed);
  RandomOrders left(random, 1 + seed % 9, 3), right(random, 1 + seed % 7, 3);
  auto harness = join_harness(kind).in_order();
  if (seed % 3 == 0) harness.memory(1);
  std::vector<testing::Timed<Pairs>> expected;
  std::map<std::uint32_t, Pair> table;
  for (int n = 1; n <= script_length(seed); ++n) {
    if (random() % 2 == 0) harness.record<0>(left.next(), EventTime{n});
    else harness.record<1>(right.next(), EventTime{n});
    expect(expected, table, naive(kind, left, right), EventTime{n});
    if (random() % 8 == 0) harness.watermark(EventTime{n});
  }
  REQUIRE(harness.output() == expected);
  folded(harness.output());
}

TEST_CASE("Joins of tables that emit at the watermark agree with a naive model at the end of each step") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  INFO("seed " << seed);
  std::mt19937 random(seed);
  RandomOrders left(random, 1 + seed % 9, 3), right(random, 1 + seed % 7, 3);
  auto harness = join_harness(Kind::kFull, emit_at_watermark(Duration{4}));
  if (seed % 3 == 0) harness.memory(1);
  std::vector<testing::Timed<Pairs>> expected;
  std::map<std::uint32_t, Pair> table;
  // The right side arrives late by some rows: what counts is when it happened.
  std::vector<std::pair<Orders, EventTime>> behind;
  for (int n = 0; n < script_length(seed) / 4 * 4; ++n) {
    if (random() % 2 == 0) harness.record<0>(left.next(), EventTime{n});
    else behind.emplace_back(right.next(), EventTime{n});
    if (n % 4 == 3) expect(expected, table, naive(Kind::kFull, left, right), EventTime{n});
    if (n % 8 != 5) continue;
    for (const auto& [change, time] : behind) harness.record<1>(change, time);
    behind.clear();
    harness.watermark(EventTime{n});
  }
  for (const auto& [change, time] : behind) harness.record<1>(change, time);
  harness.end();
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return std::pair(a.time, testing::row_as_text(a.row)) < std::pair(b.time, testing::row_as_text(b.row));
  });
  REQUIRE(harness.output() == expected);
  folded(harness.output());
}

namespace {

struct Located {
  std::uint32_t id;
  std::string_view city;
};
BOOST_DESCRIBE_STRUCT(Located, (), (id, city))
using Customers = Change<std::string_view, Customer>;

auto global_harness(bool left) {
  Pipeline pipeline("test");
  auto customers = pipeline.source<Customer>("customers").key_by(&Customer::name).to_table("table");
  auto orders = pipeline.source<Order>("orders");
  if (left)
    orders
        .left_join_global("join", customers, &Order::customer,
                          [](const Order& order, const Customer* customer) {
                            return Located{order.id, customer ? customer->city : "nowhere"};
                          })
        .sink("out");
  else
    orders
        .join_global("join", customers, &Order::customer,
                     [](const Order& order, const Customer& customer) {
                       return Located{order.id, customer.city};
                     })
        .sink("out");
  return testing::harness_for<testing::Inputs<Order, Customers>, Located>(pipeline.graph(), "join")
      .in_order();
}

}  // namespace

TEST_CASE("A stream is joined with a global table as it is when a row comes") {
  auto harness = global_harness(false);
  const Customer rome{"ann", "Rome"}, oslo{"ann", "Oslo"};
  harness.record<0>({1, "ann", 5}, at(1s))
      .record<1>({"ann", {}, rome}, at(2s))
      .record<0>({2, "ann", 5}, at(1s));
  harness.record<1>({"ann", rome, oslo}, at(2s))
      .record<0>({3, "ann", 5}, at(4s))
      .record<0>({4, "bob", 5}, at(4s));
  harness.record<1>({"ann", oslo, {}}, at(5s)).record<0>({5, "ann", 5}, at(6s));
  CHECK(harness.output() ==
        std::vector<testing::Timed<Located>>{{{2, "Rome"}, at(1s)}, {{3, "Oslo"}, at(4s)}});
}

TEST_CASE("A join with a global table that is to be read first joins nothing before the first watermark") {
  Pipeline pipeline("test");
  auto customers = pipeline.source<Customer>("customers").key_by(&Customer::name).to_table("table");
  pipeline.source<Order>("orders")
      .left_join_global(
          "join", customers, &Order::customer,
          [](const Order& order, const Customer* customer) {
            return Located{order.id, customer ? customer->city : "nowhere"};
          },
          once_complete())
      .sink("out");
  auto harness =
      testing::harness_for<testing::Inputs<Order, Customers>, Located>(pipeline.graph(), "join").in_order();
  const Customer rome{"ann", "Rome"}, oslo{"bob", "Oslo"};
  harness.record<0>({1, "ann", 5}, at(1s))
      .record<1>({"ann", {}, rome}, at(2s))
      .record<0>({2, "bob", 5}, at(1s));
  CHECK(harness.output().empty());
  harness.record<1>({"bob", {}, oslo}, at(2s)).record<0>({3, "cat", 5}, at(4s)).watermark(at(0s));
  harness.record<0>({4, "ann", 5}, at(5s));
  CHECK(harness.output() ==
        std::vector<testing::Timed<Located>>{
            {{1, "Rome"}, at(1s)}, {{2, "Oslo"}, at(1s)}, {{3, "nowhere"}, at(4s)}, {{4, "Rome"}, at(5s)}});
}

TEST_CASE("Joins with a global table agree with a naive model") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  const bool left = GENERATE(false, true);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  auto harness = global_harness(left);
  std::map<std::string_view, Customer> customers;
  std::vector<testing::Timed<Located>> expected;
  const std::string_view cities[] = {"Rome", "Oslo", "a town with a long name"};
  for (int n = 1; n <= script_length(seed); ++n) {
    const std::string_view name = RandomOrders::kNames[random() % 4];
    const auto known = customers.find(name);
    if (random() % 2 == 0) {
      const Order order{static_cast<std::uint32_t>(n), name, 0};
      harness.record<0>(order, EventTime{n});
      if (known != customers.end()) expected.push_back({{order.id, known->second.city}, EventTime{n}});
      else if (left) expected.push_back({{order.id, "nowhere"}, EventTime{n}});
      continue;
    }
    Customers change{name, {}, {}};
    if (known != customers.end()) change.before = known->second;
    if (!change.before || random() % 3 != 0) change.after = Customer{name, cities[random() % 3]};
    if (change.after) customers[name] = *change.after;
    else customers.erase(name);
    harness.record<1>(change, EventTime{n});
  }
  REQUIRE(harness.output() == expected);
}

}  // namespace weir
