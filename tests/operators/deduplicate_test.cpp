#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/deduplicate.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Readings = std::vector<testing::Timed<Reading>>;

template <class Keep>
auto deduplicated(Keep keep) {
  Pipeline pipeline("test");
  auto once = pipeline.source<Reading>("readings").key_by(&Reading::sensor).deduplicate("once", keep);
  once.sink("out");
  once.late().sink("late");
  return testing::harness_for<Reading, Reading, Reading>(pipeline.graph(), "once");
}

}  // namespace

TEST_CASE("Of rows of a key that lie close together the one that comes first passes") {
  auto harness = deduplicated(10s);
  harness.record({"a", 1}, at(20s))
      .record({"a", 2}, at(11s))
      .record({"a", 3}, at(29s))
      .record({"b", 4}, at(20s));
  harness.record({"a", 5}, at(30s)).record({"a", 6}, at(10s));
  CHECK(harness.output() ==
        Readings{{{"a", 6}, at(10s)}, {{"a", 1}, at(20s)}, {{"b", 4}, at(20s)}, {{"a", 5}, at(30s)}});
}

TEST_CASE("A row behind the watermark is judged within the allowed lateness, and otherwise late") {
  auto harness = deduplicated(first_within(10s).allowed_lateness(5s));
  harness.record({"a", 1}, at(20s)).watermark(at(40s));
  harness.record({"a", 2}, at(36s))
      .record({"a", 3}, at(35s))
      .record({"a", 4}, at(45s))
      .end()
      .watermark(at(1h));
  CHECK(harness.output() == Readings{{{"a", 1}, at(20s)}, {{"a", 2}, at(36s)}});
  CHECK(harness.output<1>() == Readings{{{"a", 3}, at(35s)}});
  CHECK(harness.metric("weir_operator_late_records_total") == 1);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("last_within passes the last row of a span at its end") {
  auto harness = deduplicated(last_within(10s));
  harness.record({"a", 3}, at(8s))
      .record({"a", 1}, at(0s))
      .record({"a", 2}, at(5s))
      .record({"a", 4}, at(10s));
  harness.watermark(EventTime{9'998});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{9'999});
  CHECK(harness.output() == Readings{{{"a", 3}, EventTime{9'999}}});
  harness.record({"a", 9}, at(9s)).end();
  CHECK(harness.output() == Readings{{{"a", 3}, EventTime{9'999}}, {{"a", 4}, EventTime{19'999}}});
  CHECK(harness.output<1>() == Readings{{{"a", 9}, at(9s)}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("Deduplication within no time is refused") {
  CHECK_THROWS_WITH(first_within(0ms), Catch::Contains("at least 1 ms"));
  CHECK_THROWS_WITH(last_within(-1ms), Catch::Contains("at least 1 ms"));
}

namespace {

struct Step {
  enum class Kind { kRow, kWatermark, kRestart } kind;
  std::string key;
  std::int32_t value;
  std::int64_t millis;
};

std::vector<Step> random_script(std::mt19937_64& random) {
  std::vector<Step> script;
  const std::int64_t keys = 1 + static_cast<std::int64_t>(random() % 4);
  std::int64_t now = static_cast<std::int64_t>(random() % 60) - 30, watermark = now - 20;
  for (std::int32_t n = 0, steps = 4 + static_cast<std::int32_t>(random() % 16); n < steps; ++n) {
    now += static_cast<std::int64_t>(random() % 8);
    const auto what = random() % 12;
    if (what == 0) script.push_back({Step::Kind::kRestart, "", 0, 0});
    else if (what < 3)
      script.push_back({Step::Kind::kWatermark, "", 0,
                        watermark = std::max(watermark, now - static_cast<std::int64_t>(random() % 20))});
    else
      script.push_back({Step::Kind::kRow,
                        "key " + std::to_string(random() % static_cast<std::uint64_t>(keys)), n,
                        now - static_cast<std::int64_t>(random() % 20)});
  }
  return script;
}

using Rows = std::vector<std::pair<std::int64_t, std::int32_t>>;  // time and value

struct Expected {
  Rows out, late;
};

/// The specification once more: every row against every row that has passed.
Expected first_of(const std::vector<Step>& script, std::int64_t within, std::int64_t lateness) {
  Expected expected;
  std::vector<const Step*> passed;
  std::int64_t watermark = -1'000'000;
  for (const Step& step : script) {
    if (step.kind == Step::Kind::kWatermark) watermark = std::max(watermark, step.millis);
    if (step.kind != Step::Kind::kRow) continue;
    if (step.millis <= watermark - lateness) {
      expected.late.emplace_back(step.millis, step.value);
    } else if (std::none_of(passed.begin(), passed.end(), [&](const Step* other) {
                 return other->key == step.key && std::abs(other->millis - step.millis) < within;
               })) {
      passed.push_back(&step);
      expected.out.emplace_back(step.millis, step.value);
    }
  }
  return expected;
}

/// The same for last_within: what is on time, in order, cut into spans.
Expected last_of(const std::vector<Step>& script, std::int64_t within) {
  Expected expected;
  std::map<std::string, std::vector<const Step*>> by_key;
  std::int64_t watermark = -1'000'000;
  for (const Step& step : script) {
    if (step.kind == Step::Kind::kWatermark) watermark = std::max(watermark, step.millis);
    if (step.kind != Step::Kind::kRow) continue;
    if (step.millis <= watermark) expected.late.emplace_back(step.millis, step.value);
    else by_key[step.key].push_back(&step);
  }
  for (auto& [key, rows] : by_key) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Step* a, const Step* b) { return a->millis < b->millis; });
    for (std::size_t first = 0, next = 0; first < rows.size(); first = next) {
      while (next < rows.size() && rows[next]->millis < rows[first]->millis + within) ++next;
      expected.out.emplace_back(rows[first]->millis + within - 1, rows[next - 1]->value);
    }
  }
  return expected;
}

Rows rows_of(const Readings& readings) {
  Rows rows;
  for (const auto& reading : readings) rows.emplace_back(reading.time.millis, reading.row.value);
  std::sort(rows.begin(), rows.end());
  return rows;
}

template <class Harness>
void check(Harness harness, const std::vector<Step>& script, Expected expected, std::size_t memory) {
  if (memory > 0) harness.memory(memory);
  for (const Step& step : script) {
    if (step.kind == Step::Kind::kRow) harness.record({step.key, step.value}, EventTime{step.millis});
    else if (step.kind == Step::Kind::kWatermark) harness.watermark(EventTime{step.millis});
    else harness.restart();
  }
  harness.end().watermark(at(1000h));  // what has passed is known beyond the end
  std::sort(expected.out.begin(), expected.out.end());
  std::sort(expected.late.begin(), expected.late.end());
  REQUIRE(rows_of(harness.template output<0>()) == expected.out);
  REQUIRE(rows_of(harness.template output<1>()) == expected.late);
  REQUIRE(harness.stored_entries() == 0);
}

}  // namespace

TEST_CASE("Deduplication agrees with a naive model over random disorder, lateness, restarts and memory") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto within = 1 + static_cast<std::int64_t>(random() % 25);
    const auto lateness = random() % 2 ? static_cast<std::int64_t>(random() % 15) : 0;
    const auto script = random_script(random);
    const std::size_t memory = seed % 3 == 0 ? 1 : 0;
    check(deduplicated(first_within(Duration{within}).allowed_lateness(Duration{lateness})), script,
          first_of(script, within, lateness), memory);
    check(deduplicated(last_within(Duration{within})), script, last_of(script, within), memory);
  }
}

}  // namespace weir
