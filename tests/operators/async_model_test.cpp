#include <algorithm>
#include <random>
#include <tuple>

#include <catch2/catch.hpp>

#include <weir/operators/async.hpp>
#include <weir/operators/lookup.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

namespace {

using namespace std::chrono_literals;

/// `plan` says what the service does with the row.
struct Job {
  std::uint32_t id;
  std::uint32_t plan;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Job, (), (id, plan, text))

struct Done {
  std::uint32_t id;
  std::int32_t part;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Done, (), (id, part, text))

/// By plan: refused (0), let go (2), or answered with plan % 4 rows, over one of three servers, at once or not.
void serve(const Job& job, AsyncResult<Done> result) {
  const auto answer = [id = job.id, plan = job.plan, text = std::string(job.text), result] {
    std::vector<Done> rows;
    for (std::uint32_t part = 0; part < plan % 4; ++part)
      rows.push_back({id, static_cast<std::int32_t>(part), text});
    if (plan == 0) result.refuse("refused");
    else if (rows.size() == 1) result.complete(rows.front());
    else result.complete(rows);
  };
  if (job.plan == 2) return;
  if (job.plan % 5 == 3) answer();
  else result.environment().run_blocking("server-" + std::to_string(job.plan % 3), answer);
}

struct Row {
  std::uint32_t id;
  std::uint32_t plan;
  std::int64_t millis;
};

using Out = testing::Timed<Done>;

std::string text_of(std::uint32_t id) { return std::string(id % 40, 'a' + static_cast<char>(id % 26)); }

/// What must come out, each row's results together and in order.
std::vector<std::string> model(const std::vector<Row>& rows) {
  std::vector<std::string> expected;
  for (const Row& row : rows) {
    const std::string text = text_of(row.id);
    if (row.plan == 0 || row.plan == 2)
      expected.push_back(Out{{row.id, -1, text}, EventTime{row.millis}}.text());
    else
      for (std::uint32_t part = 0; part < row.plan % 4; ++part)
        expected.push_back(
            Out{{row.id, static_cast<std::int32_t>(part), text}, EventTime{row.millis}}.text());
  }
  return expected;
}

}  // namespace

TEST_CASE(
    "Async agrees with a naive model over random answers, failures, capacities, watermarks and restarts") {
  std::size_t inputs = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const bool ordered = random() % 2 == 0;
    auto requests = async_options()
                        .capacity(1 + random() % 20)
                        .retry(retries(1 + static_cast<std::uint32_t>(random() % 3)).first_delay(0ms));
    requests = ordered ? requests.ordered() : requests.unordered();
    const auto options = requests.on_failure([](const Job& job, const AsyncFailure&) {
      return Done{job.id, -1, job.text};
    });
    Pipeline pipeline("model");
    pipeline.source<Job>("jobs").async<Done>("serve", serve, options).sink("done");
    auto harness = testing::harness_for<Job, Done>(pipeline.graph(), "serve");
    if (ordered) harness.in_order();
    std::vector<Row> rows;
    for (std::size_t n = 10 + random() % 50; n > 0; --n) {
      const std::uint64_t what = random() % 12;
      if (what == 0) harness.watermark(EventTime{static_cast<std::int64_t>(rows.size() * 3)});
      if (what == 1) harness.restart();
      const Row row{static_cast<std::uint32_t>(rows.size()), static_cast<std::uint32_t>(random() % 12),
                    static_cast<std::int64_t>(random() % 300)};
      harness.record({row.id, row.plan, text_of(row.id)}, EventTime{row.millis});
      rows.push_back(row);
    }
    inputs += rows.size();
    harness.end();
    std::vector<std::string> expected = model(rows), actual;
    for (const Out& out : harness.output()) actual.push_back(out.text());
    if (!ordered) {
      std::sort(expected.begin(), expected.end());
      std::sort(actual.begin(), actual.end());
    }
    REQUIRE(actual == expected);
  }
  CHECK(inputs > 10'000);
}

}  // namespace weir
