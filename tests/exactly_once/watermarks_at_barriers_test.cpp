#include <memory>
#include <set>

#include <catch2/catch.hpp>

#include "partitioned_input.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

/// The watermarks that workers had at each of their snapshots, in order.
using Noted = std::map<int, std::set<std::int64_t>>;

/// Notes how far it has come at each barrier, and which rows came when they were late.
class NotesWatermarks final : public Operator {
 public:
  NotesWatermarks(OperatorContext context, Noted& noted, std::uint64_t& late)
      : outputs_(std::move(context.outputs)), noted_(noted), late_(late) {}
  void process(std::uint32_t, const Batch& rows) override {
    for (const EventTime time : rows.times()) late_ += time <= watermark_;
    for (const auto& consumer : outputs_[0]) consumer->consume(rows);
  }
  bool advance_watermark(EventTime watermark) override {
    watermark_ = watermark;
    return true;
  }
  void snapshot(SnapshotWriter&) override { noted_[snapshots_++].insert(watermark_.millis); }

 private:
  std::vector<std::vector<std::unique_ptr<BatchConsumer>>> outputs_;
  Noted& noted_;
  std::uint64_t& late_;
  EventTime watermark_ = EventTime::min();
  int snapshots_ = 0;
};

/// readings, by sensor → "first" → by sensor → "second" → sink: a source's marks, and an operator's.
JobGraph noting(const PartitionedInput& input, Noted& first, Noted& second, std::uint64_t& late) {
  Pipeline pipeline("noting");
  auto readings = pipeline.source<Reading>("readings", "generator:?events=1");
  readings.event_time(&Reading::time, monotonous()).idle_after(2ms);
  const auto noter = [&](const std::string& name, Noted& noted) {
    OperatorVertex vertex;
    vertex.make = [&noted, &late](OperatorContext context) {
      return std::make_unique<NotesWatermarks>(std::move(context), noted, late);
    };
    return readings.builder().add(name, "notes watermarks", std::move(vertex));
  };
  const auto whole = [](const Reading& row) { return row; };
  using KeyedReading = Keyed<std::uint32_t, Reading>;
  const VertexId one = noter("first", first);
  const VertexId other = noter("second", second);
  readings.key_by(&Reading::sensor).template connect<Reading>(one, 0, whole);
  Stream<KeyedReading>(readings.builder(), one, 0, {}, {})
      .map([](const KeyedReading& keyed) { return keyed.value; })
      .key_by(&Reading::sensor)
      .template connect<Reading>(other, 0, whole);
  Stream<KeyedReading>(readings.builder(), other, 0, {}, {})
      .map([](const KeyedReading& keyed) { return keyed.value; })
      .sink("passed", "simulated:");
  JobGraph graph = pipeline.graph();
  std::get<SourceVertex>(graph.vertices[0].what).generator = [&input](const GeneratorOptions&) {
    return std::make_unique<PartitionedSource>(input);
  };
  return graph;
}

}  // namespace

TEST_CASE("At a barrier all workers have the same watermark, also where partitions go idle and come back") {
  std::uint64_t barriers = 0, late = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    PartitionedInput input;
    input.rows_a_read = 3;
    for (std::size_t p = 0; p < 4; ++p) input.partitions.push_back(evenly(0, 20'000, 150, random));
    // Each pauses now and then, at its end, for longer or shorter than it takes to be idle; at times all do.
    std::vector<std::size_t> silence(4, 0);
    input.look = [&](std::size_t partition, const auto&) {
      std::size_t& looks = silence[partition];
      if (looks > 0) return --looks, ReadStatus::kCaughtUp;
      if (random() % 12 == 0) looks = random() % 60;
      return ReadStatus::kRows;
    };
    Noted first, second;
    JobOptions job;
    job.parallelism = 3;
    job.checkpoint_interval = 3ms;
    testing::SimulationOptions options;
    options.seed = seed;
    const auto result = testing::simulate(noting(input, first, second, late), job, options);
    REQUIRE(result.committed.at("passed").size() == input.rows());
    for (const auto& [n, watermarks] : first) {
      INFO("snapshot " << n);
      REQUIRE(watermarks.size() == 1);
    }
    for (const auto& [n, watermarks] : second) {
      INFO("snapshot " << n << " of the second");
      REQUIRE(watermarks.size() == 1);
    }
    barriers += first.size();
  }
  CHECK(barriers > 1'000);
  CHECK(late > 1'000);  // partitions did go idle, and came back behind the others
}

}  // namespace weir
