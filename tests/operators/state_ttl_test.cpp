#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/process.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Report {
  std::string_view sensor;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Report, (), (sensor, text))

using Reports = std::vector<testing::Timed<Report>>;
using Harness = testing::OperatorHarness<Reading, Report>;

struct Larger {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const { return std::max(a, b); }
};

/// Keeps every reading in a state of each kind; a reading of -1 asks what there is, -2 looks at the value only, -3 asks in ten seconds.
struct AllKinds {
  explicit AllKinds(StateTtl ttl)
      : value("value", ttl),
        row("row", ttl),
        list("list", ttl),
        map("map", ttl),
        largest("largest", Larger(), ttl),
        count("count", weir::count(), ttl) {}

  ValueState<std::int64_t> value;
  ValueState<Reading> row;
  ListState<Reading> list;
  MapState<std::int32_t, Reading> map;
  ReducingState<std::int64_t, Larger> largest;
  AggregatingState<decltype(weir::count())> count;
  auto states() { return std::tie(value, row, list, map, largest, count); }
  using Context = KeyedContext<std::string_view, Report>;

  void process(const Reading& reading, Context& context) {
    if (reading.value == -1) return report(context);
    if (reading.value == -2) return static_cast<void>(value.get());
    if (reading.value == -3) return context.set_timer(context.time() + 10s);
    value.edit() += reading.value;
    row.set(reading);
    list.add(reading, context.time());
    map.put(reading.value, reading);
    largest.add(reading.value);
    count.add(reading);
  }
  void on_timer(EventTime, Context& context) { report(context); }

  void report(Context& context) {
    std::string text = value.get() ? std::to_string(*value.get()) : "-";
    text += row.get() ? " " + std::string(row.get()->sensor) : " -";
    text += " [";
    list.for_each([&](const Reading& reading, EventTime) { text += std::to_string(reading.value) + ","; });
    text += "] {";
    map.for_each([&](std::int32_t n, const Reading& reading) {
      text += std::to_string(n) + ":" + std::string(reading.sensor) + ",";
    });
    text += "} " + (largest.get() ? std::to_string(*largest.get()) : "-");
    text += " " + (count.get() ? std::to_string(count.result()) : "-");
    CHECK(list.size() == map.size());
    CHECK(list.empty() == map.empty());
    context.emit({context.key(), context.arena().copy(text)});
  }
};

Harness keeping(StateTtl ttl, bool evicting) {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .process<Report>("kinds", AllKinds(ttl))
      .sink("reports");
  auto harness = testing::harness_for<Reading, Report>(pipeline.graph(), "kinds");
  if (evicting) harness.memory(1);
  return harness;
}

constexpr const char* kNothing = "- - [] {} - -";

}  // namespace

TEST_CASE("State of every kind is gone when it was not written for its time to live") {
  auto harness = keeping(expire_after(60s), GENERATE(false, true));
  harness.record({"a", 5}, at(1s)).wall_clock(30s).record({"a", 7}, at(2s)).record({"a", -1}, at(3s));
  // The first row and its entry of the map were written at 0 s; values and accumulators again at 30 s.
  harness.wall_clock(60s - 1ms).record({"a", -1}, at(4s));
  harness.wall_clock(60s).record({"a", -1}, at(5s)).record({"b", -1}, at(5s));
  harness.wall_clock(90s - 1ms).record({"a", -1}, at(6s));
  harness.wall_clock(90s).record({"a", -1}, at(7s)).record({"a", 3}, at(8s)).record({"a", -1}, at(9s));
  CHECK(harness.output() == Reports{{{"a", "12 a [5,7,] {5:a,7:a,} 7 2"}, at(3s)},
                                    {{"a", "12 a [5,7,] {5:a,7:a,} 7 2"}, at(4s)},
                                    {{"a", "12 a [7,] {7:a,} 7 2"}, at(5s)},
                                    {{"b", kNothing}, at(5s)},
                                    {{"a", "12 a [7,] {7:a,} 7 2"}, at(6s)},
                                    {{"a", kNothing}, at(7s)},
                                    {{"a", "3 a [3,] {3:a,} 3 1"}, at(9s)}});
}

TEST_CASE("Reading refreshes what was read where it is told to, and nothing else") {
  auto harness = keeping(expire_after(60s).refreshed_by_reads(), GENERATE(false, true));
  harness.record({"a", 5}, at(1s)).record({"b", 6}, at(1s)).wall_clock(50s);
  harness.record({"a", -1}, at(2s)).record({"b", -2}, at(2s)).wall_clock(100s);
  harness.record({"a", -1}, at(3s)).record({"b", -1}, at(3s)).wall_clock(160s).record({"a", -1}, at(4s));
  CHECK(harness.output() == Reports{{{"a", "5 a [5,] {5:a,} 5 1"}, at(2s)},
                                    {{"a", "5 a [5,] {5:a,} 5 1"}, at(3s)},
                                    {{"b", "6 - [] {} - -"}, at(3s)},
                                    {{"a", kNothing}, at(4s)}});
}

TEST_CASE("By event time state lives from its row's time on, until the watermark says otherwise") {
  auto harness = keeping(expire_after(60s).by_event_time(), GENERATE(false, true));
  harness.record({"a", 5}, at(100s)).wall_clock(24h).record({"a", -1}, at(101s));
  harness.watermark(at(160s) - 1ms).record({"a", -1}, at(500s));  // rows may be ahead: the watermark counts
  harness.watermark(at(160s)).record({"a", -1}, at(161s));
  harness.record({"late", 9}, at(7s)).watermark(at(220s) - 1ms).record({"late", -1}, at(221s));
  harness.watermark(at(220s)).record({"late", -1}, at(222s));
  CHECK(harness.output() == Reports{{{"a", "5 a [5,] {5:a,} 5 1"}, at(101s)},
                                    {{"a", kNothing}, at(161s)},
                                    {{"late", "9 late [9,] {9:late,} 9 1"}, at(221s)},
                                    {{"late", kNothing}, at(222s)},
                                    {{"a", "5 a [5,] {5:a,} 5 1"}, at(500s)}});
}

TEST_CASE("A timer sees what lived at its time, however far the watermark jumps") {
  auto harness = keeping(expire_after(15s).by_event_time(), GENERATE(false, true));
  harness.record({"a", 5}, at(100s)).record({"a", -3}, at(100s));  // asks at 110 s: 5 s before its end
  harness.record({"b", 6}, at(100s)).record({"b", -3}, at(108s));  // asks at 118 s: 3 s after it
  harness.watermark(at(1h)).record({"a", -1}, at(1h));
  CHECK(harness.output() == Reports{{{"a", "5 a [5,] {5:a,} 5 1"}, at(110s)},
                                    {{"b", kNothing}, at(118s)},
                                    {{"a", kNothing}, at(1h)}});
}

TEST_CASE("The end of the input is no time that passes") {
  auto harness = keeping(expire_after(15s).by_event_time(), false);
  harness.record({"a", 5}, at(100s)).record({"a", -3}, at(100s)).end();
  CHECK(harness.output() == Reports{{{"a", "5 a [5,] {5:a,} 5 1"}, at(110s)}});
  CHECK(harness.stored_entries() == 6);
}

TEST_CASE("What nobody asks for any more is removed, from memory and from what is stored") {
  const bool evicting = GENERATE(false, true), by_event_time = GENERATE(false, true),
             restart = GENERATE(false, true);
  CAPTURE(evicting, by_event_time, restart);
  auto harness = keeping(by_event_time ? expire_after(80s).by_event_time() : expire_after(80s), evicting);
  const auto pass_time = [&](Duration now) {
    if (by_event_time) harness.watermark(at(now));
    harness.wall_clock(now);
  };
  std::vector<std::string> names;
  for (int n = 0; n < 200; ++n) names.push_back("sensor " + std::to_string(n));
  for (const std::string& name : names) harness.record({name, 1}, at(0s)).record({name, 2}, at(0s));
  pass_time(79s);
  CHECK(harness.stored_entries() >= 200 * 7);
  if (restart) harness.restart();
  // An eighth of the time to live later at the latest, and however long a sweep takes.
  for (Duration later = 80s; later < 91s; later += 50ms) pass_time(later);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A state cannot expire at once") {
  CHECK_THROWS_AS(expire_after(0s), FailJob);
  CHECK_NOTHROW(expire_after(1ms));
}

}  // namespace weir
