#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

using Sums = std::vector<Result<std::int64_t>>;
using Counts = Sums;

template <class Windows>
auto counted(Windows windows) {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .window(windows)
      .aggregate("window", count())
      .sink("results");
  return testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(),
                                                                                     "window");
}

}  // namespace

TEST_CASE("A session ends a gap after its last row") {
  auto harness = counted(session(10s));
  harness.record({"a", 1}, at(1s))
      .record({"b", 1}, at(2s))
      .record({"a", 1}, at(9s))
      .record({"a", 1}, at(30s));
  harness.watermark(EventTime{18'998});
  CHECK(harness.output() == Counts{result<std::int64_t>("b", 2s, 12s, 1)});
  harness.watermark(EventTime{18'999});
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("b", 2s, 12s, 1), result<std::int64_t>("a", 1s, 19s, 2)});
  harness.end();
  CHECK(harness.output().back() == result<std::int64_t>("a", 30s, 40s, 1));
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A row between two sessions makes one of them; sessions that touch are one") {
  auto harness = counted(session(10s));
  harness.record({"a", 1}, at(0s)).record({"a", 1}, at(15s)).record({"a", 1}, at(7s));
  harness.record({"b", 1}, at(0s))
      .record({"b", 1}, at(10s))
      .record({"c", 1}, at(0s))
      .record({"c", 1}, EventTime{10'001});
  harness.end();
  CHECK(harness.output() == Counts{result<std::int64_t>("c", 0s, 10s, 1),
                                   result<std::int64_t>("b", 0s, 20s, 2),
                                   {{"c", EventTime{10'001}, EventTime{20'001}, 1}, at(20s)},
                                   result<std::int64_t>("a", 0s, 25s, 3)});
}

TEST_CASE("A late row fires its session again, also one that it makes longer") {
  auto harness = counted(session(10s).allowed_lateness(20s));
  harness.record({"a", 1}, at(0s)).watermark(at(12s));
  harness.record({"a", 1}, at(1s));  // the end, 11 s, has passed
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", 0s, 10s, 1), result<std::int64_t>("a", 0s, 11s, 2)});
  harness.record({"a", 1}, at(8s));
  CHECK(harness.output().size() == 2);  // has not passed
  harness.watermark(at(18s));
  CHECK(harness.output().back() == result<std::int64_t>("a", 0s, 18s, 3));
  CHECK(harness.metric("weir_operator_late_records_total") == 0);
}

TEST_CASE("A late row that joins a fired session and an open one fires the whole when its end comes") {
  auto harness = counted(session(10s).allowed_lateness(20s));
  harness.record({"a", 1}, at(0s)).record({"a", 1}, at(14s)).watermark(at(12s)).record({"a", 1}, at(6s));
  CHECK(harness.output() == Counts{result<std::int64_t>("a", 0s, 10s, 1)});
  harness.end();
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", 0s, 10s, 1), result<std::int64_t>("a", 0s, 24s, 3)});
}

TEST_CASE("A row is too late when its session is forgotten, but not where it reaches one that is kept") {
  Pipeline pipeline("test");
  auto counts = pipeline.source<Reading>("readings")
                    .key_by(&Reading::sensor)
                    .window(session(10s))
                    .late_rows()
                    .aggregate("window", count());
  counts.sink("results");
  counts.late().sink("late");
  auto harness = testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>, Reading>(
      pipeline.graph(), "window");
  harness.record({"a", 1}, at(20s)).watermark(at(25s));
  harness.record({"a", 2}, at(12s)).record({"a", 3}, at(1s)).record({"b", 4}, at(12s)).end();
  CHECK(harness.output<0>() == Counts{result<std::int64_t>("a", 12s, 30s, 2)});
  CHECK(harness.output<1>() == std::vector<testing::Timed<Reading>>{{{"a", 3}, at(1s)}, {{"b", 4}, at(12s)}});
  CHECK(harness.metric("weir_operator_late_records_total") == 2);
}

TEST_CASE("Each row may bring its own gap") {
  auto harness = counted(session([](const Reading& reading) { return std::chrono::seconds(reading.value); }));
  harness.record({"a", 30}, at(0s))
      .record({"a", 1}, at(20s))
      .record({"b", 2}, at(0s))
      .record({"b", 2}, at(5s))
      .end();
  CHECK(harness.output() == Counts{result<std::int64_t>("b", 0s, 2s, 1), result<std::int64_t>("b", 5s, 7s, 1),
                                   result<std::int64_t>("a", 0s, 30s, 2)});
}

TEST_CASE("Rows with gaps of their own may be late, too") {
  Pipeline pipeline("test");
  auto counts =
      pipeline.source<Reading>("readings")
          .key_by(&Reading::sensor)
          .window(session([](const Reading& reading) { return std::chrono::seconds(reading.value); }))
          .late_rows()
          .aggregate("window", count());
  counts.sink("results");
  counts.late().sink("late");
  auto harness = testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>, Reading>(
      pipeline.graph(), "window");
  harness.record({"a", 2}, at(9s)).watermark(at(10s)).record({"a", 1}, at(5s)).record({"a", 4}, at(5s)).end();
  CHECK(harness.output<0>() == Counts{result<std::int64_t>("a", 5s, 11s, 2)});
  CHECK(harness.output<1>() == std::vector<testing::Timed<Reading>>{{{"a", 1}, at(5s)}});
}

TEST_CASE("A gap by row that is not one fails the job") {
  auto harness = counted(session([](const Reading&) { return 0ms; }));
  harness.record({"a", 1}, at(1s));
  CHECK_THROWS_WITH(harness.output(), Catch::Contains("a gap of at least 1 ms"));
}

TEST_CASE("A session of limited length ends there, and another begins") {
  auto harness = counted(session(10s).at_most(25s));
  for (const auto time : {0s, 8s, 16s, 24s, 25s, 32s}) harness.record({"a", 1}, at(time));
  harness.end();
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", 0s, 25s, 4), result<std::int64_t>("a", 25s, 42s, 2)});
}

TEST_CASE("Sessions by processing time end by the wall clock, and at the end of the input") {
  auto harness = counted(session_processing_time(10s));
  const EventTime begin = testing::kWallClockBegins;
  harness.record({"a", 1}, at(99s))
      .wall_clock(6s)
      .record({"a", 1}, at(0s))
      .watermark(at(1h))
      .wall_clock(15'999ms);
  CHECK(harness.output().empty());
  harness.wall_clock(16s);
  CHECK(harness.output() == Counts{{{"a", begin, begin + 16s, 2}, EventTime{begin.millis + 15'999}}});
  harness.record({"a", 1}, at(0s)).end();
  CHECK(harness.output().size() == 2);
  CHECK(harness.stored_entries() == 0);
}

namespace {

struct Span {
  std::string_view sensor;
  std::string_view values;
  bool late;
};
BOOST_DESCRIBE_STRUCT(Span, (), (sensor, values, late))

}  // namespace

TEST_CASE("A session's rows are given to a function, or reduced") {
  Pipeline pipeline("test");
  auto sessions =
      pipeline.source<Reading>("readings").key_by(&Reading::sensor).window(session(10s).allowed_lateness(1h));
  sessions
      .process<Span>("spans",
                     [](std::string_view sensor, const Window&, WindowPane pane,
                        const WindowRows<Reading>& rows, auto&& collect) {
                       std::string values;
                       for (const Reading& reading : rows) values += std::to_string(reading.value) + " ";
                       collect(Span{sensor, values, pane.kind == PaneKind::kLate});
                     })
      .sink("spans out");
  sessions.reduce("largest", &Reading::value, [](int a, int b) { return std::max(a, b); })
      .sink("largest out");
  auto spans = testing::harness_for<Reading, Span>(pipeline.graph(), "spans");
  spans.record({"a", 3}, at(0s)).record({"a", 1}, at(14s)).record({"a", 2}, at(8s)).watermark(at(1min));
  spans.record({"a", 4}, at(2s));
  CHECK(spans.output() == std::vector<testing::Timed<Span>>{{{"a", "3 1 2 ", false}, EventTime{23'999}},
                                                            {{"a", "3 1 2 4 ", true}, EventTime{23'999}}});
  auto largest = testing::harness_for<Reading, WindowResult<std::string_view, std::int32_t>>(pipeline.graph(),
                                                                                             "largest");
  largest.record({"a", 3}, at(0s)).record({"a", 7}, at(4s)).record({"a", 5}, at(5s)).end();
  CHECK(largest.output() == std::vector<Result<std::int32_t>>{result<std::int32_t>("a", 0s, 15s, 7)});
}

TEST_CASE("An evictor says which rows of a session count") {
  Pipeline pipeline("test");
  auto readings = pipeline.source<Reading>("readings").key_by(&Reading::sensor);
  readings.window(session(10s)).evict(keep_last(2)).aggregate("window", sum(&Reading::value)).sink("results");
  auto harness =
      testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(), "window");
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(2s)).record({"a", 3}, at(3s)).end();
  CHECK(harness.output() == Sums{result<std::int64_t>("a", 1s, 13s, 5)});
}

TEST_CASE("A session without a gap is a usage error") {
  CHECK_THROWS_AS(session(0s), FailJob);
  CHECK_THROWS_AS(session(1s).allowed_lateness(-1ms), FailJob);
  CHECK_THROWS_AS(session(1s).at_most(0ms), FailJob);
}

}  // namespace weir
