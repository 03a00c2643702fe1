#include <atomic>
#include <set>

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include "job_fixture.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kEvents = 30'000;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// One partition: some rows, one thing that cannot be decoded, and then nothing more.
class ShortSource final : public Source {
 public:
  ShortSource(std::vector<std::int64_t> times, bool reject, ReadStatus at_end)
      : times_(std::move(times)), reject_(reject), at_end_(at_end) {}
  std::vector<std::string> partitions() override { return {"only"}; }
  std::unique_ptr<PartitionReader> open(const std::string&, const std::optional<Position>& position,
                                        std::function<void()>) override {
    return std::make_unique<Reader>(*this, position ? static_cast<std::size_t>(position->offset) : 0);
  }

 private:
  class Reader final : public PartitionReader {
   public:
    Reader(const ShortSource& source, std::size_t next) : source_(source), next_(next) {}
    ReadStatus read(RowSink& rows, std::size_t limit) override {
      if (next_ == source_.times_.size()) return source_.at_end_;
      for (; limit > 0 && next_ < source_.times_.size(); --limit, ++next_) {
        auto& batch = static_cast<RowBatch<Sample>&>(rows.batch());
        batch.append(Sample{batch.arena().copy("a"), {source_.times_[next_]}, 1}, EventTime::min());
      }
      if (source_.reject_) rows.reject({77, "not a sample", "garbage"});
      return ReadStatus::kRows;
    }
    Position position() const override { return {static_cast<std::int64_t>(next_), {}}; }

   private:
    const ShortSource& source_;
    std::size_t next_;
  };

  const std::vector<std::int64_t> times_;
  const bool reject_;
  const ReadStatus at_end_;
};

}  // namespace

TEST_CASE("A job gives the same rows at every parallelism and in both state modes") {
  const std::uint32_t parallelism = GENERATE(1u, 2u, 3u);
  const StateMode state = GENERATE(StateMode::kHeap, StateMode::kRocksDb);
  Machine machine;
  JobOptions options = quick_options(parallelism);
  options.state = state;
  options.memory_bytes = 4096;  // makes every pane spill, where it may
  Job job(summing(), options, machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(machine.rows.sorted("results") == expected_sums(kEvents));
  const JobStatus status = job.status();
  CHECK(status.state == JobState::kDone);
  CHECK(status.bounded);
  CHECK(status.restarts == 0);
  REQUIRE(status.sources.size() == 1);
  CHECK(status.sources[0].records == kEvents);
  CHECK(status.sources[0].progress == 1.0);
}

TEST_CASE("An exception in user code restarts the job, and nothing is lost or doubled") {
  Machine machine;
  std::atomic<int> failures{0};
  std::atomic<std::uint64_t> seen{0};
  Job job(summing([&](const Sample&) {
            if (++seen % 20'000 == 0 && failures < 3) {
              ++failures;
              throw std::runtime_error("the user's own mistake");
            }
          }),
          quick_options(2), machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(machine.rows.sorted("results") == expected_sums(kEvents));
  CHECK(failures > 0);
  CHECK(job.status().restarts == static_cast<std::uint32_t>(failures));
  CHECK_THAT(job.status().last_failure, Catch::Contains("the user's own mistake"));
}

TEST_CASE("A job gives up when it has failed too often") {
  Machine machine;
  std::atomic<int> attempts{0};
  Job job(summing([&](const Sample&) {
            ++attempts;
            throw std::runtime_error("always");
          }),
          quick_options(1), machine.world());
  CHECK(job.run() == ExitCode::kJobFailed);
  CHECK(attempts == 6);  // the first one, and five restarts
  CHECK(job.status().restarts == 5);
  CHECK(job.status().state == JobState::kFailed);
  CHECK(machine.rows.sorted("results").empty());
}

TEST_CASE("What is thrown need not be a std::exception") {
  Machine machine;
  std::atomic<int> thrown{0};
  Job job(summing([&](const Sample&) {
            if (thrown++ == 0) throw 42;
          }),
          quick_options(1), machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(job.status().restarts == 1);
  CHECK(machine.rows.sorted("results") == expected_sums(kEvents));
}

TEST_CASE("A failure that a restart cannot help ends the job at once, with its code") {
  Machine machine;
  std::atomic<int> attempts{0};
  Job job(summing([&](const Sample&) {
            ++attempts;
            throw FailJob("hopeless", ExitCode::kStateUnusable);
          }),
          quick_options(1), machine.world());
  CHECK(job.run() == ExitCode::kStateUnusable);
  CHECK(attempts == 1);
  CHECK_THAT(job.status().last_failure, Catch::EndsWith(": hopeless"));
}

TEST_CASE(
    "A stopped job has committed everything up to its stop, and others go on from there at another "
    "parallelism") {
  JobScratch scratch;
  Machine machine;
  JobOptions options = quick_options();
  options.state_dir = scratch / "state";
  options.checkpoint_dir = scratch / "checkpoints";
  options.sources["samples"] = "generator:?events=30000&partitions=4&rate=4000";
  std::uint64_t read = 0;
  Epoch last = kNoEpoch;
  for (const std::uint32_t parallelism : {1u, 2u, 3u}) {
    options.parallelism = parallelism;
    RunningJob running(summing(), options, machine.world_on_disk());
    REQUIRE(running.wait_until(
        [&](const JobStatus& status) { return !status.sources.empty() && status.sources[0].records > 800; }));
    CHECK(running.stop() == ExitCode::kDone);
    const JobStatus status = running.job().status();
    CHECK(status.state == JobState::kStopped);
    CHECK(status.last_commit > last);
    last = status.last_commit;
    read += status.sources[0].records;
  }
  CHECK(read < kEvents);
  options.parallelism = 1;
  options.sources.clear();
  Job job(summing(), options, machine.world_on_disk());
  CHECK(job.run() == ExitCode::kDone);
  CHECK(job.status().sources[0].records == kEvents - read);
  CHECK(machine.rows.sorted("results") == expected_sums(kEvents));
}

TEST_CASE("A job that starts anew repeats its output, and resumes its own commits after a failure") {
  Machine machine;
  REQUIRE(Job(summing(), quick_options(), machine.world()).run() == ExitCode::kDone);
  std::atomic<std::uint64_t> seen{0};
  JobOptions options = quick_options();
  options.from = StartFrom::kFresh;
  Job again(summing([&](const Sample&) {
              if (++seen == 20'000) throw std::runtime_error("once");
            }),
            options, machine.world());
  REQUIRE(again.run() == ExitCode::kDone);
  CHECK(again.status().restarts == 1);
  auto twice = expected_sums(kEvents);
  const auto once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  std::sort(twice.begin(), twice.end());
  CHECK(machine.rows.sorted("results") == twice);
}

TEST_CASE("A job that is done has nothing left to do when it is run again") {
  Machine machine;
  REQUIRE(Job(summing(), quick_options(2), machine.world()).run() == ExitCode::kDone);
  Job again(summing(), quick_options(2), machine.world());
  CHECK(again.run() == ExitCode::kDone);
  CHECK(again.status().sources[0].records == 0);
  CHECK(machine.rows.sorted("results") == expected_sums(kEvents));
}

TEST_CASE("A job whose state was taken under another max parallelism or type is refused") {
  Machine machine;
  REQUIRE(Job(summing(), quick_options(), machine.world()).run() == ExitCode::kDone);
  JobOptions options = quick_options();
  options.max_parallelism = 64;
  Job other(summing(), options, machine.world());
  CHECK(other.run() == ExitCode::kStateUnusable);
  CHECK_THAT(other.status().last_failure, Catch::Contains("--max-parallelism 128"));
  Pipeline pipeline("summing");
  pipeline.source<Sample>("samples", "generator:?events=10")
      .generated_by(sample)
      .key_by(&Sample::sensor)
      .window(tumbling(1s))
      .aggregate("sums", mean(&Sample::value))
      .sink("results", "collect:");
  Job changed(pipeline.graph(), quick_options(), machine.world());
  CHECK(changed.run() == ExitCode::kStateUnusable);
  CHECK_THAT(
      changed.status().last_failure,
      Catch::Contains(
          "operator 'sums', state 'panes': int128 cannot become {sum:double,rest:double,count:int64}"));
}

TEST_CASE("Dead letters reach their sink in the same commit") {
  Machine machine([] {
    return std::make_unique<ShortSource>(std::vector<std::int64_t>{1, 2, 3}, true, ReadStatus::kEnd);
  });
  JobOptions options = quick_options(2);
  options.sources["samples"] = "short:";
  options.sinks["samples.dead_letter"] = "collect:";
  options.on_reject["samples"] = RejectPolicy::kDeadLetter;
  Job job(summing(), options, machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  CHECK(machine.rows.sorted("results") ==
        std::vector<std::string>{"{key:a,window_start:0,window_end:1000,value:3}"});
  CHECK(machine.rows.sorted("samples.dead_letter") ==
        std::vector<std::string>{"{source:samples,partition:only,offset:77,reason:not a "
                                 "sample,payload:garbage,encoding:text,bytes:7}"});
  CHECK(job.status().sources[0].rejected == 1);
}

TEST_CASE(
    "An idle partition fires no window that it has not passed, though other workers have no input at all") {
  Machine machine([] {
    return std::make_unique<ShortSource>(std::vector<std::int64_t>{100, 2'000}, false, ReadStatus::kCaughtUp);
  });
  Pipeline pipeline("idle");
  pipeline.source<Sample>("samples", "short:")
      .event_time(&Sample::time, monotonous())
      .idle_after(10ms)
      .key_by(&Sample::sensor)
      .window(tumbling(1s))
      .aggregate("counts", count())
      .sink("results", "collect:");
  RunningJob running(pipeline.graph(), quick_options(3), machine.world());
  CHECK(running.wait_until([&](const JobStatus&) { return !machine.rows.sorted("results").empty(); }));
  std::this_thread::sleep_for(100ms);  // long after it has become idle
  CHECK(machine.rows.sorted("results") ==
        std::vector<std::string>{"{key:a,window_start:0,window_end:1000,value:1}"});
  CHECK(running.stop() == ExitCode::kDone);
}

TEST_CASE("An idle job uses next to no processor") {
  Machine machine([] {
    return std::make_unique<ShortSource>(std::vector<std::int64_t>{1}, false, ReadStatus::kCaughtUp);
  });
  JobOptions options = quick_options(2);
  options.sources["samples"] = "short:";
  options.checkpoint_interval = 1s;
  RunningJob running(summing(), options, machine.world());
  REQUIRE(running.wait_until([](const JobStatus& status) { return status.last_commit > 0; }));
  std::this_thread::sleep_for(50ms);
  const double before = cpu_seconds();
  std::this_thread::sleep_for(1s);
  const double used = cpu_seconds() - before;
  WARN("an idle job of two workers uses " << used * 100 << " % of a core");
  CHECK(used < 0.1);
}

}  // namespace weir
