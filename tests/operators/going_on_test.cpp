// What operators do with rows of a run that goes on where another had ended: the input's end let out what waited, and no more than that is
// behind them.

#include <catch2/catch.hpp>

#include <weir/operators/deduplicate.hpp>
#include <weir/operators/pattern.hpp>
#include <weir/operators/process.hpp>
#include <weir/operators/table.hpp>
#include <weir/operators/top_n.hpp>

#include "joins.hpp"
#include "readings.hpp"
#include "tables.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

using Sums = std::vector<Result<std::int64_t>>;
using Readings = std::vector<testing::Timed<Reading>>;

auto readings(Pipeline& pipeline) { return pipeline.source<Reading>("readings").key_by(&Reading::sensor); }

template <class Windows>
auto summed(Windows&& windows) {
  Pipeline pipeline("test");
  auto sums = windows(readings(pipeline)).late_rows().aggregate("window", sum(&Reading::value));
  sums.sink("results");
  sums.late().sink("late");
  return testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>, Reading>(
      pipeline.graph(), "window");
}

Window ten_seconds(EventTime time, const Reading&) {
  const EventTime start{time.millis / 10'000 * 10'000};
  return {start, start + 10s};
}

struct SumForTenSeconds {
  ValueState<std::int64_t> sum{"sum"};
  auto states() { return std::tie(sum); }
  void process(const Reading& reading, KeyedContext<std::string_view, Reading>& context) {
    if (!sum.get()) context.set_timer(context.time() + 10s);
    sum.edit() += reading.value;
  }
  void on_timer(EventTime, KeyedContext<std::string_view, Reading>& context) {
    context.emit({context.key(), static_cast<std::int32_t>(*sum.get())});
    sum.clear();
  }
};

}  // namespace

TEST_CASE("After an end sessions that have ended by then are over, and later ones are on time") {
  auto harness = summed([](auto keys) { return keys.window(session(10s)); });
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(5s)).record({"b", 4}, at(40s)).end().restart();
  harness.record({"a", 8}, at(45s)).record({"c", 16}, at(30s)).record({"c", 32}, at(60s)).end();
  CHECK(harness.output() ==
        Sums{result<std::int64_t>("a", 1s, 15s, 3), result<std::int64_t>("b", 40s, 50s, 4),
             result<std::int64_t>("a", 45s, 55s, 8), result<std::int64_t>("c", 60s, 70s, 32)});
  CHECK(harness.output<1>() == Readings{{{"c", 16}, at(30s)}});
}

TEST_CASE("After an end sessions within the allowed lateness fire again") {
  auto harness = summed([](auto keys) { return keys.window(session(10s).allowed_lateness(20s)); });
  harness.record({"a", 1}, at(1s)).record({"b", 4}, at(40s)).end().restart();
  harness.record({"b", 8}, at(45s)).record({"a", 16}, at(2s)).end().watermark(at(1h));
  CHECK(harness.output() == Sums{result<std::int64_t>("a", 1s, 11s, 1),
                                 result<std::int64_t>("b", 40s, 50s, 4),
                                 result<std::int64_t>("b", 40s, 55s, 12)});
  CHECK(harness.output<1>() == Readings{{{"a", 16}, at(2s)}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("After an end sliding windows go on with those that no row was in") {
  auto harness = summed([](auto keys) { return keys.window(sliding(10s, 5s)); });
  harness.record({"a", 1}, at(7s)).end().restart().record({"a", 2}, at(14s));
  harness.record({"a", 32}, at(9s)).record({"b", 4}, at(16s)).end();
  CHECK(harness.output() == Sums{result<std::int64_t>("a", 0s, 10s, 1), result<std::int64_t>("a", 5s, 15s, 1),
                                 result<std::int64_t>("a", 10s, 20s, 2),
                                 result<std::int64_t>("b", 10s, 20s, 4),
                                 result<std::int64_t>("b", 15s, 25s, 4)});
  CHECK(harness.output<1>() == Readings{{{"a", 32}, at(9s)}});
}

TEST_CASE("After an end windows with triggers of their own go on") {
  auto harness =
      summed([](auto keys) { return keys.window(ten_seconds).trigger(purging(event_time_every(4s))); });
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(5s)).end().restart();
  harness.record({"a", 4}, at(6s)).record({"a", 8}, at(13s)).end();
  std::int64_t sum = 0;
  for (const auto& one : harness.output()) sum += one.row.value;
  CHECK(sum == 11);
  CHECK(harness.output().back().row.window_end == at(20s));
  CHECK(harness.output<1>() == Readings{{{"a", 4}, at(6s)}});
}

TEST_CASE("After an end count windows go on counting") {
  Pipeline pipeline("test");
  readings(pipeline).count_window(3).aggregate("window", sum(&Reading::value)).sink("results");
  auto harness =
      testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(), "window");
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(2s)).end().restart().record({"a", 4}, at(3s));
  REQUIRE(harness.output().size() == 1);
  CHECK(harness.output()[0].row.value == 7);
}

TEST_CASE("After an end timers wait for their time again") {
  Pipeline pipeline("test");
  readings(pipeline).process<Reading>("sums", SumForTenSeconds{}).sink("out");
  auto harness = testing::harness_for<Reading, Reading>(pipeline.graph(), "sums");
  harness.record({"a", 1}, at(1s)).end().restart().record({"a", 2}, at(2s)).watermark(EventTime{11'999});
  CHECK(harness.output() == Readings{{{"a", 1}, at(11s)}});
  harness.record({"a", 4}, at(5s)).watermark(at(12s));
  CHECK(harness.output() == Readings{{{"a", 1}, at(11s)}, {{"a", 6}, at(12s)}});
}

TEST_CASE("After an end rows of an inner interval join find their partners of before") {
  auto harness = join_harness([](auto orders, auto rates) {
    return joined_as(orders.join(rates).between(-5s, 10s), JoinKind::kInner);
  });
  harness.record<0>({"EUR", "o1"}, at(20s)).watermark(at(18s)).end().restart();
  harness.record<1>({"EUR", "r1"}, at(19s)).record<1>({"EUR", "r2"}, at(30s));
  CHECK(said(harness.output()) == "o1+r1@20 o1+r2@30");
}

TEST_CASE("After an end an outer interval join does not take back that a row had no partner") {
  auto harness = join_harness([](auto orders, auto rates) {
    return joined_as(orders.join(rates).between(-5s, 10s), JoinKind::kLeft);
  });
  harness.record<0>({"EUR", "o1"}, at(20s)).end().restart();
  harness.record<1>({"EUR", "r1"}, at(24s))
      .record<1>({"EUR", "r2"}, at(31s))
      .record<0>({"EUR", "o2"}, at(33s));
  CHECK(said(harness.output()) == "o1+-@30 o2+r2@33");
  CHECK(harness.output<2>() == LateRates{{{"EUR", "r1"}, at(24s)}});
}

TEST_CASE("After an end window joins go on with later windows") {
  auto harness = join_harness([](auto orders, auto rates) {
    return joined_as(orders.join(rates).window(tumbling(10s)), JoinKind::kFull);
  });
  harness.record<0>({"EUR", "o1"}, at(1s)).end().restart().record<1>({"EUR", "r1"}, at(2s));
  harness.record<0>({"EUR", "o2"}, at(12s)).record<1>({"EUR", "r2"}, at(13s)).end();
  CHECK(said(harness.output()) == "o1+-@10 o2+r2@20");
  CHECK(harness.output<2>() == LateRates{{{"EUR", "r1"}, at(2s)}});
}

TEST_CASE("After an end as-of joins go on behind the last row that was joined") {
  auto harness = join_harness([](auto orders, auto rates) {
    return orders.join_as_of(rates).template inner<Joined>("join", joined_pair);
  });
  harness.record<1>({"EUR", "r10"}, at(10s))
      .record<0>({"EUR", "o12"}, at(12s))
      .record<0>({"EUR", "o9"}, at(9s));
  harness.end().restart();
  harness.record<0>({"EUR", "o11"}, at(11s)).record<0>({"EUR", "o13"}, at(13s)).end();
  CHECK(said(harness.output()) == "o12+r10@12 o13+r10@13");
  CHECK(harness.output<1>() == LateOrders{{{"EUR", "o11"}, at(11s)}});
}

TEST_CASE("After an end patterns go on behind the last row") {
  Pipeline pipeline("test");
  const auto is = [](std::int32_t value) { return [=](const Reading& r) { return r.value == value; }; };
  auto matches = readings(pipeline).detect<Reading>(
      "pattern", pattern<Reading>("one").where(is(1)).next("two").where(is(2)).within(1h),
      [](const Match<Reading>& match) {
        return Reading{match.last("one")->sensor, 12};
      });
  matches.sink("out");
  matches.late().sink("late");
  auto harness = testing::harness_for<Reading, Reading, Reading>(pipeline.graph(), "pattern");
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(2s)).record({"a", 1}, at(3s)).end().restart();
  harness.record({"a", 2}, at(3s)).record({"a", 1}, at(4s)).record({"a", 2}, at(5s)).end();
  CHECK(harness.output() == Readings{{{"a", 12}, at(2s)}, {{"a", 12}, at(5s)}});
  CHECK(harness.output<1>() == Readings{{{"a", 2}, at(3s)}});
}

TEST_CASE("After an end the first rows of later windows are ranked") {
  Pipeline pipeline("test");
  auto first = readings(pipeline).top_n("top", tumbling(10s), top(1, &Reading::value));
  first.sink("out");
  first.late().sink("late");
  auto harness = testing::harness_for<Reading, WindowTop<Reading>, Reading>(pipeline.graph(), "top");
  harness.record({"a", 5}, at(1s)).end().restart().record({"a", 9}, at(2s)).record({"a", 7}, at(12s)).end();
  REQUIRE(harness.output().size() == 2);
  CHECK(harness.output()[1].row.row.value == 7);
  CHECK(harness.output<1>() == Readings{{{"a", 9}, at(2s)}});
}

TEST_CASE("After an end duplicates of what had passed are known") {
  Pipeline pipeline("test");
  auto once = readings(pipeline).deduplicate("once", first_within(10s));
  once.sink("out");
  once.late().sink("late");
  auto harness = testing::harness_for<Reading, Reading, Reading>(pipeline.graph(), "once");
  harness.record({"a", 1}, at(1s)).end().restart().record({"a", 2}, at(5s)).record({"a", 3}, at(11s)).end();
  CHECK(harness.output() == Readings{{{"a", 1}, at(1s)}, {{"a", 3}, at(11s)}});
  CHECK(harness.output<1>().empty());
}

TEST_CASE("After an end the last row of a span that has come out stays the last") {
  Pipeline pipeline("test");
  auto once = readings(pipeline).deduplicate("once", last_within(10s));
  once.sink("out");
  once.late().sink("late");
  auto harness = testing::harness_for<Reading, Reading, Reading>(pipeline.graph(), "once");
  harness.record({"a", 1}, at(0s)).end().restart().record({"a", 2}, at(5s)).record({"a", 3}, at(15s)).end();
  CHECK(harness.output() == Readings{{{"a", 1}, EventTime{9'999}}, {{"a", 3}, EventTime{24'999}}});
  CHECK(harness.output<1>() == Readings{{{"a", 2}, at(5s)}});
}

TEST_CASE("After an end a table's rows still expire") {
  using tables::Order;
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .to_table("table", table_options().emit_at_watermark(1s).expire_after(10s))
      .changes()
      .sink("out");
  auto harness = testing::harness_for<Order, tables::Orders>(pipeline.graph(), "table");
  harness.record({1, "a", 1}, at(1s)).end().restart();
  CHECK(harness.output().size() == 1);
  harness.record({2, "b", 1}, at(20s)).watermark(at(21s));
  CHECK(harness.output().size() == 3);  // the first has come to be gone
}

}  // namespace weir
