#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "job_fixture.hpp"
#include "shelf.hpp"

namespace weir {

namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

Sample at(std::int64_t minute, std::string_view sensor = "a", std::int64_t value = 1) {
  return {sensor, EventTime{minute * kMinute}, value};
}

/// rows → hourly sums by sensor, and what was too late for them.
JobGraph hourly(Duration lateness = {}, Duration bound = Duration{24 * kHour}) {
  Pipeline pipeline("hourly");
  auto sums = pipeline.source<Sample>("samples", "shelf:")
                  .event_time(&Sample::time, bounded_out_of_orderness(bound))
                  .key_by(&Sample::sensor)
                  .window(tumbling(Duration{kHour}).allowed_lateness(lateness))
                  .late_rows()
                  .aggregate("sums", sum(&Sample::value));
  sums.sink("sums-out", "collect:");
  sums.late().sink("late-out", "collect:");
  return pipeline.graph();
}

std::string hour(std::int64_t n, const std::string& sensor, std::int64_t value) {
  return "{key:" + sensor + ",window_start:" + std::to_string(n * kHour) +
         ",window_end:" + std::to_string((n + 1) * kHour) + ",value:" + std::to_string(value) + "}";
}

std::string row(const Sample& sample) {
  return "{sensor:" + std::string(sample.sensor) + ",time:" + std::to_string(sample.time.millis) +
         ",value:" + std::to_string(sample.value) + "}";
}

using Rows = std::vector<std::string>;

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

struct ShelfMachine : Machine {
  ShelfMachine() : Machine([this] { return shelf.source(); }) {}
  ExitCode run(const JobGraph& graph, const JobOptions& options = quick_options()) {
    Job job(graph, options, world());
    const ExitCode code = job.run();
    failure = job.status().last_failure;
    return code;
  }
  bool has_logged(const std::string& text) {
    return std::any_of(log.begin(), log.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
  Shelf shelf;
  std::string failure;
};

JobOptions kept(std::uint32_t parallelism = 1) {
  JobOptions options = quick_options(parallelism);
  options.at_end = AtEnd::kKeep;
  return options;
}

}  // namespace

TEST_CASE("A run whose input had ended reads on what has come since, also with other workers") {
  const std::uint32_t first = GENERATE(1u, 3u), second = GENERATE(1u, 2u);
  ShelfMachine machine;
  machine.shelf.put("x", {at(5), at(70), at(6, "b")});
  REQUIRE(machine.run(hourly(), quick_options(first)) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") == sorted({hour(0, "a", 1), hour(0, "b", 1), hour(1, "a", 1)}));
  // Of hours that have fired, whichever keys fired in them; of later ones; of a partition that is new.
  const std::vector<Sample> late = {at(10), at(100, "b", 2), at(7, "c", 3)};
  machine.shelf.put("x", {late[0], at(125), at(121), late[1]});
  machine.shelf.put("y", {at(130, "b"), late[2]});
  REQUIRE(machine.run(hourly(), quick_options(second)) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") ==
        sorted({hour(0, "a", 1), hour(0, "b", 1), hour(1, "a", 1), hour(2, "a", 2), hour(2, "b", 1)}));
  CHECK(machine.rows.sorted("late-out") == sorted({row(late[0]), row(late[1]), row(late[2])}));
}

TEST_CASE("A run that goes on without an end reads on, too") {
  ShelfMachine machine;
  machine.shelf.put("x", {at(5)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  machine.shelf.bounded = false;
  machine.shelf.put("x", {at(65)});
  RunningJob job(hourly(), quick_options(), machine.world());
  REQUIRE(job.wait_until([](const JobStatus& s) { return !s.sources.empty() && s.sources[0].records == 1; }));
  CHECK(job.stop() == ExitCode::kDone);
  machine.shelf.bounded = true;
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") == sorted({hour(0, "a", 1), hour(1, "a", 1)}));
}

TEST_CASE("Windows that fired at the end fire again for late rows within the allowed lateness") {
  ShelfMachine machine;
  machine.shelf.put("x", {at(5), at(70)});
  const JobGraph graph = hourly(Duration{kHour});
  REQUIRE(machine.run(graph) == ExitCode::kDone);
  // 1:59 has been reached: the hour before is allowed to be late until then, and its state has gone; the hour of 1:10 is there.
  machine.shelf.put("x", {at(80, "a", 10), at(6), at(185)});
  REQUIRE(machine.run(graph) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") ==
        sorted({hour(0, "a", 1), hour(1, "a", 1), hour(1, "a", 11), hour(3, "a", 1)}));
  CHECK(machine.rows.sorted("late-out") == Rows{row(at(6))});
}

TEST_CASE("Windows over windows go on after an end") {
  Pipeline pipeline("twice");
  auto daily = pipeline.source<Sample>("samples", "shelf:")
                   .event_time(&Sample::time, bounded_out_of_orderness(Duration{24 * kHour}))
                   .key_by(&Sample::sensor)
                   .window(tumbling(Duration{kHour}))
                   .aggregate("hours", sum(&Sample::value))
                   .key_by([](const auto& hourly_sum) { return hourly_sum.key; })
                   .window(tumbling(Duration{2 * kHour}))
                   .aggregate("double-hours", count());
  daily.sink("out", "collect:");
  const JobGraph graph = pipeline.graph();
  ShelfMachine machine;
  machine.shelf.put("x", {at(5), at(70)});
  REQUIRE(machine.run(graph, quick_options(2)) == ExitCode::kDone);
  machine.shelf.put("x", {at(125), at(190), at(250)});
  REQUIRE(machine.run(graph) == ExitCode::kDone);
  const auto two = [](std::int64_t n, std::int64_t value) {
    return "{key:a,window_start:" + std::to_string(n * kHour) +
           ",window_end:" + std::to_string((n + 2) * kHour) + ",value:" + std::to_string(value) + "}";
  };
  CHECK(machine.rows.sorted("out") == sorted({two(0, 2), two(2, 2), two(4, 1)}));
}

TEST_CASE("A run that keeps what is open at its end goes on as if the input had only paused") {
  const std::uint32_t first = GENERATE(1u, 3u), second = GENERATE(1u, 2u);
  ShelfMachine machine;
  const JobGraph graph = hourly({}, Duration{10 * kMinute});
  machine.shelf.put("x", {at(5), at(65), at(80)});
  machine.shelf.put("y", {at(64, "b"), at(90, "b")});
  REQUIRE(machine.run(graph, kept(first)) == ExitCode::kDone);
  // The slower of the two has come to 1:10.
  CHECK(machine.rows.sorted("sums-out") == Rows{hour(0, "a", 1)});
  machine.shelf.put("x", {at(72, "a", 10), at(140)});
  machine.shelf.put("y", {at(83, "b"), at(150, "b")});
  REQUIRE(machine.run(graph, kept(second)) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") == sorted({hour(0, "a", 1), hour(1, "a", 12), hour(1, "b", 3)}));
  REQUIRE(machine.run(graph, quick_options(first)) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") ==
        sorted({hour(0, "a", 1), hour(1, "a", 12), hour(1, "b", 3), hour(2, "a", 1), hour(2, "b", 1)}));
  CHECK(machine.rows.sorted("late-out").empty());
}

TEST_CASE("A run that finds nothing new says so") {
  ShelfMachine machine;
  machine.shelf.put("x", {});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK(machine.has_logged("nothing was read"));
  machine.shelf.put("x", {at(5)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK_FALSE(machine.has_logged("nothing new since"));
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK(machine.has_logged("nothing new since epoch"));
}

TEST_CASE("A partition that is away for a run is not read again when it is back") {
  ShelfMachine machine;
  machine.shelf.put("x", {at(5)});
  machine.shelf.put("y", {at(6)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  machine.shelf.take_away("y");
  machine.shelf.put("x", {at(65)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  machine.shelf.bring_back("y");
  machine.shelf.put("y", {at(126)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") == sorted({hour(0, "a", 2), hour(1, "a", 1), hour(2, "a", 1)}));
  CHECK(machine.rows.sorted("late-out").empty());
}

TEST_CASE("A partition that is gone before it was read to its end is refused") {
  ShelfMachine machine;
  machine.shelf.bounded = false;
  machine.shelf.put("x", {at(5)});
  machine.shelf.put("y", {at(6)});
  {
    RunningJob job(hourly(), quick_options(), machine.world());
    REQUIRE(
        job.wait_until([](const JobStatus& s) { return !s.sources.empty() && s.sources[0].records == 2; }));
    REQUIRE(job.stop() == ExitCode::kDone);
  }
  machine.shelf.take_away("y");
  CHECK(machine.run(hourly()) == ExitCode::kStateUnusable);
  CHECK_THAT(machine.failure, Catch::Contains("partition 'y' is gone") && Catch::Contains("position 1"));
}

TEST_CASE("What had been read to its end stays so for a run that is stopped before it looks") {
  ShelfMachine machine;
  machine.shelf.put("x", {at(5)});
  machine.shelf.put("y", {at(6)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  {
    Job stopped(hourly(), quick_options(), machine.world());
    stopped.stop();
    REQUIRE(stopped.run() == ExitCode::kDone);
  }
  machine.shelf.take_away("y");
  CHECK(machine.run(hourly()) == ExitCode::kDone);
}

TEST_CASE("A source under another name is refused, unless its positions may be left behind") {
  ShelfMachine machine;
  machine.shelf.put("x", {at(5)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  Pipeline pipeline("hourly");
  auto sums = pipeline.source<Sample>("readings", "shelf:")
                  .event_time(&Sample::time, monotonous())
                  .key_by(&Sample::sensor)
                  .window(tumbling(Duration{kHour}))
                  .late_rows()
                  .aggregate("sums", sum(&Sample::value));
  sums.sink("sums-out", "collect:");
  sums.late().sink("late-out", "collect:");
  const JobGraph renamed = pipeline.graph();
  CHECK(machine.run(renamed) == ExitCode::kStateUnusable);
  CHECK_THAT(machine.failure,
             Catch::Contains("source 'samples'") && Catch::Contains("--allow-dropped-state"));
  JobOptions told = quick_options();
  told.allow_dropped_state = true;
  CHECK(machine.run(renamed, told) == ExitCode::kDone);
}

TEST_CASE("First positions that move are kept before the first row is read") {
  ShelfMachine machine;
  machine.shelf.from_latest = true;
  machine.shelf.bounded = false;
  machine.shelf.reads_to_fail = 2;
  machine.shelf.put("x", {at(5)});
  JobOptions options = quick_options();
  options.checkpoint_interval.reset();  // none but that one, and the last
  options.from = StartFrom::kLatest;
  RunningJob job(hourly(), options, machine.world());
  REQUIRE(job.wait_until([](const JobStatus& s) { return s.last_commit != kNoEpoch; }));
  // Found by the second attempt: what came before it was found is not to be missed.
  machine.shelf.put("y", {at(66)});
  machine.shelf.put("x", {at(65)});
  REQUIRE(job.wait_until(
      [](const JobStatus& s) { return s.restarts == 2 && !s.sources.empty() && s.sources[0].records == 2; }));
  REQUIRE(job.stop() == ExitCode::kDone);
  machine.shelf.bounded = true;
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK(machine.rows.sorted("sums-out") == Rows{hour(1, "a", 2)});
}

TEST_CASE("A start that passes over committed work says which") {
  ShelfMachine machine;
  machine.shelf.put("x", {at(5)});
  REQUIRE(machine.run(hourly()) == ExitCode::kDone);
  CHECK_FALSE(machine.has_logged("passes over"));
  JobOptions again = quick_options();
  again.from = GENERATE(StartFrom::kFresh, StartFrom::kEarliest, StartFrom::kLatest);
  REQUIRE(machine.run(hourly(), again) == ExitCode::kDone);
  CHECK(machine.has_logged(std::string("--from ") + to_string(again.from) + " passes over epoch"));
  CHECK(machine.has_logged(again.from == StartFrom::kLatest ? "are skipped" : "are read again"));
}

TEST_CASE("A generator that is to deal out other rows than the checkpoint's is refused") {
  const auto [address, why] = GENERATE(table<std::string, std::string>({
      {"generator:?events=30000&partitions=2", "partitions=4"},
      {"generator:?events=30000&partitions=8", "partitions=4"},
      {"generator:?events=30000&partitions=4&seed=2", "seed=1"},
      {"generator:?events=20000&partitions=4", "30000 rows"},
  }));
  ShelfMachine machine;
  REQUIRE(machine.run(summing()) == ExitCode::kDone);
  JobOptions options = quick_options();
  options.sources["samples"] = address;
  CHECK(machine.run(summing(), options) == ExitCode::kStateUnusable);
  CHECK_THAT(machine.failure, Catch::Contains(why));
  // More of the same rows are read on.
  options.sources["samples"] = "generator:?events=40000&partitions=4";
  CHECK(machine.run(summing(), options) == ExitCode::kDone);
}

}  // namespace weir
