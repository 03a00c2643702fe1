#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

using Sums = std::vector<Result<std::int64_t>>;

auto readings(Pipeline& pipeline) { return pipeline.source<Reading>("readings").key_by(&Reading::sensor); }

template <class Windows>
auto summed(Pipeline& pipeline, Windows windows) {
  windows.aggregate("window", sum(&Reading::value)).sink("results");
  return testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(),
                                                                                     "window");
}

template <class Trigger>
auto triggered(Trigger trigger) {
  Pipeline pipeline("test");
  return summed(pipeline, readings(pipeline).window(global()).trigger(trigger));
}

/// Of a global window: the span of its rows, and the time of what fired it.
Result<std::int64_t> fired(std::string_view key, Duration first, Duration last, std::int64_t value,
                           Duration by) {
  return {{key, at(first), at(last) + 1ms, value}, at(by)};
}

}  // namespace

TEST_CASE("A global window fires every so many rows, and goes on") {
  auto harness = triggered(every_count(2));
  harness.record({"a", 1}, at(1s)).record({"b", 1}, at(1s)).record({"a", 2}, at(5s)).record({"a", 4}, at(2s));
  harness.record({"a", 8}, at(3s)).end();
  CHECK(harness.output() == Sums{fired("a", 1s, 5s, 15, 3s), fired("a", 1s, 5s, 3, 5s)});
}

TEST_CASE("A purging trigger empties its window, and nothing is kept") {
  auto harness = triggered(purging(every_count(2)));
  harness.record({"a", 1}, at(1s))
      .record({"a", 2}, at(5s))
      .record({"a", 4}, at(2s))
      .record({"a", 8}, at(3s))
      .end();
  CHECK(harness.output() == Sums{fired("a", 2s, 3s, 12, 3s), fired("a", 1s, 5s, 3, 5s)});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("event_time_every fires as the watermark passes multiples, for what has changed") {
  auto harness = triggered(event_time_every(10s));
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(4s)).watermark(at(9s));
  CHECK(harness.output().empty());
  harness.watermark(at(10s));
  CHECK(harness.output() == Sums{fired("a", 1s, 4s, 3, 10s)});
  harness.watermark(at(40s));
  CHECK(harness.output().size() == 1);
  harness.record({"a", 4}, at(3s)).end();
  CHECK(harness.output() == Sums{fired("a", 1s, 4s, 3, 10s), fired("a", 1s, 4s, 7, 50s)});
}

TEST_CASE("processing_time_every fires by the wall clock, and at the end of the input") {
  auto harness = triggered(processing_time_every(10s));
  // The clock begins 20 s after a multiple of ten seconds: with one.
  harness.record({"a", 1}, at(1s)).wall_clock(9s).record({"a", 2}, at(4s));
  CHECK(harness.output().empty());
  harness.wall_clock(10s);
  CHECK(harness.output() == Sums{fired("a", 1s, 4s, 3, 4s)});
  harness.wall_clock(30s).record({"a", 4}, at(2s)).end();
  CHECK(harness.output() == Sums{fired("a", 1s, 4s, 3, 4s), fired("a", 1s, 4s, 7, 4s)});
}

TEST_CASE("delta fires when a row is far from the one that fired last") {
  const auto rise = [](const Reading& last, const Reading& reading) {
    return double(reading.value - last.value);
  };
  auto harness = triggered(purging(delta(5, rise)));
  for (const int value : {10, 12, 15, 16, 20, 21, 22})
    harness.record({"a", value}, at(std::chrono::seconds(value)));
  harness.end();
  CHECK(harness.output() == Sums{fired("a", 10s, 16s, 53, 16s), fired("a", 20s, 22s, 63, 22s)});
}

namespace {

struct Remembered {
  bool open = false;
  std::int32_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(Remembered, (), (open, rows))

/// Fires a second after a key's first row, or at a row of 99, and purges at a row of 0.
struct Custom {
  using State = Remembered;
  using Context = TriggerContext<State>;
  TriggerResult on_row(const Reading& reading, EventTime time, const Window&, Context& context) const {
    if (!std::exchange(context.state().open, true)) context.set_timer(time + 1s);
    ++context.state().rows;
    if (reading.value == 0) {
      context.state() = {};
      context.remove_timer(time + 1s);
      return TriggerResult::kPurge;
    }
    return reading.value == 99 ? TriggerResult::kFire : TriggerResult::kContinue;
  }
  TriggerResult on_event_time(EventTime, const Window&, Context& context) const {
    const bool many = context.state().rows > 1;
    context.state() = {};
    return many ? TriggerResult::kFireAndPurge : TriggerResult::kPurge;
  }
  TriggerResult on_processing_time(EventTime, const Window&, Context&) const {
    return TriggerResult::kContinue;
  }
  void clear(const Window&, Context&) const {}
};

}  // namespace

TEST_CASE("A trigger of one's own has state and timers by key and window") {
  auto harness = triggered(Custom{});
  harness.record({"a", 1}, at(0s)).record({"a", 2}, at(0s)).record({"b", 4}, at(0s)).watermark(at(1s));
  harness.record({"c", 1}, at(2s)).record({"c", 99}, at(2s)).record({"c", 0}, at(2s)).watermark(at(9s));
  CHECK(harness.output() == Sums{fired("a", 0s, 0s, 3, 1s), fired("c", 2s, 2s, 100, 2s)});
  CHECK(harness.stored_entries() == 0);
}

namespace {

/// Windows of the length that a row says, from the full second before it.
struct AsLongAsSaid {
  std::vector<Window> operator()(EventTime time, const Reading& reading) const {
    const EventTime start{time.millis / 1000 * 1000};
    std::vector<Window> windows;
    for (std::int32_t n = 1; n <= reading.value; ++n)
      windows.push_back({start, start + std::chrono::seconds(n)});
    return windows;
  }
};

struct Firing {
  std::string_view sensor;
  EventTime end;
  std::int64_t rows;
  std::string_view kind;
};
BOOST_DESCRIBE_STRUCT(Firing, (), (sensor, end, rows, kind))

const auto firing = [](std::string_view sensor, const Window& window, WindowPane pane,
                       const WindowRows<Reading>& rows, auto&& collect) {
  collect(Firing{sensor, window.end, static_cast<std::int64_t>(rows.size()),
                 pane.kind == PaneKind::kEarly    ? "early"
                 : pane.kind == PaneKind::kOnTime ? "on time"
                                                  : "late"});
};
using Firings = std::vector<testing::Timed<Firing>>;

}  // namespace

TEST_CASE("An assigner of one's own gives rows their windows, with lateness and late rows") {
  Pipeline pipeline("test");
  auto firings =
      readings(pipeline).window(AsLongAsSaid{}).allowed_lateness(1s).process<Firing>("window", firing);
  firings.sink("results");
  firings.late().sink("late");
  auto harness = testing::harness_for<Reading, Firing, Reading>(pipeline.graph(), "window");
  harness.record({"a", 2}, at(500ms)).record({"a", 1}, at(700ms)).record({"a", 0}, at(0s)).watermark(at(1s));
  harness.record({"a", 2}, at(600ms));  // late for [0, 1 s), on time for [0, 2 s)
  harness.watermark(at(2s)).record({"a", 1}, at(800ms)).record({"a", 2}, at(800ms)).end();
  CHECK(harness.output<0>() == Firings{{{"a", at(1s), 2, "on time"}, EventTime{999}},
                                       {{"a", at(1s), 3, "late"}, EventTime{999}},
                                       {{"a", at(2s), 2, "on time"}, EventTime{1999}},
                                       {{"a", at(2s), 3, "late"}, EventTime{1999}}});
  CHECK(harness.output<1>() == std::vector<testing::Timed<Reading>>{{{"a", 1}, at(800ms)}});
  CHECK(harness.metric("weir_operator_late_records_total") == 1);
  harness.watermark(at(1h));
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("Assigned windows may fire early by a trigger, and on time") {
  Pipeline pipeline("test");
  const auto half_minute = [](EventTime time, const Reading&) {
    const EventTime start{time.millis / 30'000 * 30'000};
    return Window{start, start + 30s};
  };
  readings(pipeline)
      .window(half_minute)
      .trigger(event_time_every(10s))
      .process<Firing>("window", firing)
      .sink("results");
  auto harness = testing::harness_for<Reading, Firing>(pipeline.graph(), "window");
  harness.record({"a", 1}, at(1s))
      .watermark(at(10s))
      .record({"a", 1}, at(11s))
      .record({"a", 1}, at(25s))
      .end();
  CHECK(harness.output() == Firings{{{"a", at(30s), 1, "early"}, EventTime{29'999}},
                                    {{"a", at(30s), 3, "early"}, EventTime{29'999}},
                                    {{"a", at(30s), 3, "on time"}, EventTime{29'999}}});
}

TEST_CASE("A window that ends before it begins fails the job") {
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).window([](EventTime time, const Reading&) {
    return Window{time, time};
  }));
  harness.record({"a", 1}, at(1s));
  CHECK_THROWS_WITH(harness.output(), Catch::Contains("a window ends after it begins"));
}

TEST_CASE("Windows of the wall clock fire when it reaches their end, and at the end of the input") {
  const EventTime begin = testing::kWallClockBegins;  // a multiple of ten seconds
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).window(tumbling_processing_time(10s)));
  harness.record({"a", 1}, at(99s)).wall_clock(9'999ms).record({"a", 2}, at(0s)).watermark(at(1h));
  CHECK(harness.output().empty());
  harness.wall_clock(10s).record({"a", 4}, at(0s));
  CHECK(harness.output() == Sums{{{"a", begin, begin + 10s, 3}, begin + 9'999ms}});
  harness.end();
  CHECK(harness.output() == Sums{{{"a", begin, begin + 10s, 3}, begin + 9'999ms},
                                 {{"a", begin + 10s, begin + 20s, 4}, begin + 19'999ms}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("Sliding windows of the wall clock hold a row several times") {
  const EventTime begin = testing::kWallClockBegins;
  Pipeline pipeline("test");
  auto harness = summed(pipeline, readings(pipeline).window(sliding_processing_time(10s, 5s)));
  harness.record({"a", 1}, at(0s)).wall_clock(5s).record({"a", 2}, at(0s)).wall_clock(1h);
  CHECK(harness.output() == Sums{{{"a", begin - 5s, begin + 5s, 1}, begin + 4'999ms},
                                 {{"a", begin, begin + 10s, 3}, begin + 9'999ms},
                                 {{"a", begin + 5s, begin + 15s, 2}, begin + 14'999ms}});
}

TEST_CASE("Evictors before the function decide what it sees, and what stays") {
  Pipeline pipeline("test");
  auto last = readings(pipeline).window(global()).trigger(every_count(1)).evict(keep_last(2));
  auto harness = summed(pipeline, last);
  for (const int value : {1, 2, 4, 8}) harness.record({"a", value}, at(std::chrono::seconds(value)));
  harness.end();
  CHECK(harness.output() == Sums{fired("a", 1s, 1s, 1, 1s), fired("a", 1s, 2s, 3, 2s),
                                 fired("a", 2s, 4s, 6, 4s), fired("a", 4s, 8s, 12, 8s)});
}

TEST_CASE("Evictors after the function decide what stays for the next time") {
  Pipeline pipeline("test");
  auto harness = summed(
      pipeline, readings(pipeline).window(global()).trigger(every_count(2)).evict_after(keep_latest(3s)));
  for (const int value : {1, 5, 6, 7, 9, 9}) harness.record({"a", value}, at(std::chrono::seconds(value)));
  harness.end();
  CHECK(harness.output() ==
        Sums{fired("a", 1s, 5s, 6, 5s), fired("a", 5s, 7s, 18, 7s), fired("a", 5s, 9s, 36, 9s)});
}

TEST_CASE("keep_within goes by the distance from the last row; what an evictor leaves empty is forgotten") {
  Pipeline pipeline("test");
  const auto apart = [](const Reading& reading, const Reading& last) {
    return std::abs(reading.value - last.value);
  };
  auto windows = readings(pipeline).window(global()).trigger(every_count(2));
  windows.evict(keep_within(5, apart)).aggregate("window", sum(&Reading::value)).sink("results");
  windows.evict_after(keep_last(0)).aggregate("emptied", sum(&Reading::value)).sink("emptied out");
  auto harness =
      testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(), "window");
  for (const int value : {1, 7, 9, 30}) harness.record({"a", value}, at(1s));
  CHECK(harness.output() == Sums{fired("a", 1s, 1s, 30, 1s), fired("a", 1s, 1s, 7, 1s)});
  auto emptied = testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(),
                                                                                             "emptied");
  emptied.record({"a", 1}, at(1s)).record({"a", 2}, at(1s));
  CHECK(emptied.output() == Sums{fired("a", 1s, 1s, 3, 1s)});
  CHECK(emptied.stored_entries() == 0);
}

TEST_CASE("Impossible triggers and windows of the wall clock are usage errors") {
  CHECK_THROWS_AS(every_count(0), FailJob);
  CHECK_THROWS_AS(event_time_every(0ms), FailJob);
  CHECK_THROWS_AS(processing_time_every(-1ms), FailJob);
  CHECK_THROWS_AS(tumbling_processing_time(0ms), FailJob);
  CHECK_THROWS_AS(sliding_processing_time(1s, 0ms), FailJob);
}

}  // namespace weir
