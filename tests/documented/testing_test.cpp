// What docs/testing-your-pipeline.md shows, compiled and run.
#include <algorithm>

#include <catch2/catch.hpp>

#include <weir/testing/operator_harness.hpp>
#include <weir/testing/simulation.hpp>
#include <weir/weir.hpp>

#include "documented.hpp"

namespace {

using namespace std::chrono_literals;

struct Sale {
  std::int32_t till;
  weir::EventTime at;
  std::int64_t cents;
};
BOOST_DESCRIBE_STRUCT(Sale, (), (till, at, cents))

Sale sale(std::uint64_t n, std::uint64_t seed) {
  return {static_cast<std::int32_t>((n + seed) % 3), weir::EventTime{static_cast<std::int64_t>(n) * 100}, 5};
}

void build(weir::Pipeline& pipeline) {
  auto takings = pipeline.source<Sale>("sales", "file:sales/*.jsonl")
                     .event_time(&Sale::at, weir::bounded_out_of_orderness(5s))
                     .generated_by(sale)
                     .filter([](const Sale& sale) { return sale.cents > 0; })
                     .key_by(&Sale::till)
                     .window(weir::tumbling(1min))
                     .late_rows()
                     .aggregate("takings", weir::sum(&Sale::cents));
  takings.sink("takings-by-minute", "print:");
  takings.late().sink("late", "discard:");
}

weir::JobGraph graph() {
  weir::Pipeline pipeline("tills");
  build(pipeline);
  return pipeline.graph();
}

}  // namespace

TEST_CASE("the pipeline is fit to run") {
  CHECK(weir::problems(graph()).empty());
  CHECK(weir::warnings(graph()).empty());
}

TEST_CASE("a minute's takings are what was sold in it, and late sales are had apart") {
  using weir::testing::at;
  using Takings = weir::WindowResult<std::int32_t, std::int64_t>;
  auto harness = weir::testing::harness_for<Sale, Takings, Sale>(graph(), "takings");

  harness.record({1, at(10s), 250}, at(10s)).record({1, at(59s), 100}, at(59s));
  harness.record({1, at(20s), -40}, at(20s));  // filtered on the way
  harness.record({2, at(60s), 7}, at(60s)).watermark(at(60s));
  harness.record({1, at(30s), 999}, at(30s));  // its minute is over
  harness.end();

  using Row = weir::testing::Timed<Takings>;
  const std::vector<Row> expected{{{1, at(0s), at(60s), 350}, weir::EventTime{59'999}},
                                  {{2, at(60s), at(120s), 7}, weir::EventTime{119'999}}};
  CHECK(harness.output() == expected);
  REQUIRE(harness.output<1>().size() == 1);
  CHECK(harness.output<1>()[0].row.cents == 999);
}

TEST_CASE("whatever crashes, each sale is counted once") {
  weir::JobOptions job;
  job.checkpoint_interval = 5ms;
  job.sources["sales"] = "generator:?events=3000&partitions=2&rate=300000";
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    job.parallelism = 1 + seed % 3;
    weir::testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {.crash = 0.0004, .crash_at_point = 0.01, .ambiguous_commit = 0.05};
    const auto result = weir::testing::simulate(graph(), job, options);
    CHECK(result.committed.at("takings-by-minute").size() == 15);  // 3 tills in 5 minutes
    CHECK(result.committed.count("late") == 0);
    crashes += result.crashes;
  }
  CHECK(crashes > 0);  // otherwise nothing was tested
}

TEST_CASE("docs/testing-your-pipeline.md shows what is compiled here") {
  check_that_page_is_compiled("docs/testing-your-pipeline.md", "tests/documented/testing_test.cpp");
}
