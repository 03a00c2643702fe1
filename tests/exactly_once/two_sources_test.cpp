#include <memory>
#include <set>

#include <catch2/catch.hpp>

#include "partitioned_input.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kEnd = 20'000;
constexpr std::uint64_t kSeeds = 60;

/// Two streams become one: rows pass as they come.
class Passes final : public Operator {
 public:
  explicit Passes(OperatorContext context) : outputs_(std::move(context.outputs)) {}
  void process(std::uint32_t, const Batch& rows) override {
    for (const auto& consumer : outputs_[0]) consumer->consume(rows);
  }
  bool advance_watermark(EventTime) override { return true; }

 private:
  std::vector<std::vector<std::unique_ptr<BatchConsumer>>> outputs_;
};

/// left + right → count by sensor and second → "counts".
JobGraph counting_both(const PartitionedInput& left, const PartitionedInput& right,
                       const std::function<void(SourceStream<Reading>&)>& say,
                       std::function<void(EventTime window_end)> fired) {
  Pipeline pipeline("both");
  auto one = pipeline.source<Reading>("left", "generator:?events=1");
  auto other = pipeline.source<Reading>("right", "generator:?events=1");
  say(one);
  say(other);
  OperatorVertex vertex;
  vertex.make = [](OperatorContext context) { return std::make_unique<Passes>(std::move(context)); };
  const VertexId both = one.builder().add("both", "passes", std::move(vertex));
  one.connect<Reading>(both, 0, Partitioning::kForward, place::Forward{});
  other.connect<Reading>(both, 1, Partitioning::kForward, place::Forward{});
  auto counts = Stream<Reading>(one.builder(), both, 0, {}, {})
                    .key_by(&Reading::sensor)
                    .window(tumbling(Duration{kWindowMillis}))
                    .late_rows()
                    .aggregate("counts-by-second", count());
  counts
      .filter([fired](const auto& counted) {
        fired(counted.window_end);
        return true;
      })
      .sink("counts", "simulated:");
  counts.late().sink("late", "simulated:");
  JobGraph graph = pipeline.graph();
  for (std::size_t i = 0; i < 2; ++i)
    std::get<SourceVertex>(graph.vertices[i].what).generator =
        [&input = i == 0 ? left : right](const GeneratorOptions&) {
          return std::make_unique<PartitionedSource>(input);
        };
  return graph;
}

PartitionedInput partitions(std::size_t count, std::int64_t begin, std::mt19937_64& random) {
  PartitionedInput input;
  for (std::size_t p = 0; p < count; ++p) {
    input.partitions.push_back(evenly(begin, kEnd, 100, random));
    disorder(input.partitions.back(), 100, random);
  }
  return input;
}

PartitionedInput all_of(const PartitionedInput& left, const PartitionedInput& right) {
  PartitionedInput all = left;
  all.partitions.insert(all.partitions.end(), right.partitions.begin(), right.partitions.end());
  return all;
}

}  // namespace

TEST_CASE(
    "A source that is idle holds back none that it is joined with, on whichever workers they are read") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    // Fewer partitions than workers, at times: then some worker reads nothing of a source.
    PartitionedInput left = partitions(1 + random() % 3, 0, random);
    PartitionedInput right = partitions(1 + random() % 2, 18'000, random);
    std::int64_t fired = 0;
    // The right comes with rows of second 18 only when windows up to 10 have been seen; all others wait there until all its partitions
    // have come.
    std::set<std::size_t> have_come;
    const auto all_have_come = [&] { return have_come.size() == right.partitions.size(); };
    left.look = [&](std::size_t partition, const PartitionedInput::Progress& progress) {
      const bool far = left.partitions[partition][progress[partition]].time.millis >= 17'500;
      return far && !all_have_come() ? ReadStatus::kNothing : ReadStatus::kRows;
    };
    right.look = [&](std::size_t partition, const PartitionedInput::Progress& progress) {
      if (progress[partition] > 0 && !all_have_come()) return ReadStatus::kNothing;
      return fired < 10'000 ? ReadStatus::kCaughtUp : ReadStatus::kRows;
    };
    right.note = [&](std::size_t partition, const Reading&) { have_come.insert(partition); };
    const JobGraph graph = counting_both(
        left, right,
        [](auto& readings) {
          readings.event_time(&Reading::time, bounded_out_of_orderness(100ms)).idle_after(10ms);
        },
        [&](EventTime end) { fired = std::max(fired, end.millis); });
    const auto result = simulate_with_crashes(graph, seed, static_cast<std::uint32_t>(1 + seed % 3));
    CHECK(committed(result, "late").empty());
    REQUIRE(committed(result, "counts") == expected_counts(all_of(left, right)));
    crashes += result.crashes;
  }
  CHECK(crashes > kSeeds / 2);
}

TEST_CASE("Sources of one drift group wait for each other's slowest partition") {
  const auto run = [](std::uint64_t seed, const std::string& group) {
    std::mt19937_64 random(seed);
    PartitionedInput fast = partitions(3, 0, random);
    PartitionedInput slow = partitions(2, 0, random);
    std::int64_t slowest = 0, ahead = 0;
    slow.look = [looks = std::make_shared<int>(0)](std::size_t partition, const auto&) {
      return partition > 0 || ++*looks % 20 == 0 ? ReadStatus::kRows : ReadStatus::kNothing;
    };
    slow.note = [&](std::size_t partition, const Reading& row) {
      if (partition == 0) slowest = std::max(slowest, row.time.millis);
    };
    fast.note = [&](std::size_t, const Reading& row) { ahead = std::max(ahead, row.time.millis - slowest); };
    const JobGraph graph = counting_both(
        fast, slow,
        [&](auto& readings) {
          readings.event_time(&Reading::time, bounded_out_of_orderness(100ms)).align(1s, group);
        },
        [](EventTime) {});
    const auto result = simulate_with_crashes(graph, seed, static_cast<std::uint32_t>(1 + seed % 3));
    CHECK(committed(result, "late").empty());
    CHECK(committed(result, "counts") == expected_counts(all_of(fast, slow)));
    return ahead;
  };
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    CHECK(run(seed, "both") <= 1'000 + 20 * 100 + 2 * 100 + 2);
    if (seed % 10 == 0) CHECK(run(seed, "") > kEnd / 2);
  }
}

}  // namespace weir
