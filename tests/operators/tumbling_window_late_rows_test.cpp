#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Counts = std::vector<Result<std::int64_t>>;

constexpr const char* kLate = "weir_operator_late_records_total";

}  // namespace

TEST_CASE("A row that comes after its window has fired is dropped and counted") {
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, at(1s)).watermark(at(10s)).record({"a", 1}, at(2s)).record({"b", 1}, at(9s)).end();
  CHECK(harness.output() == Counts{result<std::int64_t>("a", 0s, 10s, 1)});
  CHECK(harness.metric(kLate) == 2);
}

TEST_CASE("A row is late also when its window has never been opened") {
  auto harness = window_harness(tumbling(10s), count());
  harness.watermark(at(100s))
      .record({"a", 1}, at(5s))
      .record({"a", 1}, at(95s))
      .record({"a", 1}, at(101s))
      .end();
  CHECK(harness.output() == Counts{result<std::int64_t>("a", 100s, 110s, 1)});
  CHECK(harness.metric(kLate) == 2);
}

TEST_CASE("A late row stays late after a restart, whose sources have not yet said how far they are") {
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, at(1s))
      .watermark(at(20s))
      .restart()
      .record({"a", 1}, at(2s))
      .watermark(at(21s))
      .end();
  CHECK(harness.output() == Counts{result<std::int64_t>("a", 0s, 10s, 1)});
  CHECK(harness.metric(kLate) == 1);
}

TEST_CASE("Within the allowed lateness each late row gives a corrected result at once") {
  auto harness = window_harness(tumbling(10s).allowed_lateness(5s), sum(&Reading::value)).in_order();
  harness.record({"a", 1}, at(1s)).watermark(at(10s)).record({"a", 10}, at(2s)).record({"a", 100}, at(3s));
  CHECK(harness.output() == Counts{result<std::int64_t>("a", 0s, 10s, 1),
                                   result<std::int64_t>("a", 0s, 10s, 11),
                                   result<std::int64_t>("a", 0s, 10s, 111)});
  harness.watermark(EventTime{14'998})
      .record({"a", 1000}, at(4s))
      .watermark(EventTime{14'999})
      .record({"a", 5}, at(5s))
      .end();
  CHECK(harness.output().size() == 4);
  CHECK(harness.output().back() == result<std::int64_t>("a", 0s, 10s, 1111));
  CHECK(harness.metric(kLate) == 1);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE(
    "Within the allowed lateness a late row may open its window, and does not fire it again for others") {
  auto harness = window_harness(tumbling(10s).allowed_lateness(1min), count());
  harness.watermark(at(20s)).record({"a", 1}, at(5s)).record({"b", 1}, at(5s)).watermark(at(25s)).end();
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", 0s, 10s, 1), result<std::int64_t>("b", 0s, 10s, 1)});
}

TEST_CASE("late() gives the rows that were dropped, with their times and their text") {
  Pipeline pipeline("test");
  auto windows = pipeline.source<Reading>("readings")
                     .key_by(&Reading::sensor)
                     .window(tumbling(10s))
                     .late_rows()
                     .aggregate("window", count());
  windows.sink("results");
  windows.late().sink("late");
  auto harness = testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>, Reading>(
      pipeline.graph(), "window");
  harness.record({"a", 1}, at(1s))
      .watermark(at(10s))
      .record({"a much longer name", 7}, at(2s))
      .record({"b", 8}, at(3s));
  harness.record({"c", 9}, at(11s)).end();
  CHECK(harness.output<0>() ==
        Counts{result<std::int64_t>("a", 0s, 10s, 1), result<std::int64_t>("c", 10s, 20s, 1)});
  CHECK(harness.output<1>() ==
        std::vector<testing::Timed<Reading>>{{{"a much longer name", 7}, at(2s)}, {{"b", 8}, at(3s)}});
  CHECK(harness.metric(kLate) == 2);
}

}  // namespace weir
