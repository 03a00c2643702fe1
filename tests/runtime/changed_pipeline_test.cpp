#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/process.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

struct Total {
  std::string_view sensor;
  double total;
  std::int64_t rows;
};
BOOST_DESCRIBE_STRUCT(Total, (), (sensor, total, rows))

/// What the first program keeps of a sensor, and the second.
struct Kept {
  std::int64_t total = 0;
  std::int32_t rows = 0;
  std::string_view first;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (total, rows, first))
struct KeptLater {
  std::optional<std::string> note;
  std::int64_t rows = 0;
  double total = 0;
};
BOOST_DESCRIBE_STRUCT(KeptLater, (), (note, rows, total))
struct KeptRenamed {
  std::int32_t samples = 0;
  std::int64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(KeptRenamed, (), (samples, sum))
struct KeptOtherwise {
  std::int16_t total = 0;
};
BOOST_DESCRIBE_STRUCT(KeptOtherwise, (), (total))

}  // namespace

template <>
struct FieldAliases<KeptRenamed> {
  static constexpr FieldAlias kFields[] = {{"sum", "total"}, {"samples", "rows"}};
};

namespace {

struct Before {
  ValueState<Kept> kept{"kept"};
  ListState<Sample> all{"all"};
  auto states() { return std::tie(kept, all); }
  void process(const Sample& sample, KeyedContext<std::string_view, Total>& context) {
    Kept now = kept.value_or({});
    now.total += sample.value;
    ++now.rows;
    kept.set(now);
    all.add(sample, context.time());
    context.emit({sample.sensor, static_cast<double>(now.total), now.rows});
  }
};

struct After {
  ValueState<KeptLater> kept{"kept"};
  auto states() { return std::tie(kept); }
  void process(const Sample& sample, KeyedContext<std::string_view, Total>& context) {
    KeptLater& now = kept.edit();
    now.total += static_cast<double>(sample.value);
    ++now.rows;
    context.emit({sample.sensor, now.total, now.rows});
  }
};

struct AfterRenaming {
  ValueState<KeptRenamed> kept{"kept"};
  auto states() { return std::tie(kept); }
  void process(const Sample& sample, KeyedContext<std::string_view, Total>& context) {
    KeptRenamed& now = kept.edit();
    now.sum += sample.value;
    ++now.samples;
    context.emit({sample.sensor, static_cast<double>(now.sum), now.samples});
  }
};

struct Otherwise {
  ValueState<KeptOtherwise> kept{"kept"};
  auto states() { return std::tie(kept); }
  void process(const Sample& sample, KeyedContext<std::string_view, Total>& context) {
    context.emit({sample.sensor, static_cast<double>(kept.edit().total), 0});
  }
};

template <class Function>
JobGraph totals(Function function, const std::string& name = "totals") {
  Pipeline pipeline("totals");
  pipeline.source<Sample>("samples", "generator:?events=20000&partitions=2&rate=40000")
      .generated_by(sample)
      .event_time(&Sample::time, bounded_out_of_orderness(Duration{300}))
      .key_by(&Sample::sensor)
      .template process<Total>(name, function)
      .sink("results", "collect:");
  return pipeline.graph();
}

/// The last total of each sensor, and how many rows there were in all.
std::pair<std::map<std::string, std::string>, std::size_t> last_totals(CollectedRows& rows) {
  std::map<std::string, std::string> last;
  const std::vector<std::string>& committed = rows.committed["results"];
  for (const std::string& row : committed) {
    const std::size_t comma = row.find(',');
    last[row.substr(0, comma)] = row.substr(comma);
  }
  return {last, committed.size()};
}

/// Runs the first program until something is committed, and stops it.
void run_before(Machine& machine, std::uint32_t parallelism) {
  RunningJob job(totals(Before{}), quick_options(parallelism), machine.world());
  REQUIRE(job.wait_until([](const JobStatus& status) { return status.last_commit >= 3; }));
  REQUIRE(job.stop() == ExitCode::kDone);
}

}  // namespace

TEST_CASE("A changed program goes on with the state of the one before") {
  Machine machine, undisturbed;
  run_before(machine, 1);
  const std::size_t committed_before = machine.rows.committed["results"].size();
  REQUIRE(committed_before > 0);
  REQUIRE(committed_before < 20'000);

  JobOptions options = quick_options(2);
  RunningJob refused(totals(After{}), options, machine.world());
  CHECK(refused.wait_until([](const JobStatus& status) { return status.state == JobState::kFailed; }));
  CHECK_THAT(refused.job().status().last_failure,
             Catch::Contains("operator 'totals', state 'all': the pipeline does not have it"));
  CHECK_THAT(refused.job().status().last_failure, Catch::Contains("--allow-dropped-state"));

  options.allow_dropped_state = true;
  Job job(totals(After{}), options, machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  Job reference(totals(Before{}), quick_options(1), undisturbed.world());
  REQUIRE(reference.run() == ExitCode::kDone);
  CHECK(last_totals(machine.rows) == last_totals(undisturbed.rows));
  const bool said = std::any_of(machine.log.begin(), machine.log.end(), [](const std::string& line) {
    return line.find("operator 'totals', state 'kept': converted: ") != std::string::npos &&
           line.find("field total: int64 widens to double") != std::string::npos;
  });
  CHECK(said);
}

TEST_CASE(
    "Fields that were renamed are found by their declared former names, also by the restore after the next") {
  Machine machine, undisturbed;
  run_before(machine, 1);
  JobOptions options = quick_options(2);
  options.allow_dropped_state = true;
  {
    RunningJob renamed(totals(AfterRenaming{}), options, machine.world());
    REQUIRE(renamed.wait_until([](const JobStatus& status) { return status.last_commit >= 8; }));
    REQUIRE(renamed.stop() == ExitCode::kDone);
  }
  REQUIRE(machine.rows.committed["results"].size() < 20'000);
  Job job(totals(AfterRenaming{}), quick_options(1), machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  Job reference(totals(Before{}), quick_options(1), undisturbed.world());
  REQUIRE(reference.run() == ExitCode::kDone);
  CHECK(last_totals(machine.rows) == last_totals(undisturbed.rows));
}

TEST_CASE("A change of state that would lose something is refused with operator, state, field and types") {
  Machine machine;
  run_before(machine, 1);
  JobOptions options = quick_options();
  options.allow_dropped_state = true;
  Job job(totals(Otherwise{}), options, machine.world());
  CHECK(job.run() == ExitCode::kStateUnusable);
  CHECK_THAT(job.status().last_failure,
             Catch::Contains("operator 'totals', state 'kept': field total: int64 cannot become int16"));
}

TEST_CASE("An operator that was renamed is reported, not begun anew") {
  Machine machine;
  run_before(machine, 1);
  Job job(totals(Before{}, "sums"), quick_options(), machine.world());
  CHECK(job.run() == ExitCode::kStateUnusable);
  CHECK_THAT(job.status().last_failure,
             Catch::Contains("operator 'totals', state 'kept': the pipeline does not"));
}

}  // namespace weir
