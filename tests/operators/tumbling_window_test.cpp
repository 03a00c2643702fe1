#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Counts = std::vector<Result<std::int64_t>>;

struct Route {
  std::string_view from;
  std::string_view to;
  friend bool operator==(const Route&, const Route&) = default;
};
BOOST_DESCRIBE_STRUCT(Route, (), (from, to))

}  // namespace

TEST_CASE("A tumbling window emits once a key when the watermark reaches its last millisecond") {
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, at(1s)).record({"b", 1}, at(4s)).record({"a", 1}, at(9s));
  harness.watermark(EventTime{9'998});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{9'999});
  const Counts expected{result<std::int64_t>("a", 0s, 10s, 2), result<std::int64_t>("b", 0s, 10s, 1)};
  CHECK(harness.output() == expected);
  harness.watermark(at(30s)).end();
  CHECK(harness.output() == expected);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A tumbling window contains its start and not its end") {
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, at(0s)).record({"a", 1}, EventTime{9'999}).record({"a", 1}, at(10s)).end();
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", 0s, 10s, 2), result<std::int64_t>("a", 10s, 20s, 1)});
}

TEST_CASE("A tumbling window begins below the time, also before 1970") {
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, EventTime{-1})
      .record({"a", 1}, at(-10s))
      .record({"a", 1}, EventTime{-10'001})
      .end();
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", -20s, -10s, 1), result<std::int64_t>("a", -10s, 0s, 2)});
}

TEST_CASE("An offset moves the windows' boundaries") {
  const auto windows = tumbling(10s).offset(3s);
  CHECK(windows.window_of(at(2s)) == Window{at(-7s), at(3s)});
  CHECK(windows.window_of(at(3s)) == Window{at(3s), at(13s)});
  CHECK(windows.window_of(at(13s)) == Window{at(13s), at(23s)});
  CHECK(windows.window_of(at(-8s)) == Window{at(-17s), at(-7s)});
  CHECK(tumbling(10s).offset(-7s).window_of(at(2s)) == windows.window_of(at(2s)));
  CHECK(tumbling(10s).offset(23s).window_of(at(2s)) == windows.window_of(at(2s)));
}

TEST_CASE("At the ends of time a window is cut short and does not wrap around") {
  const auto first = tumbling(10s).window_of(EventTime::min());
  CHECK(first.start == EventTime::min());
  CHECK(first.end > first.start);
  const auto last = tumbling(10s).window_of(EventTime::max());
  CHECK(last.end == EventTime::max());
  CHECK(last.start < last.end);
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, EventTime::min()).end();
  REQUIRE(harness.output().size() == 1);
  CHECK(harness.output()[0].row.value == 1);
}

TEST_CASE("A window and an allowed lateness that cannot be are refused") {
  CHECK_THROWS_AS(tumbling(0ms), FailJob);
  CHECK_THROWS_AS(tumbling(-5ms), FailJob);
  CHECK_THROWS_AS(tumbling(5ms).allowed_lateness(-1ms), FailJob);
}

TEST_CASE("Rows that are out of order within the watermark's bound are counted") {
  auto harness = window_harness(tumbling(10s), count());
  harness.record({"a", 1}, at(12s)).watermark(at(7s)).record({"a", 1}, at(8s)).record({"a", 1}, at(3s));
  harness.watermark(at(10s)).record({"a", 1}, at(11s)).end();
  CHECK(harness.output() ==
        Counts{result<std::int64_t>("a", 0s, 10s, 2), result<std::int64_t>("a", 10s, 20s, 2)});
  CHECK(harness.metric("weir_operator_late_records_total") == 0);
}

TEST_CASE("A watermark that passes several windows fires the earliest first") {
  auto harness = window_harness(tumbling(10s), count()).in_order();
  harness.record({"a", 1}, at(25s)).record({"a", 1}, at(5s)).record({"a", 1}, at(15s)).end();
  CHECK(harness.output() == Counts{result<std::int64_t>("a", 0s, 10s, 1),
                                   result<std::int64_t>("a", 10s, 20s, 1),
                                   result<std::int64_t>("a", 20s, 30s, 1)});
}

TEST_CASE("Text keys outlive the batches they came in") {
  auto harness = window_harness(tumbling(1h), sum(&Reading::value));
  for (int n = 0; n < 500; ++n) {
    const std::string key = "sensor number " + std::to_string(1000 + n);
    harness.record({key, n}, at(1s)).record({key, 1}, at(2s));
  }
  harness.end();
  REQUIRE(harness.output().size() == 500);
  for (int n = 0; n < 500; ++n) {
    CHECK(harness.output()[static_cast<std::size_t>(n)].row.key ==
          "sensor number " + std::to_string(1000 + n));
    CHECK(harness.output()[static_cast<std::size_t>(n)].row.value == n + 1);
  }
}

TEST_CASE("A key may be a struct of texts, made by a function") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by([](const Reading& r) {
        return Route{r.sensor.substr(0, 3), r.sensor.substr(3)};
      })
      .window(tumbling(10s))
      .aggregate("window", max(&Reading::value))
      .sink("results");
  auto harness = testing::harness_for<Reading, WindowResult<Route, std::int32_t>>(pipeline.graph(), "window");
  harness.record({"JFKLAX", 4}, at(1s))
      .record({"JFKSFO", 9}, at(1s))
      .record({"JFKLAX", 7}, at(2s))
      .memory(1)
      .end();
  using Max = Result<std::int32_t, Route>;
  CHECK(harness.output() == std::vector<Max>{result<std::int32_t, Route>({"JFK", "LAX"}, 0s, 10s, 7),
                                             result<std::int32_t, Route>({"JFK", "SFO"}, 0s, 10s, 9)});
}

TEST_CASE("A filter in front of the key is run on the way to the window") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .filter([](const Reading& r) { return r.value > 0; })
      .map([](const Reading& r) { return r.value % 10; })
      .key_by([](std::int32_t digit) { return digit; })
      .window(tumbling(10s))
      .aggregate("window", count())
      .sink("results");
  auto harness =
      testing::harness_for<Reading, WindowResult<std::int32_t, std::int64_t>>(pipeline.graph(), "window");
  harness.record({"a", 13}, at(1s))
      .record({"b", 23}, at(1s))
      .record({"c", -3}, at(1s))
      .record({"d", 4}, at(1s))
      .end();
  CHECK(harness.output() ==
        std::vector<Result<std::int64_t, std::int32_t>>{result<std::int64_t, std::int32_t>(3, 0s, 10s, 2),
                                                        result<std::int64_t, std::int32_t>(4, 0s, 10s, 1)});
}

struct KeyAlone {
  std::uint64_t key;
};
BOOST_DESCRIBE_STRUCT(KeyAlone, (), (key))

TEST_CASE("A window of a million keys fires in portions") {
  Pipeline pipeline("test");
  pipeline.source<KeyAlone>("rows")
      .key_by(&KeyAlone::key)
      .window(tumbling(10s))
      .aggregate("window", count())
      .sink("results");
  const testing::OperatorUnderTest tested = testing::operator_of(pipeline.graph(), "window");

  struct Summing final : BatchConsumer {
    explicit Summing(std::uint64_t* into) : sum(into) {}
    void consume(const Batch& batch) override {
      for (const auto& row :
           static_cast<const RowBatch<WindowResult<std::uint64_t, std::int64_t>>&>(batch).rows())
        *sum += row.key * static_cast<std::uint64_t>(row.value);
    }
    std::uint64_t* sum;
  };
  std::uint64_t sum = 0, expected = 0;
  MetricRegistry metrics;
  testing::OperatorRun run(tested, {}, metrics, [&] {
    std::vector<std::unique_ptr<BatchConsumer>> outputs;
    outputs.push_back(std::make_unique<Summing>(&sum));
    return outputs;
  });
  constexpr std::uint64_t kKeys = 1'000'000;
  for (std::uint64_t key = 1; key <= kKeys;) {
    auto batch = std::make_unique<RowBatch<KeyAlone>>();
    for (; !batch->full() && key <= kKeys; ++key) {
      batch->append(KeyAlone{key}, at(1s));
      expected += key;
    }
    run.feed(std::move(batch));
  }
  run.watermark(at(10s));  // throws when a portion is larger than the contract allows
  CHECK(sum == expected);
  CHECK(run.stored_entries() == 0);
}

}  // namespace weir
