#include <stdexcept>

#include <catch2/catch.hpp>

#include <weir/operators/async.hpp>
#include <weir/operators/lookup.hpp>
#include <weir/operators/process.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using Catch::Contains;

/// One row a second from 1970 on; two partitions. Row 100 is the unlucky one.
Sample steady(std::uint64_t n, std::uint64_t, Arena& arena) {
  return {arena.copy("sensor " + std::to_string(n % 10)), EventTime{static_cast<std::int64_t>(n) * 1000},
          static_cast<std::int64_t>(n)};
}
constexpr const char* kAddress = "generator:?events=2000&partitions=2";
constexpr const char* kItsTime = "1970-01-01T00:01:40.000Z";

[[noreturn]] void unlucky() { throw std::runtime_error("unlucky"); }
bool is_unlucky(const Sample& s) { return s.value == 100; }

auto samples(Pipeline& pipeline) {
  return pipeline.source<Sample>("samples", kAddress)
      .generated_by(steady)
      .event_time(&Sample::time, monotonous());
}

/// What the first failure says, of a job that fails always.
std::string failure_of(Pipeline& pipeline, ExitCode expected = ExitCode::kJobFailed) {
  Machine machine;
  JobOptions options = quick_options(1);
  options.restart.limit = 0;
  Job job(pipeline.graph(), options, machine.world());
  CHECK(job.run() == expected);
  return job.status().last_failure;
}

TEST_CASE("A failure in a source's chain says at which offset, and of what time", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .map([](const Sample& s) { return s; })
      .filter([](const Sample& s) {
        if (is_unlucky(s)) unlucky();
        return true;
      })
      .sink("results", "collect:");
  CHECK(failure_of(pipeline) ==
        std::string("source 'samples', worker 0, partition '0', offset 50, in map → filter on the way "
                    "to 'results', the row of event time ") +
            kItsTime + ": unlucky");
}

TEST_CASE("A failure of a key function is in the chain", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .key_by([](const Sample& s) {
        if (is_unlucky(s)) unlucky();
        return s.value;
      })
      .window(tumbling(1min))
      .aggregate("sums", sum(&Sample::value))
      .sink("results", "collect:");
  const std::string text = failure_of(pipeline);
  CHECK_THAT(text, Contains("source 'samples', worker 0, partition '0', offset 50"));
  CHECK_THAT(text, Contains("on the way to 'sums'") && Contains(kItsTime) && Contains(": unlucky"));
}

TEST_CASE("A failure of a function of event time says between which offsets", "[failure]") {
  Pipeline pipeline("unlucky");
  pipeline.source<Sample>("samples", kAddress)
      .generated_by(steady)
      .event_time(
          [](const Sample& s) {
            if (is_unlucky(s)) unlucky();
            return s.time;
          },
          monotonous())
      .sink("results", "collect:");
  CHECK_THAT(failure_of(pipeline),
             Contains("source 'samples', worker 0, partition '0', offsets 0 to ") && Contains(": unlucky"));
}

struct UnluckyStrategy {
  EventTime reached = EventTime::min();
  void observe(EventTime time) {
    if (time.millis == 100'000) unlucky();
    reached = time;
  }
  EventTime watermark() const { return reached; }
};

TEST_CASE("A failure of a watermark strategy says between which offsets", "[failure]") {
  Pipeline pipeline("unlucky");
  pipeline.source<Sample>("samples", kAddress)
      .generated_by(steady)
      .event_time(&Sample::time, UnluckyStrategy{})
      .sink("results", "collect:");
  CHECK_THAT(failure_of(pipeline),
             Contains("source 'samples', worker 0, partition '0', offsets 0 to ") && Contains(": unlucky"));
}

struct UnluckyFunction {
  using Context = KeyedContext<std::string_view, Sample>;
  bool in_timer = false;
  void process(const Sample& s, Context& context) {
    if (in_timer) context.set_timer(s.time + Duration{1});
    else if (is_unlucky(s)) throw 42;
  }
  void on_timer(EventTime time, Context&) {
    if (time.millis == 100'001) unlucky();
  }
};

TEST_CASE("A failure in a process function says at which key, time and offsets, whatever is thrown",
          "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .key_by(&Sample::sensor)
      .process<Sample>("remember", UnluckyFunction{})
      .sink("results", "collect:");
  const std::string text = failure_of(pipeline);
  CHECK_THAT(text, Contains("operator 'remember', worker 0, key \"sensor 0\", the row of event time " +
                            std::string(kItsTime)));
  CHECK_THAT(text, Contains("(read: samples[0] offsets 0 to ") && Contains("samples[1] offsets 0 to "));
  CHECK_THAT(text, Contains("): something was thrown that is no std::exception"));
}

TEST_CASE("A failure in a timer says at which key, and when", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .key_by(&Sample::sensor)
      .process<Sample>("remember", UnluckyFunction{true})
      .sink("results", "collect:");
  CHECK_THAT(
      failure_of(pipeline),
      Contains("operator 'remember', worker 0, key \"sensor 0\", when event time came to 1970-01-01T") &&
          Contains(": unlucky"));
}

struct UnluckyAggregate {
  using Accumulator = std::int64_t;
  bool at_result = false;
  std::int64_t lift(const Sample& s) const { return s.value; }
  void add(Accumulator& a, std::int64_t value) const {
    if (!at_result && value == 100) unlucky();
    a += value;
  }
  void merge(Accumulator& a, const Accumulator& other) const { a += other; }
  std::int64_t result(const Accumulator& a) const {
    if (at_result) unlucky();
    return a;
  }
};

TEST_CASE("A failure in an aggregate says at which key: of its rows, and of its results", "[failure]") {
  for (const bool at_result : {false, true}) {
    Pipeline pipeline("unlucky");
    samples(pipeline)
        .key_by(&Sample::sensor)
        .window(tumbling(1min))
        .aggregate("totals", UnluckyAggregate{at_result})
        .sink("results", "collect:");
    const std::string text = failure_of(pipeline);
    CHECK_THAT(text, Contains("operator 'totals', worker 0, key \"sensor ") && Contains(": unlucky"));
    CHECK_THAT(text, Contains(at_result ? "when event time came to"
                                        : "the row of event time " + std::string(kItsTime)));
  }
}

TEST_CASE("A failure behind an operator is told by the chain, with the operator before it", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .key_by(&Sample::sensor)
      .window(tumbling(1min))
      .aggregate("sums", sum(&Sample::value))
      .map([](const auto& total) {
        unlucky();
        return Sample{total.key, total.window_start, total.value};
      })
      .sink("results", "collect:");
  const std::string text = failure_of(pipeline);
  CHECK_THAT(text, Contains("operator 'sums', worker 0, in map on the way to 'results', the row of event "
                            "time 1970-01-01T00:00:59.999Z: unlucky"));
}

TEST_CASE("A failure while something is asked for says of which operator", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .async<Sample>("ask",
                     [](const Sample& s, AsyncResult<Sample> result) {
                       if (is_unlucky(s)) unlucky();
                       result.complete(s);
                     })
      .sink("results", "collect:");
  CHECK_THAT(failure_of(pipeline), Contains("operator 'ask', worker 0") && Contains(": unlucky"));
}

TEST_CASE("A failure that ends the job keeps its exit code, and is placed as well", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .filter([](const Sample& s) -> bool {
        if (is_unlucky(s)) throw FailJob("hopeless", ExitCode::kStateUnusable);
        return true;
      })
      .sink("results", "collect:");
  const std::string text = failure_of(pipeline, ExitCode::kStateUnusable);
  CHECK_THAT(text,
             Contains("source 'samples', worker 0, partition '0', offset 50") && Contains(": hopeless"));
}

TEST_CASE("What a blocking client throws is why its request has failed", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .async<Sample>("ask",
                     [](const Sample& s, AsyncResult<Sample> result) {
                       result.environment().run_blocking("client", [result, unlucky_one = is_unlucky(s)] {
                         if (unlucky_one) throw 42;
                         unlucky();
                       });
                     })
      .sink("results", "collect:");
  CHECK_THAT(failure_of(pipeline), Catch::StartsWith("'ask' has no result for a row of event time ") &&
                                       Catch::EndsWith("after 1 request: unlucky"));
}

/// What is wrong with a result's way downstream is not wrong with the request: taken for that, the rows that were on their way with
/// it would be lost.
TEST_CASE("A failure behind a lookup ends the attempt, and no row is lost", "[failure][job]") {
  Pipeline pipeline("unlucky");
  std::atomic<int> failures{0};
  auto asked = samples(pipeline).lookup<Sample>(
      "ask", &Sample::value,
      [](std::int64_t value, LookupResult<std::int64_t> result) { result.found(value); },
      [](const Sample& s, const std::int64_t* found) {
        return Sample{s.sensor, s.time, *found};
      },
      lookup_options().requests(async_options().capacity(2000).failed_rows()));
  asked
      .filter([&](const Sample& s) {
        if (is_unlucky(s) && failures++ == 0) unlucky();
        return true;
      })
      .sink("results", "collect:");
  asked.failed().map([](const auto& failed) { return failed.row; }).sink("failed", "collect:");
  Machine machine;
  Job job(pipeline.graph(), quick_options(1), machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(machine.rows.sorted("results").size() == 2000);
  CHECK(machine.rows.sorted("failed").empty());
  CHECK_THAT(job.status().last_failure,
             Contains("operator 'ask', worker 0") && Contains("in filter on the way to 'results'"));
}

TEST_CASE("What says itself which operator it is about is not told twice", "[failure]") {
  Pipeline pipeline("unlucky");
  samples(pipeline)
      .async<Sample>(
          "ask", [](const Sample&, AsyncResult<Sample> result) { result.refuse("closed on Sundays"); },
          async_options().timeout(1s))
      .sink("results", "collect:");
  CHECK_THAT(failure_of(pipeline), Catch::StartsWith("'ask' has no result for a row of event time"));
}

}  // namespace
}  // namespace weir
