#include <catch2/catch.hpp>

#include <weir/checkpoint/manifest.hpp>
#include <weir/operators/iterate.hpp>
#include <weir/operators/partitioning.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

constexpr std::uint64_t kWalkers = 6'000;
constexpr std::uint64_t kRounds = 300;

struct Walker {
  std::uint64_t id;
  std::uint64_t rounds;
  std::string_view name;
};
BOOST_DESCRIBE_STRUCT(Walker, (), (id, rounds, name))

Walker walker(std::uint64_t n, std::uint64_t, Arena& arena) {
  return {n, 0, arena.copy("walker " + std::to_string(n))};
}

/// Every walker goes round `kRounds` times, from worker to worker.
JobGraph walking() {
  Pipeline pipeline("walking");
  pipeline
      .source<Walker>("walkers", "generator:?events=" + std::to_string(kWalkers) + "&partitions=4&rate=10000")
      .generated_by(walker)
      .ingestion_time()
      .iterate(
          "walk",
          [](auto looped) {
            auto walked =
                looped.partition_by([](const Walker& w) { return w.id + w.rounds; }).map([](const Walker& w) {
                  return Walker{w.id, w.rounds + 1, w.name};
                });
            return std::pair(walked.filter([](const Walker& w) { return w.rounds < kRounds; }),
                             walked.filter([](const Walker& w) { return w.rounds == kRounds; }));
          })
      .sink("home", "collect:");
  return pipeline.graph();
}

std::vector<std::string> all_home() {
  std::vector<std::string> rows;
  for (std::uint64_t n = 0; n < kWalkers; ++n)
    rows.push_back("{id:" + std::to_string(n) + ",rounds:" + std::to_string(kRounds) + ",name:walker " +
                   std::to_string(n) + "}");
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::size_t bytes_in_the_loop(const Machine& machine) {
  const auto store = make_memory_store(machine.checkpoints);
  const Epoch last = store->highest_epoch();
  std::size_t bytes = 0;
  for (const OperatorStateEntry& entry :
       decode_manifest(store->load(last), store->describe(last)).operator_states)
    if (entry.operator_name == "walk-again") bytes += entry.bytes.size();
  return bytes;
}

}  // namespace

TEST_CASE("Rows in a loop move to other numbers of workers, and all come home") {
  Machine machine;
  for (const std::uint32_t workers : {1u, 2u, 3u}) {
    RunningJob job(walking(), quick_options(workers), machine.world());
    REQUIRE(job.wait_until([](const JobStatus& status) { return status.last_commit != kNoEpoch; }));
    REQUIRE(job.stop() == ExitCode::kDone);
    CHECK(bytes_in_the_loop(machine) > 0);
  }
  RunningJob job(walking(), quick_options(1), machine.world());
  REQUIRE(job.wait_until([](const JobStatus& status) { return status.state == JobState::kDone; }));
  CHECK(machine.rows.sorted("home") == all_home());
}

}  // namespace weir
