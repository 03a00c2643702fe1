#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/partitioning.hpp>
#include <weir/operators/route.hpp>
#include <weir/operators/sample.hpp>
#include <weir/operators/union.hpp>
#include <weir/testing/simulation.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Readings = std::vector<testing::Timed<Reading>>;

struct Numbered {
  std::uint64_t n;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (n))

/// What a pipeline over the numbers 0 … rows-1 commits, on several workers, with crashes.
template <class Build>
std::vector<std::string> committed(std::uint64_t rows, std::uint32_t parallelism, Build build) {
  Pipeline pipeline("numbers");
  build(pipeline.source<Numbered>("numbers").generated_by([](std::uint64_t n, std::uint64_t) {
    return Numbered{n};
  })).sink("out", "simulated:");
  JobOptions job;
  job.parallelism = parallelism;
  job.checkpoint_interval = 1ms;
  job.sources["numbers"] =
      "generator:?rate=300000&partitions=" + std::to_string(parallelism) + "&events=" + std::to_string(rows);
  testing::SimulationOptions options;
  options.faults.crash_at_point = 0.02;
  auto result = testing::simulate(pipeline.graph(), job, options).committed["out"];
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<std::string> numbers(std::uint64_t rows, std::size_t times) {
  std::vector<std::string> all;
  for (std::uint64_t n = 0; n < rows; ++n) all.insert(all.end(), times, "{n:" + std::to_string(n) + "}");
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("A union passes the rows of all its streams on") {
  Pipeline pipeline("test");
  auto left = pipeline.source<Reading>("left");
  auto right = pipeline.source<Reading>("right").filter([](const Reading& r) { return r.value > 0; });
  left.union_with(right, left.map([](const Reading& r) {
        return Reading{r.sensor, r.value + 100};
      }))
      .sink("out");
  auto harness =
      testing::harness_for<testing::Inputs<Reading, Reading, Reading>, Reading>(pipeline.graph(), "union");
  harness.record<0>({"a", 1}, at(1s)).record<1>({"b", 2}, at(2s)).record<1>({"c", -1}, at(2s));
  harness.record<2>({"d", 3}, at(3s)).end();
  CHECK(harness.output() == Readings{{{"a", 1}, at(1s)}, {{"b", 2}, at(2s)}, {{"d", 103}, at(3s)}});
}

TEST_CASE("Several unions in one pipeline have names of their own") {
  Pipeline pipeline("test");
  auto rows = pipeline.source<Reading>("rows");
  rows.union_with(rows).union_with(rows).sink("out");
  CHECK(pipeline.graph().find("union") != nullptr);
  CHECK(pipeline.graph().find("union-2") != nullptr);
  CHECK(problems(pipeline.graph()).empty());
}

TEST_CASE("A route gets the rows that the selector chooses for it") {
  Pipeline pipeline("test");
  auto [negative, zero, positive] = pipeline.source<Reading>("rows").route<3>([](const Reading& r) {
    return r.value < 0 ? 0 : r.value == 0 ? 1 : 2;
  });
  negative.sink("negative");
  zero.sink("zero");
  positive.sink("positive");
  auto harness = testing::harness_for<Reading, Reading, Reading, Reading>(pipeline.graph(), "route");
  harness.record({"a", 1}, at(1s)).record({"b", -2}, at(2s)).record({"c", 0}, at(3s));
  harness.record({"a longer name than fits in place", 4}, at(4s)).end();
  CHECK(harness.output<0>() == Readings{{{"b", -2}, at(2s)}});
  CHECK(harness.output<1>() == Readings{{{"c", 0}, at(3s)}});
  CHECK(harness.output<2>() ==
        Readings{{{"a", 1}, at(1s)}, {{"a longer name than fits in place", 4}, at(4s)}});
}

TEST_CASE("A selector that chooses no route fails the job") {
  Pipeline pipeline("test");
  auto routes = pipeline.source<Reading>("rows").route<2>([](const Reading& r) { return r.value; });
  routes[0].sink("none");
  routes[1].sink("one");
  auto harness = testing::harness_for<Reading, Reading, Reading>(pipeline.graph(), "route");
  harness.record({"a", 2}, at(1s));
  CHECK_THROWS_WITH(harness.output(), Catch::Contains("'route': the selector chose route 2"));
}

TEST_CASE("Rows that are rebalanced, or partitioned by a function, arrive once") {
  CHECK(committed(2000, 3, [](auto rows) { return rows.rebalance(); }) == numbers(2000, 1));
  CHECK(committed(2000, 3, [](auto rows) {
          return rows.partition_by([](const Numbered& row) { return -static_cast<std::int64_t>(row.n); });
        }) == numbers(2000, 1));
}

TEST_CASE("A broadcast row arrives once a worker") {
  CHECK(committed(500, 3, [](auto rows) { return rows.broadcast(); }) == numbers(500, 3));
}

namespace {

/// Gathers what a place puts where.
class Places final : public Exchange {
 public:
  explicit Places(std::uint32_t workers) : batches_(workers) {}
  std::uint32_t targets() const override { return static_cast<std::uint32_t>(batches_.size()); }
  std::uint32_t max_parallelism() const override { return kDefaultMaxParallelism; }
  Batch& open(std::uint32_t target) override { return batches_[target]; }
  Batch& ship(std::uint32_t target) override { return batches_[target]; }
  std::vector<std::vector<std::uint64_t>> numbers() {
    std::vector<std::vector<std::uint64_t>> all;
    for (RowBatch<Numbered>& batch : batches_) {
      all.emplace_back();
      for (const Numbered& row : batch.rows()) all.back().push_back(row.n);
    }
    return all;
  }

 private:
  std::vector<RowBatch<Numbered>> batches_;
};

/// The numbers 0 to 5 through the edge to `vertex`, by worker.
std::vector<std::vector<std::uint64_t>> placed(const JobGraph& graph, const char* vertex) {
  Places places(3);
  for (const Edge& edge : graph.edges)
    if (edge.to == graph.find(vertex)->id) {
      RowBatch<Numbered> rows;
      for (std::uint64_t n = 0; n < 6; ++n) rows.append(Numbered{n}, EventTime{0});
      edge.bind(places)->consume(rows);
    }
  return places.numbers();
}

}  // namespace

TEST_CASE("Rows go to the worker that the partitioning says") {
  using Placed = std::vector<std::vector<std::uint64_t>>;
  Pipeline pipeline("test");
  auto rows = pipeline.source<Numbered>("rows");
  rows.rebalance().sink("a");
  rows.broadcast().sink("b");
  rows.partition_by([](const Numbered& row) { return -static_cast<std::int64_t>(row.n / 2); }).sink("c");
  rows.partition_by([](const Numbered& row, std::uint32_t workers) { return row.n < 4 ? workers - 1 : 0; })
      .sink("d");
  const JobGraph graph = pipeline.graph();
  CHECK(placed(graph, "rebalance") == Placed{{2, 5}, {0, 3}, {1, 4}});
  CHECK(placed(graph, "broadcast") == Placed(3, {0, 1, 2, 3, 4, 5}));
  CHECK(placed(graph, "partition") == Placed{{0, 1}, {4, 5}, {2, 3}});
  CHECK(placed(graph, "partition-2") == Placed{{4, 5}, {}, {0, 1, 2, 3}});
}

TEST_CASE(
    "A sample is the same whatever the number of workers, another with another seed, and as large as said") {
  const auto sampled = [](double fraction, std::uint64_t seed, std::uint32_t parallelism) {
    return committed(4000, parallelism, [&](auto rows) { return rows.sample(fraction, seed); });
  };
  const auto tenth = sampled(0.1, 7, 1);
  CHECK(tenth == sampled(0.1, 7, 3));
  CHECK(tenth != sampled(0.1, 8, 1));
  CHECK(tenth.size() > 320);
  CHECK(tenth.size() < 480);
  CHECK(sampled(0, 7, 1).empty());
  CHECK(sampled(1, 7, 1) == numbers(4000, 1));
}

TEST_CASE("A sample by key takes all rows of a key or none") {
  std::set<std::string> keys;
  for (const std::string& row : committed(4000, 2, [](auto rows) {
         return rows.map([](const Numbered& row) { return Numbered{row.n % 40}; })
             .sample_by(&Numbered::n, 0.3);
       }))
    keys.insert(row);
  std::vector<std::string> rows = committed(4000, 2, [](auto all) {
    return all.map([](const Numbered& row) { return Numbered{row.n % 40}; }).sample_by(&Numbered::n, 0.3);
  });
  CHECK(keys.size() > 3);
  CHECK(keys.size() < 22);
  CHECK(rows.size() == keys.size() * 100);
}

TEST_CASE("A sample of more than all is refused") {
  Pipeline pipeline("test");
  CHECK_THROWS_WITH(pipeline.source<Reading>("rows").sample(1.5), Catch::Contains("from 0 to 1"));
}

}  // namespace weir
