#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/checkpoint/saved_state.hpp>
#include <weir/operators/process.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

struct Pair {
  std::int64_t first;
  std::int64_t second;
};
BOOST_DESCRIBE_STRUCT(Pair, (), (first, second))

/// Holds rows until there are two, and emits them together.
struct InPairs {
  SplitListState<std::int64_t> waiting{"waiting"};
  UnionListState<std::string> heard_of{"heard of"};
  auto operator_states() { return std::tie(waiting, heard_of); }
  void process(const Sample& sample, ProcessContext<Pair>& context) {
    bool known = false;
    heard_of.for_each([&](const std::string& sensor) { known = known || sensor == sample.sensor; });
    if (!known) heard_of.add(std::string(sample.sensor));
    if (waiting.size() < 5) return waiting.add(sample.value);
    waiting.for_each([&](std::int64_t value) { context.emit({value, 1}); });
    waiting.clear();
    context.emit({sample.value, 1});
  }
};

JobGraph pairs() {
  Pipeline pipeline("pairs");
  pipeline.source<Sample>("samples", "generator:?events=100000&partitions=3&rate=40000")
      .generated_by(sample)
      .process<Pair>("pairs", InPairs{})
      .sink("results", "collect:");
  return pipeline.graph();
}

std::map<std::string, std::vector<std::string>> stored(const std::string& checkpoints,
                                                       const JobScratch& scratch) {
  const auto store = make_directory_store(checkpoints);
  const auto backend = make_rocksdb_backend({scratch / "look", 8 << 20});
  const SavedState state(*store, store->epochs().back(), *backend);
  std::map<std::string, std::vector<std::string>> found;
  state.for_each({}, [&](const SavedEntry& entry) {
    found[entry.state->state.name].push_back(entry.key + " " + entry.value);
    CHECK(entry.bytes > 0);
    return true;
  });
  SavedStateFilter filter;
  filter.state_name = "waiting";
  filter.key = "0";
  std::size_t first_worker = 0;
  state.for_each(filter, [&](const SavedEntry& entry) {
    CHECK(entry.key == "0");
    return ++first_worker > 0;
  });
  const auto& waiting = found["waiting"];
  CHECK(first_worker ==
        static_cast<std::size_t>(std::count_if(waiting.begin(), waiting.end(),
                                               [](const auto& e) { return e.starts_with("0 "); })));
  return found;
}

}  // namespace

TEST_CASE("Operator state is neither lost nor doubled with one, two, three workers, and one again") {
  JobScratch scratch;
  Machine machine;
  JobOptions options = quick_options(1);
  options.state_dir = scratch / "state";
  options.checkpoint_dir = scratch / "checkpoints";
  for (const std::uint32_t workers : {1u, 2u, 3u}) {
    options.parallelism = workers;
    {
      RunningJob job(pairs(), options, machine.world_on_disk());
      Epoch first = kNoEpoch;
      REQUIRE(job.wait_until([&](const JobStatus& status) {
        if (first == kNoEpoch) first = status.last_commit;
        return first != kNoEpoch && status.last_commit >= first + 3;
      }));
      REQUIRE(job.stop() == ExitCode::kDone);
    }
    auto found = stored(options.checkpoint_dir, scratch);
    CHECK(found["waiting"].size() <= workers * 5);
    CHECK(found["heard of"].size() >= 53);
  }
  options.parallelism = 1;
  options.sources["samples"] = "generator:?events=100000&partitions=3";
  {
    Job last(pairs(), options, machine.world_on_disk());
    REQUIRE(last.run() == ExitCode::kDone);
  }
  const std::size_t waiting = stored(options.checkpoint_dir, scratch)["waiting"].size();
  std::map<std::string, int> got, wanted;
  for (const std::string& row : machine.rows.sorted("results")) ++got[row];
  CHECK(machine.rows.sorted("results").size() + waiting == 100'000);
  Arena arena;
  for (std::uint64_t n = 0; n < 100'000; ++n)
    ++wanted["{first:" + std::to_string(sample(n, 1, arena).value) + ",second:1}"];
  std::size_t missing = 0;
  for (const auto& [row, times] : wanted) {
    CHECK(got[row] <= times);
    missing += static_cast<std::size_t>(times - got[row]);
  }
  CHECK(missing == waiting);
}

}  // namespace weir
