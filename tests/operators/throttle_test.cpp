#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/throttle.hpp>
#include <weir/operators/top_n.hpp>
#include <weir/testing/simulation.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Readings = std::vector<testing::Timed<Reading>>;

JobGraph throttled(Rate rate) {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings").key_by(&Reading::sensor).throttle("slow", rate).sink("out");
  return pipeline.graph();
}
auto harness_of(Rate rate) { return testing::harness_for<Reading, Reading>(throttled(rate), "slow"); }

}  // namespace

TEST_CASE("Rows of a key pass at the rate, a burst at once, keys apart from each other") {
  auto harness = harness_of(per_second(10).burst(2)).in_order();
  for (std::int32_t n = 0; n < 5; ++n) harness.record({"a", n}, at(1s));
  harness.record({"b", 9}, at(1s));
  CHECK(harness.output() == Readings{{{"a", 0}, at(1s)}, {{"a", 1}, at(1s)}, {{"b", 9}, at(1s)}});
  harness.wall_clock(99ms);
  CHECK(harness.output().size() == 3);
  harness.wall_clock(100ms);
  CHECK(harness.output().size() == 4);
  harness.wall_clock(300ms);
  CHECK(harness.output().size() == 6);
  CHECK(harness.output().back().row.value == 4);
  harness.wall_clock(10s).record({"a", 5}, at(2s)).record({"a", 6}, at(2s)).record({"a", 7}, at(2s));
  CHECK(harness.output().size() == 8);
}

TEST_CASE("What waits at the end of the input passes at once, and nothing is kept") {
  auto harness = harness_of(per_second(0.001)).in_order();
  for (std::int32_t n = 0; n < 7000; ++n) harness.record({"a", n}, at(1s));
  CHECK(harness.output().size() == 1);
  harness.end();
  REQUIRE(harness.output().size() == 7000);
  for (std::int32_t n = 0; n < 7000; ++n)
    REQUIRE(harness.output()[static_cast<std::size_t>(n)].row.value == n);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A key that has been quiet is forgotten") {
  auto harness = harness_of(per_second(10).burst(3));
  harness.record({"a", 1}, at(1s)).record({"a", 2}, at(1s)).wall_clock(199ms);
  CHECK(harness.stored_entries() == 1);
  harness.wall_clock(200ms);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("Rates that let nothing pass are refused") {
  CHECK_THROWS_WITH(per_second(0), Catch::Contains("between"));
  CHECK_THROWS_WITH(per_second(1).burst(0), Catch::Contains("at least one row"));
  CHECK_THROWS_WITH(per_second(1).queue(0), Catch::Contains("at least one row"));
}

TEST_CASE("Throttling agrees with a naive token bucket over random clocks and restarts") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto interval = 1 + static_cast<std::int64_t>(random() % 50);  // ms
    const auto burst = 1 + static_cast<std::uint32_t>(random() % 4);
    auto harness = harness_of(per_second(1000.0 / static_cast<double>(interval)).burst(burst));
    if (seed % 3 == 0) harness.memory(1);
    // A bucket of `burst` tokens that gets one each interval, counted in tokens · interval.
    struct Bucket {
      std::int64_t level, filled_at;
      std::deque<std::int32_t> queue;
    };
    std::map<std::string, Bucket> buckets;
    std::map<std::string, std::vector<std::int32_t>> expected;
    const std::int64_t full = static_cast<std::int64_t>(burst) * interval;
    std::int64_t now = 0;
    const auto fill_until = [&](const std::string& key, Bucket& bucket, std::int64_t until) {
      bucket.level = std::min(full, bucket.level + until - bucket.filled_at);
      bucket.filled_at = until;
      for (; !bucket.queue.empty() && bucket.level >= interval; bucket.level -= interval) {
        expected[key].push_back(bucket.queue.front());
        bucket.queue.pop_front();
      }
    };
    for (std::int32_t n = 0, steps = 3 + static_cast<std::int32_t>(random() % 16); n < steps; ++n) {
      switch (random() % 8) {
        case 0:
          harness.restart();
          break;
        case 1:
        case 2:
          now += static_cast<std::int64_t>(random() % 100);
          harness.wall_clock(Duration{now});
          for (auto& [key, bucket] : buckets) fill_until(key, bucket, now);
          break;
        default:
          const std::string key = "key " + std::to_string(random() % 3);
          harness.record({key, n}, EventTime{n});
          Bucket& bucket = buckets.try_emplace(key, Bucket{full, now, {}}).first->second;
          fill_until(key, bucket, now);
          bucket.queue.push_back(n);
          fill_until(key, bucket, now);
      }
    }
    const auto check = [&] {
      std::map<std::string, std::vector<std::int32_t>> got;
      for (const auto& row : harness.output()) got[std::string(row.row.sensor)].push_back(row.row.value);
      const auto text = [](const auto& rows) {
        std::string all;
        for (const auto& [key, values] : rows) {
          all += key + ":";
          for (const std::int32_t value : values) all += " " + std::to_string(value);
          all += "; ";
        }
        return all;
      };
      REQUIRE(text(got) == text(expected));
    };
    const bool sees_end = random() % 4 == 0;
    if (sees_end) {
      harness.end();
      for (auto& [key, bucket] : buckets)
        expected[key].insert(expected[key].end(), bucket.queue.begin(), bucket.queue.end());
    }
    check();
    if (sees_end) REQUIRE(harness.stored_entries() == 0);
  }
}

namespace {

struct Numbered {
  std::uint32_t key;
  std::uint64_t n;
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (key, n, time))

}  // namespace

TEST_CASE("Throttled rows are late for no window and none is lost, whatever crashes") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Pipeline pipeline("throttled");
    auto tops =
        pipeline.source<Numbered>("numbers")
            .generated_by([](std::uint64_t n, std::uint64_t) {
              return Numbered{static_cast<std::uint32_t>(n % 5), n, EventTime{static_cast<std::int64_t>(n)}};
            })
            .event_time(&Numbered::time, monotonous())
            .key_by(&Numbered::key)
            .throttle("slow", per_second(50'000).burst(3).queue(200))
            .key_by(&Numbered::key)
            .top_n("all", tumbling(100ms), top(1000, &Numbered::n));
    tops.sink("tops", "simulated:");
    tops.late().sink("late", "simulated:");
    JobOptions job;
    job.parallelism = 1 + seed % 2;
    job.checkpoint_interval = 5ms;
    job.sources["numbers"] = "generator:?rate=300000&events=2000&partitions=2";
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {0.0004, 0.01, 0.05, 0.2};
    const auto result = testing::simulate(pipeline.graph(), job, options);
    REQUIRE(result.committed.count("late") == 0);
    REQUIRE(result.committed.at("tops").size() == 2000);
  }
}

}  // namespace weir
