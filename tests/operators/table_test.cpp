#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/debezium.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>
#include <weir/testing/operator_harness.hpp>

#include "tables.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using namespace tables;
using testing::at;

const auto kGone = [](const Order& order) { return order.amount < 0; };

template <class Options>
auto order_table(Options options) {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders").key_by(&Order::id).to_table("table", options).changes().sink("out");
  return testing::harness_for<Order, Orders>(pipeline.graph(), "table");
}

using Out = std::vector<testing::Timed<Orders>>;

}  // namespace

TEST_CASE("A table says of each key what its row was and what it is") {
  auto harness = order_table(table_options().deleted_when(kGone));
  harness.record({1, "ann", 5}, at(1s)).record({1, "ann", 7}, at(2s)).record({1, "ann", 7}, at(3s));
  harness.record({1, "", -1}, at(4s)).record({1, "", -1}, at(5s)).record({1, "bob", 1}, at(6s));
  const Order five{1, "ann", 5}, seven{1, "ann", 7}, one{1, "bob", 1};
  CHECK(harness.output() == Out{{{1, {}, five}, at(1s)},
                                {{1, five, seven}, at(2s)},
                                {{1, seven, {}}, at(4s)},
                                {{1, {}, one}, at(6s)}});
}

TEST_CASE("A table takes rows as they come, whatever their times") {
  auto harness = order_table(table_options()).in_order();
  harness.record({1, "new", 2}, at(9s)).record({1, "old", 1}, at(3s));
  const Order newer{1, "new", 2}, older{1, "old", 1};
  CHECK(harness.output() == Out{{{1, {}, newer}, at(9s)}, {{1, newer, older}, at(9s)}});
}

TEST_CASE("A table by event time leaves what is older aside, also than a deletion") {
  auto harness = order_table(table_options().latest_by_event_time().deleted_when(kGone));
  const Order newer{1, "new", 2}, again{1, "again", 4};
  harness.record({1, "new", 2}, at(9s)).record({1, "old", 1}, at(3s)).record({1, "", -1}, at(20s));
  harness.record({1, "old", 3}, at(15s))
      .watermark(at(20s))
      .record({1, "again", 4}, at(21s))
      .watermark(at(30s));
  CHECK(harness.output() ==
        Out{{{1, {}, newer}, at(9s)}, {{1, newer, {}}, at(20s)}, {{1, {}, again}, at(21s)}});
}

TEST_CASE("A table's keys expire by event time, and leave nothing") {
  auto harness = order_table(table_options().expire_after(10s));
  const Order a{1, "a", 1}, b{2, "b", 2};
  harness.record({1, "a", 1}, at(1s)).record({2, "b", 2}, at(2s)).watermark(at(8s));
  harness.record({1, "a", 1}, at(9s)).watermark(at(13s));
  CHECK(harness.output() == Out{{{1, {}, a}, at(1s)}, {{2, {}, b}, at(2s)}, {{2, b, {}}, at(12s)}});
  harness.watermark(at(19s));
  CHECK(harness.output().back() == testing::Timed<Orders>{{1, a, {}}, at(19s)});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("The end of the input lets nothing expire") {
  auto harness = order_table(table_options().expire_after(10s));
  harness.record({1, "a", 1}, at(1s)).end();
  CHECK(harness.output().size() == 1);
}

TEST_CASE("A table that emits at the watermark takes rows in by their times, once a step") {
  const Order b{1, "b", 2}, c{1, "c", 3};
  auto harness = order_table(table_options().emit_at_watermark(2s)).in_order();
  harness.record({1, "c", 3}, at(3s)).record({1, "a", 1}, at(0s)).record({1, "b", 2}, at(1s));
  harness.watermark(EventTime{1998});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{1999});
  CHECK(harness.output() == Out{{{1, {}, b}, EventTime{1999}}});
  harness.end();
  CHECK(harness.output() == Out{{{1, {}, b}, EventTime{1999}}, {{1, b, c}, EventTime{3999}}});
}

TEST_CASE("A table that is deleted whole keeps no state") {
  auto harness = order_table(table_options().deleted_when(kGone)).memory(1);
  for (std::uint32_t n = 0; n < 500; ++n) harness.record({n % 50, "x", static_cast<std::int64_t>(n)}, at(1s));
  for (std::uint32_t n = 0; n < 50; ++n) harness.record({n, "x", -1}, at(2s));
  harness.watermark(at(3s));
  CHECK(harness.output().size() == 550);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("An aggregate without windows is a table of results") {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::customer)
      .aggregate("spent", sum(&Order::amount))
      .changes()
      .sink("out");
  auto harness =
      testing::harness_for<Order, Change<std::string_view, std::int64_t>>(pipeline.graph(), "spent");
  harness.record({1, "ann", 5}, at(1s)).record({2, "ann", 0}, at(2s)).record({3, "ann", 2}, at(3s));
  using Spent = std::vector<testing::Timed<Change<std::string_view, std::int64_t>>>;
  CHECK(harness.output() == Spent{{{"ann", {}, 5}, at(1s)}, {{"ann", 5, 7}, at(3s)}});
}

namespace {

struct Summary {
  std::int64_t orders;
  std::int64_t spent;
  std::int64_t most;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (orders, spent, most))

struct OrdersAndSpent {
  std::int64_t orders;
  std::int64_t spent;
};
BOOST_DESCRIBE_STRUCT(OrdersAndSpent, (), (orders, spent))

}  // namespace

TEST_CASE("Several aggregates at once make one row of a table, at once and at the watermark") {
  for (const bool waits : {false, true}) {
    Pipeline pipeline("test");
    pipeline.source<Order>("orders")
        .key_by(&Order::id)
        .aggregate("all", all_of<Summary>(count(), sum(&Order::amount), max(&Order::amount)),
                   waits ? table_options().emit_at_watermark() : table_options())
        .changes()
        .sink("out");
    using Summaries = Change<std::uint32_t, Summary>;
    auto harness = testing::harness_for<Order, Summaries>(pipeline.graph(), "all");
    harness.record({1, "ann", 5}, at(1s)).record({1, "ann", 2}, at(2s)).end();
    const Summary one{1, 5, 5}, two{2, 7, 5};
    CHECK(harness.output() ==
          std::vector<testing::Timed<Summaries>>{{{1, {}, one}, at(1s)}, {{1, one, two}, at(2s)}});
  }
}

TEST_CASE("Several aggregates at once run over a table where all can take back") {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .to_table("table")
      .group_by(&Order::customer)
      .aggregate("all", all_of<OrdersAndSpent>(count(), sum(&Order::amount)))
      .changes()
      .sink("out");
  using Groups = Change<std::string_view, OrdersAndSpent>;
  auto harness = testing::harness_for<Orders, Groups>(pipeline.graph(), "all");
  const Order five{1, "ann", 5}, two{1, "ann", 2};
  harness.record({1, {}, five}, at(1s)).record({1, five, two}, at(2s)).record({1, two, {}}, at(3s));
  const OrdersAndSpent a{1, 5}, b{1, 2};
  CHECK(harness.output() == std::vector<testing::Timed<Groups>>{
                                {{"ann", {}, a}, at(1s)}, {{"ann", a, b}, at(2s)}, {{"ann", b, {}}, at(3s)}});
}

TEST_CASE("Change events are a table") {
  using Event = DebeziumEvent<Order>;
  const auto captured = [](const Event& event) {
    std::vector<std::string> said;
    detail::take_event(&Order::id, event,
                       [&](const auto& row) { said.push_back(testing::row_as_text(row)); });
    return said;
  };
  const Order one{1, "ann", 5}, two{2, "ann", 5};
  using Said = std::vector<std::string>;
  CHECK(captured({{}, one, "c", {}}) == Said{"{row:{id:1,customer:ann,amount:5},deleted:false}"});
  CHECK(captured({{}, one, "r", {}}) == Said{"{row:{id:1,customer:ann,amount:5},deleted:false}"});
  CHECK(captured({one, {}, "d", {}}) == Said{"{row:{id:1,customer:ann,amount:5},deleted:true}"});
  CHECK(captured({one, two, "u", {}}) == Said{"{row:{id:1,customer:ann,amount:5},deleted:true}",
                                              "{row:{id:2,customer:ann,amount:5},deleted:false}"});
  CHECK(captured({{}, {}, "m", {}}).empty());
  CHECK_THROWS_WITH(captured({one, {}, "u", {}}), Catch::Contains("op 'u' has no `after`"));
  CHECK_THROWS_WITH(captured({{}, {}, "d", {}}), Catch::Contains("REPLICA IDENTITY"));
  CHECK_THROWS_WITH(captured({{}, {}, "t", {}}), Catch::Contains("empties the whole table"));
  CHECK_THROWS_WITH(captured({{}, {}, "x", {}}), Catch::Contains("is of no kind that is known"));
}

TEST_CASE("What a table keeps is described to the last field, so that it can be converted") {
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .to_table("table", table_options().emit_at_watermark())
      .sink("out");
  const JobGraph graph = pipeline.graph();
  std::map<std::string, std::string> types;
  for (const auto& state : std::get<OperatorVertex>(graph.find("table")->what).states)
    types[state.name] = state.value_type;
  CHECK(types["rows"] == "{id:uint32,customer:text,amount:int64}");
  CHECK(types["held"] ==
        "map<{time:event_time,sequence:uint64},{row0:optional<{id:uint32,customer:text,amount:int64}>}>");
  CHECK(types["times"] == "{last:event_time,timer:event_time}");
}

}  // namespace weir
