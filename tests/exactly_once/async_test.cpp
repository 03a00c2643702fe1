#include <algorithm>
#include <cstdlib>

#include <catch2/catch.hpp>

#include <weir/operators/async.hpp>
#include <weir/operators/lookup.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/testing/simulation.hpp>

namespace {

using namespace weir;
using namespace std::chrono_literals;

struct Request {
  std::uint64_t id;
  EventTime time;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Request, (), (id, time, text))

struct Answer {
  std::uint64_t id;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (id, text))

struct Count {
  std::uint64_t group;
  EventTime start;
  std::int64_t count;
};
BOOST_DESCRIBE_STRUCT(Count, (), (group, start, count))

struct Counting {
  struct Accumulator {
    std::int64_t count = 0;
    BOOST_DESCRIBE_CLASS(Accumulator, (), (count), (), ())
  };
  std::uint8_t lift(const Answer&) const { return 0; }
  void add(Accumulator& a, std::uint8_t) const { ++a.count; }
  void merge(Accumulator& a, const Accumulator& b) const { a.count += b.count; }
  Count result(std::uint64_t group, const Window& window, const Accumulator& a) const {
    return {group, window.start, a.count};
  }
};

constexpr std::uint64_t kRows = 3'000;

Request request(std::uint64_t n, std::uint64_t seed, Arena& arena) {
  const std::uint64_t r = detail::hash_u64(n ^ seed << 32);
  return {n, EventTime{static_cast<std::int64_t>(n * 10) - static_cast<std::int64_t>(r % 200)},
          arena.copy("request " + std::to_string(n))};
}

/// A service with several servers, each of which answers in order, at some time; some answers are errors, some nothing at all.
void ask(const Request& asked, AsyncResult<Answer> result) {
  Environment& environment = result.environment();
  const std::uint64_t luck = environment.random() % 20;
  environment.run_blocking("server-" + std::to_string(asked.id % 5),
                           [id = asked.id, text = std::string(asked.text), result, luck] {
                             if (luck == 0) return result.fail("no luck");
                             if (luck == 1) return;
                             result.complete(Answer{id, text + " answered"});
                           });
}

/// Answers, and how many there are in each window: none must come too late for its window.
JobGraph pipeline(bool ordered) {
  Pipeline pipeline("asking");
  auto options =
      async_options().capacity(40).timeout(1h).retry(retries(1000).first_delay(1ms).max_delay(2ms));
  options = ordered ? options.ordered() : options.unordered();
  auto answers = pipeline.source<Request>("requests")
                     .generated_by(request)
                     .event_time(&Request::time, bounded_out_of_orderness(200ms))
                     .async<Answer>("ask", ask, options);
  answers.sink("answers", "simulated:");
  auto counts = answers.key_by([](const Answer& answer) { return answer.id % 3; })
                    .window(tumbling(500ms))
                    .late_rows()
                    .aggregate("counts", Counting{});
  counts.sink("counts", "simulated:");
  counts.late().sink("late", "simulated:");
  return pipeline.graph();
}

std::vector<std::string> sorted(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<std::string> expected_answers() {
  std::vector<std::string> rows;
  for (std::uint64_t n = 0; n < kRows; ++n)
    rows.push_back("{id:" + std::to_string(n) + ",text:request " + std::to_string(n) + " answered}");
  return sorted(rows);
}

std::vector<std::string> expected_counts(std::uint64_t seed) {
  std::map<std::pair<std::int64_t, std::uint64_t>, std::int64_t> counts;
  Arena arena;
  for (std::uint64_t n = 0; n < kRows; ++n)
    ++counts[{(request(n, seed, arena).time.millis + 10'000) / 500 * 500 - 10'000, n % 3}];
  std::vector<std::string> rows;
  for (const auto& [key, count] : counts)
    rows.push_back("{group:" + std::to_string(key.second) + ",start:" + std::to_string(key.first) +
                   ",count:" + std::to_string(count) + "}");
  return sorted(rows);
}

JobOptions job_options(std::uint64_t seed) {
  JobOptions options;
  options.parallelism = 1 + seed % 3;
  options.state = StateMode::kHeap;
  options.checkpoint_interval = 3ms;
  options.sources["requests"] =
      "generator:?rate=300000&events=" + std::to_string(kRows) + "&partitions=3&seed=" + std::to_string(seed);
  return options;
}

std::uint64_t seeds() {
  const char* wanted = std::getenv("WEIR_SEEDS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 100;
}

}  // namespace

TEST_CASE("Crashes with requests in flight lose no row and double none, and make none late") {
  std::uint64_t crashes = 0, commits = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    INFO("seed " << seed);
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {0.0004, 0.01, 0.05, 0.2};
    const auto result = testing::simulate(pipeline(seed % 2 == 0), job_options(seed), options);
    REQUIRE(sorted(result.committed.at("answers")) == expected_answers());
    REQUIRE(sorted(result.committed.at("counts")) == expected_counts(seed));
    REQUIRE(result.committed.count("late") == 0);
    crashes += result.crashes;
    commits += result.commits;
  }
  CHECK(crashes > seeds());
  CHECK(commits > seeds());
}

TEST_CASE("A seed with requests in flight replays identically") {
  testing::SimulationOptions options;
  options.seed = 11;
  options.faults = {0.0004, 0.01, 0.05, 0.2};
  const auto first = testing::simulate(pipeline(false), job_options(11), options);
  const auto second = testing::simulate(pipeline(false), job_options(11), options);
  CHECK(first.trace == second.trace);
  CHECK(first.committed == second.committed);
}
