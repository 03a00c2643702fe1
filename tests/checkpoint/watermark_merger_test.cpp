#include <algorithm>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/checkpoint/watermark_merger.hpp>

namespace weir {

namespace {
using Moved = std::optional<EventTime>;
constexpr EventTime kEnd = EventTime::max();
}  // namespace

TEST_CASE("WatermarkMerger is as far as its slowest input") {
  WatermarkMerger merger(2);
  CHECK(merger.advance(0, EventTime{10}) == Moved());
  CHECK(merger.advance(1, EventTime{5}) == EventTime{5});
  CHECK(merger.advance(1, EventTime{7}) == EventTime{7});
  CHECK(merger.advance(0, EventTime{20}) == Moved());
  CHECK(merger.advance(1, EventTime{30}) == EventTime{20});
  CHECK(merger.merged() == EventTime{20});
}

TEST_CASE("WatermarkMerger leaves an idle input out until it comes back") {
  WatermarkMerger merger(2);
  CHECK(merger.advance(0, EventTime{10}) == Moved());
  CHECK(merger.idle(1) == EventTime{10});
  CHECK_FALSE(merger.all_idle());
  CHECK(merger.advance(0, EventTime{15}) == EventTime{15});
  merger.activate(1);  // rows have come, its watermark has not
  CHECK(merger.advance(0, EventTime{20}) == Moved());
  CHECK(merger.advance(1, EventTime{18}) == EventTime{18});
}

TEST_CASE("WatermarkMerger never goes back when an idle input returns with an older watermark") {
  WatermarkMerger merger(2);
  CHECK(merger.advance(0, EventTime{100}) == Moved());
  CHECK(merger.idle(1) == EventTime{100});
  CHECK(merger.advance(1, EventTime{40}) == Moved());
  CHECK(merger.merged() == EventTime{100});
  CHECK(merger.advance(0, EventTime{200}) == Moved());  // held back by the one that returned
  CHECK(merger.advance(1, EventTime{150}) == EventTime{150});
}

TEST_CASE("WatermarkMerger stands still when all inputs are idle") {
  WatermarkMerger merger(2);
  CHECK(merger.advance(0, EventTime{10}) == Moved());
  CHECK(merger.idle(0) == Moved());
  CHECK(merger.idle(1) == Moved());
  CHECK(merger.all_idle());
  CHECK(merger.merged() == EventTime::min());
}

TEST_CASE("WatermarkMerger does not take an idle input to the end because another has ended") {
  WatermarkMerger merger(2);
  CHECK(merger.advance(0, EventTime{10}) == Moved());
  CHECK(merger.advance(1, kEnd) == EventTime{10});
  CHECK(merger.idle(0) == Moved());
  CHECK(merger.all_idle());
  CHECK(merger.advance(0, EventTime{20}) == EventTime{20});
  CHECK_FALSE(merger.all_idle());
  CHECK(merger.advance(0, kEnd) == kEnd);
  CHECK_FALSE(merger.all_idle());  // ended is not idle
}

TEST_CASE("WatermarkMerger agrees with a model, and never goes back") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const std::size_t inputs = 1 + random() % 5;
    WatermarkMerger merger(inputs);
    std::vector<std::int64_t> watermarks(inputs, EventTime::min().millis);
    std::vector<bool> idle(inputs, false);
    std::int64_t merged = EventTime::min().millis;
    for (int n = 0; n < 200; ++n) {
      const std::size_t input = random() % inputs;
      std::optional<EventTime> moved;
      if (watermarks[input] == kEnd.millis) continue;
      if (random() % 4 == 0) {
        idle[input] = true;
        moved = merger.idle(input);
      } else {
        idle[input] = false;
        watermarks[input] =
            random() % 100 == 0
                ? kEnd.millis
                : std::max<std::int64_t>(watermarks[input], n + static_cast<std::int64_t>(random() % 50));
        moved = merger.advance(input, EventTime{watermarks[input]});
      }
      std::vector<std::int64_t> counted;
      for (std::size_t i = 0; i < inputs; ++i)
        if (!idle[i] && watermarks[i] != kEnd.millis) counted.push_back(watermarks[i]);
      if (std::count(watermarks.begin(), watermarks.end(), kEnd.millis) ==
          static_cast<std::ptrdiff_t>(inputs))
        counted.push_back(kEnd.millis);
      const std::int64_t before = merged;
      if (!counted.empty()) merged = std::max(merged, *std::min_element(counted.begin(), counted.end()));
      REQUIRE(merger.merged().millis == merged);
      REQUIRE(moved.has_value() == (merged > before));
      if (moved) REQUIRE(moved->millis == merged);
    }
  }
}

}  // namespace weir
