#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <weir/checkpoint/saved_state.hpp>
#include <weir/operators/process.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

struct Count {
  std::string_view sensor;
  std::int64_t rows;
  std::int64_t listed;
  std::int64_t mapped;
};
BOOST_DESCRIBE_STRUCT(Count, (), (sensor, rows, listed, mapped))

/// Counts rows in a state of each shape.
struct Counting {
  explicit Counting(std::optional<StateTtl> ttl) : count("count", ttl), list("list", ttl), map("map", ttl) {}
  ValueState<std::int64_t> count;
  ListState<Sample> list;
  MapState<std::int64_t, Sample> map;
  auto states() { return std::tie(count, list, map); }
  void process(const Sample& sample, KeyedContext<std::string_view, Count>& context) {
    ++count.edit();
    if (count.value_or(0) % 50 == 0) list.add(sample, context.time());
    map.put(sample.value % 10, sample);
    context.emit({sample.sensor, count.value_or(0), static_cast<std::int64_t>(list.size()),
                  static_cast<std::int64_t>(map.size())});
  }
};

JobGraph counting(std::optional<StateTtl> ttl) {
  Pipeline pipeline("counting");
  pipeline.source<Sample>("samples", "generator:?events=40000&partitions=2&rate=40000")
      .generated_by(sample)
      .event_time(&Sample::time, bounded_out_of_orderness(Duration{300}))
      .key_by(&Sample::sensor)
      .process<Count>("counts", Counting(ttl))
      .sink("results", "collect:");
  return pipeline.graph();
}

/// Runs until some more is committed, some times, and stops.
void run_for_a_while(Machine& machine, const JobOptions& options, std::optional<StateTtl> ttl) {
  RunningJob job(counting(ttl), options, machine.world_on_disk());
  Epoch first = kNoEpoch;
  REQUIRE(job.wait_until([&](const JobStatus& status) {
    if (first == kNoEpoch) first = status.last_commit;
    return first != kNoEpoch && status.last_commit >= first + 4;
  }));
  REQUIRE(job.stop() == ExitCode::kDone);
}

std::map<std::string, std::string> last_rows(Machine& machine) {
  std::map<std::string, std::string> last;
  for (const std::string& row : machine.rows.committed["results"]) last[row.substr(0, row.find(','))] = row;
  return last;
}

JobOptions on_disk(const JobScratch& scratch, std::uint32_t parallelism, StateMode mode) {
  JobOptions options = quick_options(parallelism);
  options.state = mode;
  options.state_dir = scratch / "state";
  options.checkpoint_dir = scratch / "checkpoints";
  return options;
}

bool said(const Machine& machine, const std::string& text) {
  return std::any_of(machine.log.begin(), machine.log.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

/// The last checkpoint's entries: how many, and how many have a time.
std::pair<std::size_t, std::size_t> stored(const JobOptions& options) {
  const auto store = make_directory_store(options.checkpoint_dir);
  const auto backend = make_rocksdb_backend({options.state_dir + "-look", 8 << 20});
  const SavedState state(*store, store->epochs().back(), *backend);
  std::pair<std::size_t, std::size_t> found{0, 0};
  state.for_each({}, [&](const SavedEntry& entry) {
    ++found.first;
    found.second += entry.value.find("\"written\":1") != std::string::npos;
    return true;
  });
  return found;
}

}  // namespace

TEST_CASE(
    "A job's states begin to expire, change their clock, and cease to expire, without losing anything") {
  const StateMode mode = GENERATE(StateMode::kHeap, StateMode::kRocksDb);
  JobScratch scratch;
  Machine machine, undisturbed;
  const StateTtl day = expire_after(std::chrono::hours(24));
  run_for_a_while(machine, on_disk(scratch, 1, mode), std::nullopt);
  CHECK(stored(on_disk(scratch, 1, mode)).second == 0);
  run_for_a_while(machine, on_disk(scratch, 2, mode), day);
  CHECK(said(machine, "operator 'counts', state 'count': converted: expires from now on"));
  const auto [entries, with_time] = stored(on_disk(scratch, 2, mode));
  CHECK(entries > 53);
  CHECK(with_time == entries);
  run_for_a_while(machine, on_disk(scratch, 1, mode), day.by_event_time());
  CHECK(said(machine, "operator 'counts', state 'list': converted: expires by another clock"));
  Job last(counting(std::nullopt), on_disk(scratch, 2, mode), machine.world_on_disk());
  REQUIRE(last.run() == ExitCode::kDone);
  CHECK(said(machine, "operator 'counts', state 'map': converted: does not expire any more"));

  Job reference(counting(std::nullopt), quick_options(1), undisturbed.world());
  REQUIRE(reference.run() == ExitCode::kDone);
  CHECK(last_rows(machine) == last_rows(undisturbed));
}

TEST_CASE("A checkpoint shrinks to nothing when all has expired, also after a restart") {
  const StateMode mode = GENERATE(StateMode::kHeap, StateMode::kRocksDb);
  JobScratch scratch;
  Machine machine;
  const JobOptions options = on_disk(scratch, 2, mode);
  const StateTtl ttl = expire_after(Duration{300});
  run_for_a_while(machine, options, ttl);
  CHECK(stored(options).first > 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  JobOptions slow = options;
  slow.sources["samples"] = "generator:?events=40000&partitions=2&rate=0.1";
  {
    RunningJob idle(counting(ttl), slow, machine.world_on_disk());
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    REQUIRE(idle.stop() == ExitCode::kDone);
  }
  CHECK(stored(options).first <= 3 * 3);  // of the few rows that came meanwhile
}

}  // namespace weir
