#include <filesystem>

#include <catch2/catch.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

constexpr std::uint64_t kEvents = 30'000;

JobOptions on_disk(const JobScratch& scratch, const std::string& name, std::uint32_t parallelism) {
  JobOptions options = quick_options(parallelism);
  options.state_dir = scratch / (name + "-state");
  options.checkpoint_dir = scratch / (name + "-checkpoints");
  return options;
}

/// Stops a job in the middle; its last checkpoint serves as a savepoint.
std::string stopped_in_the_middle(const JobScratch& scratch, Machine& machine) {
  JobOptions options = on_disk(scratch, "first", 1);
  options.sources["samples"] = "generator:?events=30000&partitions=4&rate=20000";
  RunningJob running(summing(), options, machine.world_on_disk());
  REQUIRE(running.wait_until(
      [](const JobStatus& status) { return !status.sources.empty() && status.sources[0].records > 4000; }));
  REQUIRE(running.stop() == ExitCode::kDone);
  return options.checkpoint_dir;
}

}  // namespace

TEST_CASE("A job that starts from a savepoint gives what was missing, at another parallelism and place") {
  JobScratch scratch;
  Machine before;
  const std::string original = stopped_in_the_middle(scratch, before);
  const std::string moved = scratch / "moved";
  std::filesystem::rename(original, moved);

  Machine after;
  JobOptions options = on_disk(scratch, "second", 2);
  options.from = StartFrom::kSavepoint;
  options.savepoint = moved;
  REQUIRE(Job(summing(), options, after.world_on_disk()).run() == ExitCode::kDone);
  auto rows = before.rows.sorted("results");
  const auto rest = after.rows.sorted("results");
  REQUIRE(!rest.empty());
  rows.insert(rows.end(), rest.begin(), rest.end());
  std::sort(rows.begin(), rows.end());
  CHECK(rows == expected_sums(kEvents));

  // The same command again: there is nothing left to do, and nothing is done twice.
  Job again(summing(), options, after.world_on_disk());
  REQUIRE(again.run() == ExitCode::kDone);
  CHECK(again.status().sources[0].records == 0);
  CHECK(after.rows.sorted("results") == rest);
}

TEST_CASE("A job that fails after it started from a savepoint goes on from its own last commit") {
  JobScratch scratch;
  Machine before;
  const std::string savepoint = stopped_in_the_middle(scratch, before);
  Machine after;
  JobOptions options = on_disk(scratch, "second", 1);
  options.from = StartFrom::kSavepoint;
  options.savepoint = savepoint;
  std::atomic<std::uint64_t> seen{0};
  Job job(summing([&](const Sample&) {
            if (++seen == 15'000) throw std::runtime_error("once");
          }),
          options, after.world_on_disk());
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(job.status().restarts == 1);
  auto rows = before.rows.sorted("results");
  const auto rest = after.rows.sorted("results");
  rows.insert(rows.end(), rest.begin(), rest.end());
  std::sort(rows.begin(), rows.end());
  CHECK(rows == expected_sums(kEvents));
}

TEST_CASE("A directory without a savepoint is refused by name") {
  JobScratch scratch;
  Machine machine;
  JobOptions options = on_disk(scratch, "second", 1);
  options.from = StartFrom::kSavepoint;
  options.savepoint = scratch / "nothing";
  Job job(summing(), options, machine.world_on_disk());
  CHECK(job.run() == ExitCode::kStateUnusable);
  CHECK_THAT(job.status().last_failure, Catch::Contains("there is no savepoint in " + options.savepoint));
}

}  // namespace weir
