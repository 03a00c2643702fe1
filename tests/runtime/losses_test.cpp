#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/runtime/losses.hpp>

#include "job_fixture.hpp"
#include "loss_watch.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;

Counter& late(MetricRegistry& metrics, const char* worker, const char* action = "dropped") {
  return metrics.counter("weir_operator_late_records_total", "",
                         {{"operator", "sums"}, {"worker", worker}, {"action", action}});
}
Counter& rejected(MetricRegistry& metrics, const char* policy) {
  return metrics.counter("weir_records_rejected_total", "",
                         {{"source", "flights"}, {"policy", policy}, {"worker", "0"}});
}

TEST_CASE("What was lost is told by operator and source, with what to do", "[losses]") {
  MetricRegistry metrics;
  late(metrics, "0").add(0);
  CHECK(losses(metrics).empty());
  late(metrics, "0").add(2);
  late(metrics, "1").add(3);
  late(metrics, "0", "side_output").add(9);  // somebody has them
  rejected(metrics, "skip").add(1);
  rejected(metrics, "dead_letter").add(4);
  const auto all = losses(metrics);
  REQUIRE(all.size() == 3);
  CHECK_THAT(all[0].text, Contains("operator 'sums' has dropped 5 records that came too late") &&
                              Contains("allowed_lateness"));
  CHECK_THAT(all[1].text, Contains("source 'flights' has skipped 1 record that could not be decoded") &&
                              Contains("--on-error flights=dead_letter"));
  CHECK_THAT(
      all[2].text,
      Contains("source 'flights' has sent 4 records that could not be decoded to 'flights.dead_letter'"));
}

TEST_CASE("The first loss is told at once, others at growing intervals", "[losses]") {
  MetricRegistry metrics;
  std::vector<std::string> lines;
  LossWatch watch(metrics, 60s, [&](const std::string& line) { lines.push_back(line); });
  std::vector<int> told;
  for (int second = 0; second < 1000; ++second) {
    if (second >= 5) late(metrics, "0").add(10);
    watch.look(std::chrono::seconds(second));
    if (!lines.empty()) told.push_back(second);
    lines.clear();
  }
  CHECK(told == std::vector<int>{5, 65, 185, 425, 905});
}

TEST_CASE("What was told is not told again when no more is lost", "[losses]") {
  MetricRegistry metrics;
  std::vector<std::string> lines;
  LossWatch watch(metrics, 60s, [&](const std::string& line) { lines.push_back(line); });
  late(metrics, "0").add(1);
  for (auto now = 0s; now < 10h; now += 1s) watch.look(now);
  CHECK(lines.size() == 1);
}

TEST_CASE("A running job tells of its first late row", "[losses][job]") {
  Pipeline pipeline("summing");
  pipeline.source<Sample>("samples", "generator:?events=20000000&rate=2000")
      .generated_by([](std::uint64_t n, std::uint64_t, Arena& arena) {
        return Sample{arena.copy("a"), EventTime{static_cast<std::int64_t>(n % 100 == 99 ? 0 : n * 1000)}, 1};
      })
      .event_time(&Sample::time, monotonous())
      .key_by(&Sample::sensor)
      .window(tumbling(Duration{1000}))
      .aggregate("sums", sum(&Sample::value))
      .sink("results", "collect:");
  Machine machine;
  JobWorld world = machine.world();
  std::atomic<int> told{0};
  world.log = [&](const std::string& line) { told += line.find("operator 'sums' has dropped") == 0; };
  RunningJob running(pipeline.graph(), quick_options(), world);
  REQUIRE(running.wait_until([&](const JobStatus&) { return told > 0; }));
  running.stop();
  CHECK(told == 1);
}

}  // namespace
}  // namespace weir
