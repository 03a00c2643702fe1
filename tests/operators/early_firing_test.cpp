#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Counts = std::vector<Result<std::int64_t>>;

struct Told {
  std::string key;
  std::int32_t kind;
  std::int64_t sum;
};
BOOST_DESCRIBE_STRUCT(Told, (), (key, kind, sum))

struct SumWithPane {
  using Accumulator = std::int64_t;
  std::int32_t lift(const Reading& r) const { return r.value; }
  void add(std::int64_t& sum, std::int32_t value) const { sum += value; }
  void merge(std::int64_t& sum, std::int64_t other) const { sum += other; }
  Told result(std::string_view key, const Window&, WindowPane pane, std::int64_t sum) const {
    return {std::string(key), static_cast<std::int32_t>(pane.kind), sum};
  }
};

Result<std::int64_t> hour(std::string_view key, std::int64_t value) {
  return result<std::int64_t>(key, 0s, 1h, value);
}

}  // namespace

TEST_CASE("Early firing emits keys that have changed since, and the window still fires for all at its end") {
  auto harness = window_harness(tumbling(1h).early_every(10min), count()).in_order();
  harness.watermark(at(0s));
  harness.record({"a", 1}, at(1min)).watermark(at(9min));
  CHECK(harness.output().empty());
  harness.watermark(at(10min));
  CHECK(harness.output() == Counts{hour("a", 1)});
  harness.record({"b", 1}, at(12min)).watermark(at(45min));
  CHECK(harness.output() == Counts{hour("a", 1), hour("b", 1)});
  harness.watermark(at(59min)).end();
  CHECK(harness.output().size() == 4);
}

TEST_CASE("Early firing by processing time waits for the clock") {
  auto harness = window_harness(tumbling(1h).early_every_processing_time(1min), count());
  harness.record({"a", 1}, at(1min)).record({"a", 1}, at(2min)).wall_clock(10s);
  CHECK(harness.output().empty());
  harness.wall_clock(1min);
  CHECK(harness.output() == Counts{hour("a", 2)});
  harness.wall_clock(1h);
  CHECK(harness.output().size() == 1);
  harness.record({"a", 1}, at(3min)).restart().wall_clock(2h);
  CHECK(harness.output() == Counts{hour("a", 2), hour("a", 3)});
}

TEST_CASE("With purging, each firing tells only what came since the last") {
  auto harness =
      window_harness(tumbling(1h).early_every(10min).purging().allowed_lateness(10min), count()).in_order();
  harness.watermark(at(0s)).record({"a", 1}, at(1min)).record({"a", 1}, at(2min)).watermark(at(10min));
  harness.record({"a", 1}, at(11min)).watermark(at(1h)).record({"a", 1}, at(12min));
  CHECK(harness.output() == Counts{hour("a", 2), hour("a", 1), hour("a", 1)});
  harness.watermark(at(2h));
  CHECK(harness.output().size() == 3);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("An aggregate is told which firing a result is for") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .window(tumbling(1h).early_every(10min).allowed_lateness(1h))
      .aggregate("window", SumWithPane{})
      .sink("results");
  auto harness = testing::harness_for<Reading, Told>(pipeline.graph(), "window").in_order();
  harness.watermark(at(0s)).record({"a", 1}, at(1min)).watermark(at(10min)).watermark(at(1h));
  harness.record({"a", 10}, at(2min)).end();
  std::vector<std::int32_t> kinds;
  for (const auto& row : harness.output()) kinds.push_back(row.row.kind);
  CHECK(kinds == std::vector<std::int32_t>{static_cast<std::int32_t>(PaneKind::kEarly),
                                           static_cast<std::int32_t>(PaneKind::kOnTime),
                                           static_cast<std::int32_t>(PaneKind::kLate)});
  CHECK(harness.output().back().row.sum == 11);
}

TEST_CASE("Early firing of a sliding window emits all of a key's windows that have changed, in portions") {
  auto harness = window_harness(sliding(20s, 1ms).early_every(5s), count());
  harness.watermark(at(0s)).record({"a", 1}, at(10s)).watermark(at(5s));
  CHECK(harness.output().size() == 20'000);
}

}  // namespace weir
