#include <algorithm>
#include <cstdlib>
#include <map>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/testing/simulation.hpp>

namespace {

using namespace weir;
using namespace std::chrono_literals;

struct Reading {
  std::uint32_t sensor;
  EventTime time;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (sensor, time, value))

struct Hour {
  std::uint32_t sensor;
  EventTime start;
  std::int64_t count;
  std::int64_t sum;
};
BOOST_DESCRIBE_STRUCT(Hour, (), (sensor, start, count, sum))

struct CountAndSum {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(CountAndSum, (), (count, sum))

struct Totals {
  using Accumulator = CountAndSum;
  std::int32_t lift(const Reading& reading) const { return reading.value; }
  void add(CountAndSum& totals, std::int32_t value) const {
    ++totals.count;
    totals.sum += value;
  }
  void merge(CountAndSum& totals, const CountAndSum& other) const {
    totals.count += other.count;
    totals.sum += other.sum;
  }
  Hour result(std::uint32_t sensor, const Window& window, const CountAndSum& totals) const {
    return {sensor, window.start, totals.count, totals.sum};
  }
};

constexpr std::uint64_t kRows = 10'000;
constexpr std::int64_t kDisorder = 500;

/// Row n of the input: a pure function, so that the expected output can be computed without the engine.
Reading reading(std::uint64_t n, std::uint64_t seed) {
  const std::uint64_t r = detail::hash_u64(n ^ seed << 32);
  return {static_cast<std::uint32_t>(r % 17),
          {static_cast<std::int64_t>(n * 10) - static_cast<std::int64_t>((r >> 8) % kDisorder)},
          static_cast<std::int32_t>((r >> 40) % 1000)};
}

JobGraph pipeline(std::int64_t bound) {
  Pipeline pipeline("simulated");
  auto readings = pipeline.source<Reading>("readings")
                      .generated_by(reading)
                      .event_time(&Reading::time, bounded_out_of_orderness(Duration{bound}))
                      .align(1s);
  auto windows = readings.filter([](const Reading& r) { return r.value % 10 != 0; })
                     .key_by(&Reading::sensor)
                     .window(tumbling(2s))
                     .late_rows()
                     .aggregate("totals", Totals{});
  windows.sink("hours", "simulated:");
  windows.late().sink("late", "simulated:");
  return pipeline.graph();
}

std::vector<std::string> expected(std::uint64_t seed) {
  std::map<std::pair<std::int64_t, std::uint32_t>, CountAndSum> windows;
  for (std::uint64_t n = 0; n < kRows; ++n) {
    const Reading r = reading(n, seed);
    if (r.value % 10 == 0) continue;
    const std::int64_t start = (r.time.millis + 100'000) / 2000 * 2000 - 100'000;
    auto& totals = windows[{start, r.sensor}];
    ++totals.count;
    totals.sum += r.value;
  }
  std::vector<std::string> rows;
  for (const auto& [key, totals] : windows)
    rows.push_back("{sensor:" + std::to_string(key.second) + ",start:" + std::to_string(key.first) +
                   ",count:" + std::to_string(totals.count) + ",sum:" + std::to_string(totals.sum) + "}");
  std::sort(rows.begin(), rows.end());
  return rows;
}

JobOptions job_options(std::uint64_t seed, std::uint32_t parallelism, StateMode state) {
  JobOptions options;
  options.parallelism = parallelism;
  options.state = state;
  options.checkpoint_interval = 5ms;
  options.memory_bytes =
      state == StateMode::kHeap ? std::size_t{1} << 30 : 4096;  // the small one makes every pane spill
  options.sources["readings"] =
      "generator:?rate=300000&events=" + std::to_string(kRows) + "&partitions=3&seed=" + std::to_string(seed);
  return options;
}

std::vector<std::string> sorted(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::uint64_t seeds() {
  const char* wanted = std::getenv("WEIR_SEEDS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 500;
}

}  // namespace

TEST_CASE("A simulated job commits exactly the expected rows, whatever crashes") {
  std::uint64_t crashes = 0, commits = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    INFO("seed " << seed);
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {seed % 4 == 0 ? 0 : 0.0004, 0.01, 0.05, 0.2};
    const auto state = seed % 2 == 0 ? StateMode::kHeap : StateMode::kRocksDb;
    const auto result =
        testing::simulate(pipeline(kDisorder), job_options(seed, 1 + seed % 3, state), options);
    REQUIRE(sorted(result.committed.at("hours")) == expected(seed));
    REQUIRE(result.committed.count("late") == 0);
    crashes += result.crashes;
    commits += result.commits;
  }
  CHECK(crashes > seeds());  // else the test has not tested what its name says
  CHECK(commits > seeds());
}

TEST_CASE("A seed replays identically") {
  testing::SimulationOptions options;
  options.seed = 42;
  options.faults = {0.0004, 0.01, 0.05, 0.2};
  const auto job = job_options(42, 2, StateMode::kRocksDb);
  const auto first = testing::simulate(pipeline(kDisorder), job, options);
  const auto second = testing::simulate(pipeline(kDisorder), job, options);
  CHECK(first.trace == second.trace);
  CHECK(first.steps == second.steps);
  CHECK(first.committed == second.committed);
  options.seed = 43;
  CHECK(testing::simulate(pipeline(kDisorder), job, options).trace != first.trace);
}

TEST_CASE("With too small a bound, rows are late, and none vanishes") {
  std::int64_t all_late = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {0.0004, 0.01, 0.05, 0.2};
    const auto result = testing::simulate(pipeline(50), job_options(seed, 2, StateMode::kHeap), options);
    std::int64_t counted = 0;
    for (const std::string& row : result.committed.at("hours")) {
      const auto at = row.find("count:") + 6;
      counted += std::stoll(row.substr(at));
    }
    std::int64_t all = 0;
    for (std::uint64_t n = 0; n < kRows; ++n) all += reading(n, seed).value % 10 != 0;
    const auto late = result.committed.find("late");
    const std::int64_t late_rows =
        late == result.committed.end() ? 0 : static_cast<std::int64_t>(late->second.size());
    CHECK(counted + late_rows == all);
    all_late += late_rows;
  }
  CHECK(all_late > 0);
}
