#include <catch2/catch.hpp>

#include "partitioned_input.hpp"

namespace weir {

namespace {

PartitionedInput random_input(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  PartitionedInput input;
  input.rows_a_read = 1 + random() % 30;
  for (std::size_t p = 0, count = 1 + random() % 5; p < count; ++p) {
    const auto begin = static_cast<std::int64_t>(random() % 3'000);
    const auto length = static_cast<std::int64_t>(random() % 8'000);
    input.partitions.push_back(
        evenly(begin, begin + length, 20 + static_cast<std::int64_t>(random() % 100), random));
  }
  return input;
}

JobGraph counting_with_bound(const PartitionedInput& input, std::int64_t bound) {
  return counting(input, [bound](auto& readings) {
    readings.event_time(&Reading::time, bounded_out_of_orderness(Duration{bound}));
  });
}

using WindowCounts = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;  ///< (start, sensor)

std::int64_t number_after(const std::string& row, const std::string& field) {
  return std::stoll(row.substr(row.find(field + ":") + field.size() + 1));
}

}  // namespace

TEST_CASE("Disorder within the bound changes no result") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto bound = static_cast<std::int64_t>(random() % 2'000);
    const PartitionedInput sorted = random_input(seed);
    PartitionedInput disordered = sorted;
    for (auto& partition : disordered.partitions) disorder(partition, bound, random);
    const auto workers = static_cast<std::uint32_t>(1 + seed % 3);
    const auto of_sorted = simulate_with_crashes(counting_with_bound(sorted, 0), seed, workers);
    const auto of_disordered =
        simulate_with_crashes(counting_with_bound(disordered, bound), seed + 1, workers);
    REQUIRE(committed(of_disordered, "late").empty());
    REQUIRE(committed(of_disordered, "counts") == committed(of_sorted, "counts"));
    REQUIRE(committed(of_sorted, "counts") == expected_counts(sorted));
    crashes += of_disordered.crashes;
  }
  CHECK(crashes > 100);
}

TEST_CASE("Disorder beyond the bound makes rows late, each of which is counted once or handed over once") {
  std::uint64_t all_late = 0, crashes = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto bound = static_cast<std::int64_t>(random() % 300);
    PartitionedInput input = random_input(seed);
    for (auto& partition : input.partitions) disorder(partition, 3'000, random);
    const auto result = simulate_with_crashes(counting_with_bound(input, bound), seed,
                                              static_cast<std::uint32_t>(1 + seed % 3));
    WindowCounts expected, found;
    for (const auto& partition : input.partitions)
      for (const Reading& reading : partition) ++expected[{window_start(reading), reading.sensor}];
    for (const std::string& row : committed(result, "counts"))
      found[{number_after(row, "window_start"), number_after(row, "key")}] += number_after(row, "value");
    const auto late = committed(result, "late");
    for (const std::string& row : late)
      ++found[{number_after(row, "time") / kWindowMillis * kWindowMillis, number_after(row, "sensor")}];
    REQUIRE(found == expected);
    all_late += late.size();
    crashes += result.crashes;
  }
  CHECK(all_late > 1'000);
  CHECK(crashes > 50);
}

}  // namespace weir
