#include <memory>

#include <catch2/catch.hpp>

#include "partitioned_input.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPartitions = 8;
constexpr std::int64_t kEnd = 20'000;
constexpr std::uint64_t kSeeds = 80;

PartitionedInput eight_partitions(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  PartitionedInput input;
  for (std::size_t p = 0; p < kPartitions; ++p) {
    input.partitions.push_back(evenly(static_cast<std::int64_t>(p), kEnd, 100, random));
    disorder(input.partitions.back(), 100, random);
  }
  return input;
}

std::uint32_t workers(std::uint64_t seed) { return 1 + seed % 3; }

/// How far reading has run ahead: of partition 0, and of what has been fired.
struct Ahead {
  std::int64_t slowest = 0;
  std::int64_t fired = 0;
  std::int64_t of_slowest = 0;
  std::int64_t windows_open = 0;

  void note(std::size_t partition, const Reading& row) {
    if (partition == 0) slowest = std::max(slowest, row.time.millis);
    of_slowest = std::max(of_slowest, row.time.millis - slowest);
    windows_open = std::max(windows_open, (row.time.millis - fired) / kWindowMillis);
  }
};

/// Partition 0 gives a row at every twentieth look, the others all they have.
Ahead run_with_slow_partition(std::uint64_t seed, std::optional<Duration> max_drift, std::uint64_t& crashes) {
  Ahead ahead;
  PartitionedInput input = eight_partitions(seed);
  input.look = [looks = std::make_shared<int>(0)](std::size_t partition, const auto&) {
    return partition > 0 || ++*looks % 20 == 0 ? ReadStatus::kRows : ReadStatus::kNothing;
  };
  input.note = [&](std::size_t partition, const Reading& row) { ahead.note(partition, row); };
  const JobGraph graph = counting(
      input,
      [&](auto& readings) {
        readings.event_time(&Reading::time, bounded_out_of_orderness(100ms)).idle_after(1ms);
        if (max_drift) readings.align(*max_drift);
      },
      [&](EventTime end) { ahead.fired = std::max(ahead.fired, end.millis); });
  const auto result = simulate_with_crashes(graph, seed, workers(seed));
  CHECK(committed(result, "counts") == expected_counts(input));
  CHECK(committed(result, "late").empty());
  crashes += result.crashes;
  return ahead;
}

}  // namespace

TEST_CASE(
    "Windows fire without a partition that has gone silent, and nothing of it is late when it comes back") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    constexpr std::size_t kSilent = 3;
    PartitionedInput input = eight_partitions(seed);
    // Silent from second 2 on; back with rows of second 11, the second that the others have come to by then.
    auto before = evenly(0, 2'000, 100, random);
    const std::size_t until = before.size();
    const auto after = evenly(11'000, kEnd, 100, random);
    input.partitions[kSilent] = before;
    input.partitions[kSilent].insert(input.partitions[kSilent].end(), after.begin(), after.end());
    std::int64_t fired = 0;
    input.look = [&](std::size_t partition, const PartitionedInput::Progress& progress) {
      const bool silent = progress[kSilent] == until;
      // Comes back only when the windows up to second 10 have been seen; if they wait for it, the run is stuck.
      if (partition == kSilent) return silent && fired < 10'000 ? ReadStatus::kCaughtUp : ReadStatus::kRows;
      const Reading& next = input.partitions[partition][progress[partition]];
      return next.time.millis >= 11'000 && progress[kSilent] <= until ? ReadStatus::kNothing
                                                                      : ReadStatus::kRows;
    };
    const JobGraph graph = counting(
        input,
        [](auto& readings) {
          readings.event_time(&Reading::time, bounded_out_of_orderness(100ms)).idle_after(10ms);
        },
        [&](EventTime end) { fired = std::max(fired, end.millis); });
    const auto result = simulate_with_crashes(graph, seed, workers(seed));
    CHECK(committed(result, "late").empty());
    REQUIRE(committed(result, "counts") == expected_counts(input));
    crashes += result.crashes;
  }
  CHECK(crashes > kSeeds / 2);
}

TEST_CASE("Windows wait for a partition that is merely slow") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    const Ahead ahead = run_with_slow_partition(seed, std::nullopt, crashes);
    CHECK(ahead.of_slowest > kEnd / 2);  // else the next test shows nothing
    CHECK(ahead.windows_open > 10);
  }
  CHECK(crashes > kSeeds / 2);
}

TEST_CASE("Partitions that are aligned with a slow one are paused, so that few windows are open") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    const Ahead ahead = run_with_slow_partition(seed, 1s, crashes);
    // The drift, a read of 20 rows, and the disorder of two partitions.
    CHECK(ahead.of_slowest <= 1'000 + 20 * 100 + 2 * 100 + 2);
    CHECK(ahead.windows_open <= 6);
  }
  CHECK(crashes > kSeeds / 2);
}

TEST_CASE("A partition that holds nine rows of ten makes none late, and none is lost") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    PartitionedInput input;
    const auto heavy = static_cast<std::size_t>(random() % kPartitions);
    for (std::size_t p = 0; p < kPartitions; ++p) {
      input.partitions.push_back(evenly(static_cast<std::int64_t>(p), kEnd, p == heavy ? 10 : 630, random));
      disorder(input.partitions.back(), 100, random);
    }
    REQUIRE(input.partitions[heavy].size() * 10 >= input.rows() * 9 - kPartitions * 10);
    const JobGraph graph = counting(input, [&](auto& readings) {
      readings.event_time(&Reading::time, bounded_out_of_orderness(100ms)).idle_after(1ms);
      if (seed % 2 == 0) readings.align(2s);
    });
    const auto result = simulate_with_crashes(graph, seed, workers(seed));
    CHECK(committed(result, "late").empty());
    REQUIRE(committed(result, "counts") == expected_counts(input));
    crashes += result.crashes;
  }
  CHECK(crashes > kSeeds / 2);
}

}  // namespace weir
