#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
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

template <class A>
JobGraph by_customer(A aggregate, Emission emission = {}) {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .to_table("table")
      .group_by(&Order::customer)
      .aggregate("groups", aggregate, emission)
      .changes()
      .sink("out");
  return pipeline.graph();
}

template <class Out>
using Groups = std::vector<testing::Timed<Change<std::string_view, Out>>>;

/// Runs random changes through an aggregate by customer, and compares all that it emits with what `naive(rows)` says of each group.
template <class Out, class A, class Naive>
void compare_with_model(A aggregate, Naive naive) {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  INFO("seed " << seed);
  std::mt19937 random(seed);
  RandomOrders orders(random, 1 + seed % 12, 1 + seed % 5);
  auto harness =
      testing::harness_for<Orders, Change<std::string_view, Out>>(by_customer(aggregate), "groups");
  if (seed % 3 == 0) harness.memory(1);
  Groups<Out> expected;
  std::map<std::string_view, Out> table;
  for (int n = 1; n <= script_length(seed); ++n) {
    harness.record(orders.next(), EventTime{n});
    std::map<std::string_view, std::vector<std::int64_t>> groups;
    for (const auto& [id, order] : orders.rows()) groups[order.customer].push_back(order.amount);
    std::map<std::string_view, Out> now;
    for (const auto& [customer, amounts] : groups) now[customer] = naive(amounts);
    expect(expected, table, now, EventTime{n});
  }
  const auto& emitted = harness.output();
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return std::pair(a.time, testing::row_as_text(a.row)) < std::pair(b.time, testing::row_as_text(b.row));
  });
  REQUIRE(emitted == expected);
  folded(emitted);
}

std::int64_t total(const std::vector<std::int64_t>& amounts) {
  return std::accumulate(amounts.begin(), amounts.end(), std::int64_t{0});
}

/// An aggregate of a user's own: the sum of squares.
struct Squares {
  using Accumulator = std::int64_t;
  std::int64_t lift(const Order& order) const { return order.amount * order.amount; }
  void add(Accumulator& sum, std::int64_t square) const { sum += square; }
  void merge(Accumulator& sum, Accumulator other) const { sum += other; }
  void retract(Accumulator& sum, Accumulator other) const { sum -= other; }
  std::string result(std::string_view customer, Accumulator sum) const {
    return std::string(customer) + ":" + std::to_string(sum);
  }
};

}  // namespace

TEST_CASE("A row that changes its group is taken from the old one and added to the new one") {
  auto harness = testing::harness_for<Orders, Change<std::string_view, std::int64_t>>(
      by_customer(sum(&Order::amount)), "groups");
  const Order ann{1, "ann", 5}, bob{1, "bob", 5}, more{2, "ann", 3};
  harness.record({1, {}, ann}, at(1s)).record({2, {}, more}, at(2s)).record({1, ann, bob}, at(3s));
  harness.record({2, more, {}}, at(4s));
  CHECK(harness.output() == Groups<std::int64_t>{{{"ann", {}, 5}, at(1s)},
                                                 {{"ann", 5, 8}, at(2s)},
                                                 {{"ann", 8, 3}, at(3s)},
                                                 {{"bob", {}, 5}, at(3s)},
                                                 {{"ann", 3, {}}, at(4s)}});
}

TEST_CASE("A row that changes within its group shows nothing in between") {
  auto harness = testing::harness_for<Orders, Change<std::string_view, std::int64_t>>(
      by_customer(sum(&Order::amount)), "groups");
  const Order five{1, "ann", 5}, nine{1, "ann", 9};
  harness.record({1, {}, five}, at(1s)).record({1, five, nine}, at(2s));
  CHECK(harness.output() == Groups<std::int64_t>{{{"ann", {}, 5}, at(1s)}, {{"ann", 5, 9}, at(2s)}});
}

TEST_CASE("Counts of groups agree with a naive model") {
  compare_with_model<std::int64_t>(
      count(), [](const auto& amounts) { return static_cast<std::int64_t>(amounts.size()); });
}
TEST_CASE("Sums of groups agree with a naive model") {
  compare_with_model<std::int64_t>(sum(&Order::amount), total);
}
TEST_CASE("Means of groups agree with a naive model") {
  compare_with_model<double>(mean(&Order::amount), [](const auto& amounts) {
    return static_cast<double>(total(amounts)) / static_cast<double>(amounts.size());
  });
}
TEST_CASE("Smallest and largest values of groups agree with a naive model") {
  SECTION("smallest") {
    compare_with_model<std::int64_t>(min(&Order::amount), [](const auto& amounts) {
      return *std::min_element(amounts.begin(), amounts.end());
    });
  }
  SECTION("largest") {
    compare_with_model<std::int64_t>(max(&Order::amount), [](const auto& amounts) {
      return *std::max_element(amounts.begin(), amounts.end());
    });
  }
}

TEST_CASE("An aggregate with retract() runs over a table") {
  auto harness =
      testing::harness_for<Orders, Change<std::string_view, std::string>>(by_customer(Squares{}), "groups");
  const Order five{1, "ann", 5}, nine{1, "ann", 9}, two{2, "ann", 2};
  harness.record({1, {}, five}, at(1s)).record({2, {}, two}, at(2s)).record({1, five, nine}, at(3s));
  CHECK(harness.output() == Groups<std::string>{{{"ann", {}, "ann:25"}, at(1s)},
                                                {{"ann", "ann:25", "ann:29"}, at(2s)},
                                                {{"ann", "ann:29", "ann:85"}, at(3s)}});
}

namespace {

struct Owned2 {
  std::uint32_t id;
  double amount;
};
BOOST_DESCRIBE_STRUCT(Owned2, (), (id, amount))

}  // namespace

TEST_CASE("A sum of floating point forgets what is taken back") {
  Pipeline pipeline("test");
  pipeline.source<Owned2>("rows")
      .key_by(&Owned2::id)
      .to_table("table")
      .group_by([](const Owned2&) { return 0; })
      .aggregate("groups", sum(&Owned2::amount))
      .changes()
      .sink("out");
  using In = Change<std::uint32_t, Owned2>;
  auto harness = testing::harness_for<In, Change<int, double>>(pipeline.graph(), "groups").in_order();
  const Owned2 huge{1, 1e17}, small{2, 0.1}, one{3, 1};
  harness.record({1, {}, huge}, at(1s)).record({2, {}, small}, at(2s)).record({3, {}, one}, at(3s));
  harness.record({1, huge, {}}, at(4s)).record({3, one, {}}, at(5s));
  CHECK(*harness.output().back().row.after == Approx(0.1).epsilon(1e-14));
}

TEST_CASE("A reduced table takes rows in and back") {
  Pipeline pipeline("test");
  const auto add = [](const Owned2& a, const Owned2& b) { return Owned2{0, a.amount + b.amount}; };
  const auto subtract = [](const Owned2& a, const Owned2& b) { return Owned2{0, a.amount - b.amount}; };
  pipeline.source<Owned2>("rows")
      .key_by(&Owned2::id)
      .to_table("table")
      .group_by([](const Owned2& row) { return row.id % 2; })
      .reduce("groups", add, subtract)
      .changes()
      .sink("out");
  using In = Change<std::uint32_t, Owned2>;
  auto harness = testing::harness_for<In, In>(pipeline.graph(), "groups").in_order();
  const Owned2 one{1, 1}, three{3, 3}, four{3, 4};
  harness.record({1, {}, one}, at(1s)).record({3, {}, three}, at(2s)).record({3, three, four}, at(3s));
  harness.record({1, one, {}}, at(4s)).record({3, four, {}}, at(5s));
  const Owned2 zero_four{0, 4}, zero_five{0, 5};
  CHECK(harness.output() == std::vector<testing::Timed<In>>{{{1, {}, one}, at(1s)},
                                                            {{1, one, zero_four}, at(2s)},
                                                            {{1, zero_four, zero_five}, at(3s)},
                                                            {{1, zero_five, zero_four}, at(4s)},
                                                            {{1, zero_four, {}}, at(5s)}});
  CHECK(harness.watermark(at(9s)).stored_entries() == 0);
}

TEST_CASE("Groups that emit at the watermark wait for it") {
  auto harness = testing::harness_for<Orders, Change<std::string_view, std::int64_t>>(
      by_customer(sum(&Order::amount), emit_at_watermark()), "groups");
  const Order ann{1, "ann", 5}, bob{1, "bob", 5}, more{2, "ann", 3};
  harness.record({1, {}, ann}, at(1s)).record({2, {}, more}, at(2s)).record({1, ann, bob}, at(4s));
  harness.watermark(at(3s));
  CHECK(harness.output().size() == 2);
  harness.watermark(at(5s));
  CHECK(harness.output() == Groups<std::int64_t>{{{"ann", {}, 5}, at(1s)},
                                                 {{"ann", 5, 8}, at(2s)},
                                                 {{"ann", 8, 3}, at(4s)},
                                                 {{"bob", {}, 5}, at(4s)}});
}

TEST_CASE("Stages of a table pass on what changes for them") {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .to_table("table")
      .filter([](const Order& order) { return order.amount > 2; })
      .map([](std::uint32_t id, const Order& order) {
        return Order{id + 100, order.customer, 0};
      })
      .to_stream([](const Order& last) {
        return Order{last.id, "gone", -1};
      })
      .opaque("stages")
      .sink("out");
  auto harness = testing::harness_for<Orders, Order>(pipeline.graph(), "stages").in_order();
  const Order one{1, "ann", 1}, three{1, "ann", 3}, four{1, "ann", 4}, bob{1, "bob", 4};
  harness.record({1, {}, one}, at(1s)).record({1, one, three}, at(2s)).record({1, three, four}, at(3s));
  harness.record({1, four, bob}, at(4s)).record({1, bob, one}, at(5s)).record({1, one, {}}, at(6s));
  CHECK(harness.output() == std::vector<testing::Timed<Order>>{{{101, "ann", 0}, at(2s)},
                                                               {{101, "bob", 0}, at(4s)},
                                                               {{101, "gone", -1}, at(5s)}});
}

TEST_CASE("A table may be given rows of another type, with text that is made for them") {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .to_table("table")
      .map([](std::uint32_t id, const Order& order, Arena& arena) {
        return Customer{order.customer, arena.copy(std::to_string(id) + " orders")};
      })
      .filter([](const Customer& customer) { return customer.name != "bob"; })
      .changes()
      .opaque("stages")
      .sink("out");
  using Customers = Change<std::uint32_t, Customer>;
  auto harness = testing::harness_for<Orders, Customers>(pipeline.graph(), "stages").in_order();
  const Order ann{1, "ann", 1}, more{1, "ann", 3}, bob{1, "bob", 4};
  harness.record({1, {}, ann}, at(1s)).record({1, ann, more}, at(2s)).record({1, more, bob}, at(3s));
  const Customer customer{"ann", "1 orders"};
  CHECK(harness.output() ==
        std::vector<testing::Timed<Customers>>{{{1, {}, customer}, at(1s)}, {{1, customer, {}}, at(3s)}});
}

}  // namespace weir
