#include <catch2/catch.hpp>

#include "partitioned_input.hpp"

namespace weir {

TEST_CASE("Windows of ingestion time close by themselves when nothing comes any more, and no row is late") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    PartitionedInput input;
    for (std::size_t p = 0; p < 3; ++p) input.partitions.push_back(evenly(0, 10'000, 100, random));
    const bool at_end = seed % 2 == 0;
    std::size_t fired = 0;
    // The last row of each partition comes only when a window has been seen; if it takes rows for that, the run is stuck.
    input.look = [&](std::size_t partition, const PartitionedInput::Progress& progress) {
      const bool last = progress[partition] + 1 == input.partitions[partition].size();
      if (!last || fired > 0) return ReadStatus::kRows;
      return at_end ? ReadStatus::kCaughtUp : ReadStatus::kNothing;
    };
    const JobGraph graph = counting(
        input,
        [](auto& readings) {
          readings.ingestion_time();
          readings.idle_after(Duration{5});  // must not stop the clock
        },
        [&](EventTime) { ++fired; });
    const auto result = simulate_with_crashes(graph, seed, static_cast<std::uint32_t>(1 + seed % 3));
    CHECK(committed(result, "late").empty());
    std::size_t counted = 0;
    for (const std::string& row : committed(result, "counts"))
      counted += std::stoul(row.substr(row.find("value:") + 6));
    CHECK(counted == input.rows());
    crashes += result.crashes;
  }
  CHECK(crashes > 15);
}

}  // namespace weir
