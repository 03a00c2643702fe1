#include <array>
#include <memory>
#include <set>

#include <catch2/catch.hpp>

#include "partitioned_input.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeeds = 40;
constexpr std::int64_t kDisorder = 300;

/// An input that has grown, and got partitions, from run to run: run r reads what there is up to `ends[r]`.
struct GrowingInput {
  GrowingInput(std::mt19937_64& random, bool with_new_partitions)
      : ends{4'100, 4'100 + static_cast<std::int64_t>(random() % 900), 9'700} {
    std::vector<std::vector<Reading>> partitions(1 + random() % 3);
    for (std::size_t run = 0; run < ends.size(); ++run) {
      if (run == 2 && with_new_partitions) partitions.resize(partitions.size() + 1);
      for (auto& partition : partitions) {
        std::vector<Reading> rows = evenly(run == 0 ? 0 : ends[run - 1], ends[run], 20, random);
        disorder(rows, kDisorder, random);
        partition.insert(partition.end(), rows.begin(), rows.end());
      }
      runs.emplace_back().partitions = partitions;
    }
  }
  /// What of it is behind what the runs before have fired at their ends.
  std::vector<std::string> late() const {
    std::vector<std::string> rows;
    for (std::size_t run = 1; run < ends.size(); ++run) {
      const std::int64_t fired = (ends[run - 1] - 1) / kWindowMillis * kWindowMillis + kWindowMillis;
      for (const auto& partition : runs[run].partitions)
        for (const Reading& row : partition)
          if (row.time.millis >= ends[run - 1] && row.time.millis < std::min(fired, ends[run]))
            rows.push_back("{sensor:" + std::to_string(row.sensor) +
                           ",time:" + std::to_string(row.time.millis) + "}");
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  std::array<std::int64_t, 3> ends;
  std::vector<PartitionedInput> runs;
};

JobGraph counting_growing(const GrowingInput& input) {
  JobGraph graph = counting(input.runs[0], [](auto& readings) {
    readings.event_time(&Reading::time, bounded_out_of_orderness(Duration{kDisorder}));
  });
  std::get<SourceVertex>(graph.vertices[0].what).generator = [&input](const GeneratorOptions& options) {
    return std::make_unique<PartitionedSource>(input.runs[*options.events]);
  };
  return graph;
}

std::vector<JobOptions> runs(const GrowingInput& input, std::uint64_t seed, AtEnd at_end) {
  std::vector<JobOptions> jobs;
  for (std::size_t run = 0; run < input.runs.size(); ++run) {
    JobOptions& job = jobs.emplace_back();
    job.parallelism = static_cast<std::uint32_t>(1 + (seed + run) % 3);
    job.checkpoint_interval = Duration{5};
    job.state = seed % 2 == 0 ? StateMode::kHeap : StateMode::kRocksDb;
    job.sources["readings"] = "generator:?events=" + std::to_string(run);
    job.at_end = run + 1 < input.runs.size() ? at_end : AtEnd::kFire;
  }
  return jobs;
}

testing::SimulationOptions with_crashes(std::uint64_t seed) {
  testing::SimulationOptions options;
  options.seed = seed;
  options.faults = {seed % 4 == 0 ? 0 : 0.0004, 0.005, 0.05, 0.2};
  options.max_steps = 1'000'000;
  return options;
}

std::uint64_t counted(const std::vector<std::string>& rows) {
  std::uint64_t sum = 0;
  for (const std::string& row : rows) sum += std::stoul(row.substr(row.find("value:") + 6));
  return sum;
}

/// A partition to which rows come while it is read: each look at it finds one more. Where it is opened without a position, it begins at its
/// end of that moment.
struct LivePartition {
  std::int64_t rows = 0;
  std::int64_t end = 400;
};

class LiveSource final : public Source {
 public:
  explicit LiveSource(LivePartition& partition) : partition_(partition) {}
  std::vector<std::string> partitions() override { return {"0"}; }
  bool first_positions_move() const override { return true; }
  std::unique_ptr<PartitionReader> open(const std::string&, const std::optional<Position>& position,
                                        std::function<void()>) override {
    return std::make_unique<Reader>(partition_, position ? position->offset : partition_.rows);
  }

 private:
  class Reader final : public PartitionReader {
   public:
    Reader(LivePartition& partition, std::int64_t next) : partition_(partition), next_(next) {}
    ReadStatus read(RowSink& rows, std::size_t) override {
      if (next_ >= partition_.end) return ReadStatus::kEnd;
      if (next_ == partition_.rows) {
        ++partition_.rows;
        return ReadStatus::kCaughtUp;
      }
      static_cast<RowBatch<Reading>&>(rows.batch()).append(Reading{0, {next_}}, EventTime::min());
      ++next_;
      return ReadStatus::kRows;
    }
    Position position() const override { return {next_, {}}; }

   private:
    LivePartition& partition_;
    std::int64_t next_;
  };
  LivePartition& partition_;
};

}  // namespace

TEST_CASE("Runs that go on where others ended count each row once, or find it behind what had fired") {
  std::uint64_t crashes = 0, late = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const GrowingInput input(random, true);
    const JobGraph graph = counting_growing(input);
    const auto result = testing::simulate(graph, runs(input, seed, AtEnd::kFire), with_crashes(seed));
    CHECK(committed(result, "late") == input.late());
    CHECK(counted(committed(result, "counts")) + input.late().size() == input.runs.back().rows());
    crashes += result.crashes;
    late += input.late().size();
  }
  CHECK(crashes > kSeeds / 2);
  CHECK(late > kSeeds);
}

TEST_CASE("Runs that keep what is open at their ends give what one run gives") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const GrowingInput input(random, false);
    const JobGraph graph = counting_growing(input);
    const auto result = testing::simulate(graph, runs(input, seed, AtEnd::kKeep), with_crashes(seed));
    CHECK(committed(result, "late").empty());
    REQUIRE(committed(result, "counts") == expected_counts(input.runs.back()));
  }
}

TEST_CASE("What comes after a job has begun at the end of its input is read, whatever dies") {
  std::set<std::string> begins;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    LivePartition partition;
    Pipeline pipeline("live");
    pipeline.source<Reading>("readings", "generator:?events=1")
        .event_time(&Reading::time, monotonous())
        .sink("rows", "simulated:");
    JobGraph graph = pipeline.graph();
    std::get<SourceVertex>(graph.vertices[0].what).generator = [&](const GeneratorOptions&) {
      partition.rows += 3;  // while it is down
      return std::make_unique<LiveSource>(partition);
    };
    JobOptions job;
    job.checkpoint_interval = Duration{5};
    const auto result = testing::simulate(graph, job, with_crashes(seed));
    const auto& rows = result.committed.at("rows");
    // From its first row on all, once and in order.
    std::vector<std::string> expected;
    for (std::int64_t n = partition.end - static_cast<std::int64_t>(rows.size()); n < partition.end; ++n)
      expected.push_back("{sensor:0,time:" + std::to_string(n) + "}");
    REQUIRE(rows == expected);
    begins.insert(rows.front());
  }
  CHECK(begins.size() > 1);  // some died before the first positions were kept: then nothing had been read
}

}  // namespace weir
