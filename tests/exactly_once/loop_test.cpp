#include <algorithm>
#include <cstdlib>

#include <catch2/catch.hpp>

#include <weir/operators/iterate.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/testing/simulation.hpp>

namespace {

using namespace weir;
using namespace std::chrono_literals;

/// On its way to 1: halved when even, otherwise three times itself and one.
struct Number {
  std::uint64_t id;
  std::uint64_t value;
  std::uint64_t steps;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Number, (), (id, value, steps, text))

constexpr std::uint64_t kNumbers = 1'500;

/// One round: what is not at 1 yet goes round again. A key changes its worker from round to round.
struct OneStep {
  using Context = KeyedContext<std::uint64_t, Number, Number>;
  void process(const Number& number, Context& context) {
    if (number.value == 1) return context.template emit_to<1>(number);
    Number next = number;
    next.value = next.value % 2 == 0 ? next.value / 2 : 3 * next.value + 1;
    ++next.steps;
    context.emit(next);
  }
};

template <class Rows>
auto to_one(Rows looped) {
  auto stepped = looped.key_by(&Number::value).template process<Number, Number>("step", OneStep{});
  return std::pair(stepped, stepped.template side<1>());
}

JobGraph pipeline(IterateOptions options = {}) {
  Pipeline pipeline("looping");
  pipeline.source<Number>("numbers")
      .generated_by([](std::uint64_t n, std::uint64_t, Arena& arena) {
        return Number{n, n + 1, 0, arena.copy("number " + std::to_string(n))};
      })
      .ingestion_time()
      .iterate(
          "to-one", [](auto looped) { return to_one(looped); }, options)
      .sink("steps", "simulated:");
  return pipeline.graph();
}

std::vector<std::string> expected() {
  std::vector<std::string> rows;
  for (std::uint64_t n = 0; n < kNumbers; ++n) {
    std::uint64_t steps = 0;
    for (std::uint64_t value = n + 1; value != 1; ++steps) value = value % 2 == 0 ? value / 2 : 3 * value + 1;
    rows.push_back("{id:" + std::to_string(n) + ",value:1,steps:" + std::to_string(steps) + ",text:number " +
                   std::to_string(n) + "}");
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

JobOptions job_options(std::uint64_t seed) {
  JobOptions options;
  options.parallelism = 1 + seed % 3;
  options.state = StateMode::kHeap;
  options.checkpoint_interval = 3ms;
  options.sources["numbers"] =
      "generator:?rate=300000&events=" + std::to_string(kNumbers) + "&partitions=3&seed=1";
  return options;
}

std::uint64_t seeds() {
  const char* wanted = std::getenv("WEIR_SEEDS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 60;
}

}  // namespace

TEST_CASE("Crashes with rows in a loop lose none and double none, and the loop ends when it is empty") {
  const std::vector<std::string> all = expected();
  std::uint64_t crashes = 0, commits = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    INFO("seed " << seed);
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {0.0004, 0.01, 0.05, 0.2};
    const auto result = testing::simulate(pipeline({seed % 2 == 0 ? std::size_t{20} : std::size_t{10'000}}),
                                          job_options(seed), options);
    auto rows = result.committed.at("steps");
    std::sort(rows.begin(), rows.end());
    REQUIRE(rows == all);
    crashes += result.crashes;
    commits += result.commits;
  }
  CHECK(crashes > seeds());
  CHECK(commits > seeds());
}
