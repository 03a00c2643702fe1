#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Counts = std::vector<Result<std::int64_t>>;

Result<std::int64_t> counted(std::string_view key, Duration start, Duration end, std::int64_t n) {
  return result<std::int64_t>(key, start, end, n);
}

}  // namespace

TEST_CASE("A sliding window emits what is in each of its windows, though each row is kept once") {
  auto harness = window_harness(sliding(10s, 5s), count());
  harness.record({"a", 1}, at(1s))
      .record({"a", 1}, at(6s))
      .record({"b", 1}, at(7s))
      .record({"a", 1}, at(12s));
  harness.watermark(at(5s));
  CHECK(harness.output() == Counts{counted("a", -5s, 5s, 1)});
  CHECK(harness.stored_entries() == 4);
  harness.end();
  CHECK(harness.output() == Counts{counted("a", -5s, 5s, 1), counted("a", 0s, 10s, 2),
                                   counted("b", 0s, 10s, 1), counted("a", 5s, 15s, 2),
                                   counted("b", 5s, 15s, 1), counted("a", 10s, 20s, 1)});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A sliding window's slices are cut at its starts and at its ends") {
  const WindowPlan plan = sliding(7s, 3s).plan();
  CHECK(plan.slice_of(at(0s)) == Window{at(0s), at(1s)});
  CHECK(plan.slice_of(at(2s)) == Window{at(1s), at(3s)});
  CHECK(plan.first_end({at(0s), at(1s)}) == at(1s));
  CHECK(plan.last_end({at(0s), at(1s)}) == at(7s));
  CHECK(plan.first_end({at(1s), at(3s)}) == at(4s));
  CHECK(plan.last_end({at(1s), at(3s)}) == at(7s));
  CHECK(plan.next_end(at(4s)) == at(7s));
  CHECK(plan.start_of(at(7s)) == at(0s));
}

TEST_CASE("With a slide larger than the size, rows between windows are passed over and not late") {
  auto harness = window_harness(sliding(2s, 5s), count());
  harness.record({"a", 1}, at(1s)).record({"a", 1}, at(3s)).record({"a", 1}, at(6s)).end();
  CHECK(harness.output() == Counts{counted("a", 0s, 2s, 1), counted("a", 5s, 7s, 1)});
  CHECK(harness.metric("weir_operator_late_records_total") == 0);
}

TEST_CASE("A row that is late for some windows of a sliding window is counted in the others") {
  auto harness = window_harness(sliding(10s, 5s), count());
  harness.record({"a", 1}, at(6s)).watermark(at(10s)).record({"a", 1}, at(7s)).record({"a", 1}, at(1s)).end();
  CHECK(harness.output() == Counts{counted("a", 0s, 10s, 1), counted("a", 5s, 15s, 2)});
  CHECK(harness.metric("weir_operator_late_records_total") == 1);
}

TEST_CASE("A late row fires again every window that it changes and that may still fire") {
  auto harness = window_harness(sliding(10s, 5s).allowed_lateness(5s), max(&Reading::value)).in_order();
  using Max = std::vector<Result<std::int32_t>>;
  harness.record({"a", 3}, at(8s)).watermark(EventTime{14'998}).record({"a", 7}, at(6s));
  CHECK(harness.output() ==
        Max{result<std::int32_t>("a", 0s, 10s, 3), result<std::int32_t>("a", 0s, 10s, 7)});
  harness.watermark(EventTime{14'999}).record({"a", 9}, at(6s)).end();
  CHECK(harness.output() == Max{result<std::int32_t>("a", 0s, 10s, 3), result<std::int32_t>("a", 0s, 10s, 7),
                                result<std::int32_t>("a", 5s, 15s, 7),
                                result<std::int32_t>("a", 5s, 15s, 9)});
}

TEST_CASE("A sliding window jumps over times without rows") {
  auto harness = window_harness(sliding(10min, 1ms), count());
  harness.record({"a", 1}, at(0s)).watermark(at(1ms)).record({"a", 1}, at(24h * 365 * 50));
  harness.watermark(at(24h * 365 * 50));
  CHECK(harness.output().size() == 600'001);
}

TEST_CASE("Keys that leave a sliding window leave its totals, and may come back") {
  auto harness = window_harness(sliding(2s, 1s), count());
  for (int second = 0; second < 100; ++second) {
    const std::string key = "key " + std::to_string(second % 50);
    harness.record({key, 1}, at(second * 1s)).watermark(at(second * 1s));
  }
  harness.end();
  REQUIRE(harness.output().size() == 200);
  for (const auto& row : harness.output()) CHECK(row.row.value == 1);
}

TEST_CASE("A cumulative window shows how a larger one fills") {
  auto harness = window_harness(cumulative(30s, 10s), sum(&Reading::value));
  harness.record({"a", 1}, at(1s)).record({"a", 10}, at(11s)).record({"a", 100}, at(35s)).end();
  CHECK(harness.output() == Counts{counted("a", 0s, 10s, 1), counted("a", 0s, 20s, 11),
                                   counted("a", 0s, 30s, 11), counted("a", 30s, 40s, 100),
                                   counted("a", 30s, 50s, 100), counted("a", 30s, 60s, 100)});
}

TEST_CASE("Windows that cannot be are refused") {
  CHECK_THROWS_AS(sliding(10s, 0s), FailJob);
  CHECK_THROWS_AS(sliding(0s, 1s), FailJob);
  CHECK_THROWS_WITH(cumulative(25s, 10s), Catch::Contains("multiple of its step"));
  CHECK_THROWS_AS(tumbling(1s).early_every(0s), FailJob);
  CHECK_THROWS_AS(tumbling(1s).early_every_processing_time(-1s), FailJob);
}

}  // namespace weir
