#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/pipeline.hpp>
#include <weir/testing/simulation.hpp>

namespace weir {

struct Reading {
  std::uint32_t sensor;
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (sensor, time))

/// Partitions with all their rows, and a say in when each may be read. Outlives the attempts that read it.
struct PartitionedInput {
  using Progress = std::vector<std::size_t>;  ///< rows read, by partition
  std::vector<std::vector<Reading>> partitions;
  /// Asked before each row, with how far this attempt has come: kRows gives the row.
  std::function<ReadStatus(std::size_t partition, const Progress& progress)> look =
      [](std::size_t, const Progress&) { return ReadStatus::kRows; };
  std::function<void(std::size_t partition, const Reading& row)> note = [](std::size_t, const Reading&) {};
  std::size_t rows_a_read = 20;

  std::size_t rows() const {
    std::size_t rows = 0;
    for (const auto& partition : partitions) rows += partition.size();
    return rows;
  }
};

/// Reads a PartitionedInput; positions are numbers of rows.
class PartitionedSource final : public Source {
 public:
  explicit PartitionedSource(const PartitionedInput& input)
      : input_(input), progress_(input.partitions.size()) {}

  std::vector<std::string> partitions() override {
    std::vector<std::string> names;
    for (std::size_t k = 0; k < progress_.size(); ++k) names.push_back(std::to_string(k));
    return names;
  }
  std::unique_ptr<PartitionReader> open(const std::string& partition, const std::optional<Position>& position,
                                        std::function<void()>) override {
    const std::size_t k = std::stoul(partition);
    progress_[k] = position ? static_cast<std::size_t>(position->offset) : 0;
    return std::make_unique<Reader>(input_, progress_, k);
  }

 private:
  class Reader final : public PartitionReader {
   public:
    Reader(const PartitionedInput& input, PartitionedInput::Progress& progress, std::size_t partition)
        : input_(input), progress_(progress), partition_(partition) {}
    ReadStatus read(RowSink& rows, std::size_t limit) override {
      const auto& all = input_.partitions[partition_];
      std::size_t& next = progress_[partition_];
      auto& batch = static_cast<RowBatch<Reading>&>(rows.batch());
      std::size_t n = 0;
      for (; n < std::min(limit, input_.rows_a_read) && next < all.size(); ++n, ++next) {
        const ReadStatus status = input_.look(partition_, progress_);
        if (status != ReadStatus::kRows) return n > 0 ? ReadStatus::kRows : status;
        input_.note(partition_, all[next]);
        batch.append(all[next], EventTime::min());
      }
      return n > 0 ? ReadStatus::kRows : ReadStatus::kEnd;
    }
    Position position() const override { return {static_cast<std::int64_t>(progress_[partition_]), {}}; }

   private:
    const PartitionedInput& input_;
    PartitionedInput::Progress& progress_;
    const std::size_t partition_;
  };

  const PartitionedInput& input_;
  PartitionedInput::Progress progress_;
};

constexpr std::int64_t kWindowMillis = 1000;

inline std::int64_t window_start(const Reading& reading) {
  return reading.time.millis / kWindowMillis * kWindowMillis;
}

/// readings → count by sensor and second → "counts", with what is late in "late". `say` gives the source its event time.
inline JobGraph counting(
    const PartitionedInput& input, const std::function<void(SourceStream<Reading>&)>& say,
    std::function<void(EventTime window_end)> fired = [](EventTime) {}) {
  Pipeline pipeline("counting");
  auto readings = pipeline.source<Reading>("readings", "generator:?events=1");
  say(readings);
  auto counts = readings.key_by(&Reading::sensor)
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
  // The simulation reads from generators; this one happens to give what a test has written down.
  std::get<SourceVertex>(graph.vertices[0].what).generator = [&input](const GeneratorOptions&) {
    return std::make_unique<PartitionedSource>(input);
  };
  return graph;
}

/// What "counts" is to hold when no row is late, sorted.
inline std::vector<std::string> expected_counts(const PartitionedInput& input) {
  std::map<std::pair<std::int64_t, std::uint32_t>, int> counts;
  for (const auto& partition : input.partitions)
    for (const Reading& reading : partition) ++counts[{window_start(reading), reading.sensor}];
  std::vector<std::string> rows;
  for (const auto& [window, count] : counts)
    rows.push_back("{key:" + std::to_string(window.second) + ",window_start:" + std::to_string(window.first) +
                   ",window_end:" + std::to_string(window.first + kWindowMillis) +
                   ",value:" + std::to_string(count) + "}");
  std::sort(rows.begin(), rows.end());
  return rows;
}

inline std::vector<std::string> committed(const testing::SimulationResult& result, const std::string& sink) {
  const auto found = result.committed.find(sink);
  std::vector<std::string> rows =
      found == result.committed.end() ? std::vector<std::string>{} : found->second;
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// Rows from `begin` up to `end`, a step apart, in order.
inline std::vector<Reading> evenly(std::int64_t begin, std::int64_t end, std::int64_t step,
                                   std::mt19937_64& random) {
  std::vector<Reading> rows;
  for (std::int64_t time = begin; time < end; time += step)
    rows.push_back({static_cast<std::uint32_t>(random() % 5), EventTime{time}});
  return rows;
}

/// Puts rows out of order: each comes after rows that are at most `disorder` younger, and often just that.
inline void disorder(std::vector<Reading>& rows, std::int64_t disorder, std::mt19937_64& random) {
  std::vector<std::pair<std::int64_t, Reading>> arriving;
  for (const Reading& row : rows) {
    const auto delay = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(disorder + 1));
    arriving.emplace_back(row.time.millis + delay, row);
  }
  std::stable_sort(arriving.begin(), arriving.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = arriving[i].second;
}

inline testing::SimulationResult simulate_with_crashes(const JobGraph& graph, std::uint64_t seed,
                                                       std::uint32_t workers) {
  JobOptions job;
  job.parallelism = workers;
  job.state = seed % 2 == 0 ? StateMode::kHeap : StateMode::kRocksDb;
  job.checkpoint_interval = Duration{5};
  testing::SimulationOptions options;
  options.seed = seed;
  options.faults = {seed % 4 == 0 ? 0 : 0.0004, 0.005, 0.05, 0.2};
  options.max_steps = 1'000'000;
  return testing::simulate(graph, job, options);
}

}  // namespace weir
