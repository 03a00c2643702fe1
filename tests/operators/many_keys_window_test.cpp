#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "window_scripts.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

constexpr std::int64_t kKeys = 9'000;
using Numbers = WindowResult<std::int64_t, std::int64_t>;

/// More keys than may be emitted in a call, all of which have something to emit at the same moment, with and without memory. The harness
/// counts what each call emits.
template <class Say>
void check(Say&& say, Duration clock) {
  for (const std::size_t memory : {std::size_t{1} << 30, std::size_t{200'000}}) {
    INFO("memory " << memory);
    Pipeline pipeline("test");
    say(pipeline.source<Click>("clicks").key_by(&Click::number)).sink("results");
    auto harness = testing::harness_for<Click, Numbers>(pipeline.graph(), "window");
    harness.memory(memory).max_parallelism(2);
    for (std::int64_t key = 0; key < kKeys; ++key)
      harness.record({"", key, static_cast<std::int32_t>(key % 7)}, at(1s));
    if (clock.count() > 0) harness.wall_clock(clock);
    harness.end();
    REQUIRE(harness.output().size() == static_cast<std::size_t>(kKeys));
    std::vector<bool> seen(static_cast<std::size_t>(kKeys));
    for (const auto& [row, time] : harness.output()) {
      REQUIRE(row.value == row.key % 7);
      REQUIRE(!seen[static_cast<std::size_t>(row.key)]);
      seen[static_cast<std::size_t>(row.key)] = true;
    }
    REQUIRE(harness.stored_entries() == 0);
  }
}

}  // namespace

TEST_CASE("Sessions of many keys that end at once are emitted a portion at a time") {
  check([](auto keys) { return keys.window(session(10s)).aggregate("window", sum(&Click::value)); }, 0s);
}

TEST_CASE("Partial count windows of many keys are emitted a portion at a time") {
  check([](auto keys) { return keys.count_window(2).emit_partial().aggregate("window", sum(&Click::value)); },
        0s);
}

TEST_CASE("Windows of the wall clock of many keys are emitted a portion at a time") {
  const auto windows = [](auto keys) {
    return keys.window(tumbling_processing_time(10s)).aggregate("window", sum(&Click::value));
  };
  check(windows, 10s);
  check(windows, 0s);
}

}  // namespace weir
