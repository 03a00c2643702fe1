#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/timer_wheel.hpp>

namespace weir {

TEST_CASE(
    "A timer wheel gives what is due, and nothing else, for random times before and after those that have "
    "passed") {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    TimerWheel<std::uint64_t> wheel;
    std::multimap<std::int64_t, std::uint64_t> model;
    const std::int64_t reach = std::int64_t{1} << (2 + random() % 14);
    std::int64_t now = static_cast<std::int64_t>(random() % 10'000) - 5'000;
    for (std::uint64_t step = 0; step < 60; ++step) {
      if (random() % 3 != 0) {
        const std::int64_t time =
            now + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(reach)) - reach / 4;
        wheel.push(EventTime{time}, step);
        model.emplace(time, step);
        continue;
      }
      now += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(reach));
      if (!model.empty()) REQUIRE(wheel.next().millis <= std::max(now, model.begin()->first));
      std::vector<std::pair<std::int64_t, std::uint64_t>> due, expected;
      std::size_t before = 0;
      do {
        before = due.size();
        wheel.pop(EventTime{now}, 3, [&](auto entry) { due.emplace_back(entry.time.millis, entry.what); });
      } while (due.size() > before);
      while (!model.empty() && model.begin()->first <= now) {
        expected.push_back(*model.begin());
        model.erase(model.begin());
      }
      std::sort(due.begin(), due.end());
      std::sort(expected.begin(), expected.end());
      REQUIRE(due == expected);
    }
    std::size_t left = 0;
    wheel.pop(EventTime::max(), 1'000, [&](auto) { ++left; });
    REQUIRE(left == model.size());
    REQUIRE(wheel.next() == EventTime::max());
  }
}

TEST_CASE("A timer wheel that lets go of the latest keeps the earliest, and counts its memory") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    TimerWheel<WaitingKey<std::uint64_t>> wheel;
    std::vector<TimerPlace> places;
    const std::uint64_t hashes = 1 + random() % 2000;
    const std::int64_t spread = std::int64_t{1} << (random() % 14);
    const std::size_t keep = 1 + random() % 400;
    std::int64_t now = 0;
    for (int round = 0; round < 4; ++round) {
      for (int n = 0; n < 300; ++n) {
        const TimerPlace place{{now + 1 + static_cast<std::int64_t>(random()) % spread}, random() % hashes};
        wheel.push(place.time, {place.hash, Owned<std::uint64_t>(0)});
        places.push_back(place);
      }
      std::sort(places.begin(), places.end());
      std::size_t gone = 0;
      const auto cut = wheel.let_go(keep, [&](const auto&) { ++gone; });
      REQUIRE(cut.has_value() == (gone > 0));
      REQUIRE(wheel.size() + gone == places.size());
      REQUIRE(wheel.size() > 0);
      if (cut) REQUIRE(*cut == places[wheel.size()]);
      if (wheel.size() > keep) REQUIRE(places[keep - 1] == places[wheel.size() - 1]);
      places.resize(wheel.size());
      now += spread / 2;
      wheel.pop(EventTime{now}, 1'000, [&](const auto& entry) {
        const TimerPlace place{entry.time, entry.what.hash};
        const auto at = std::find(places.begin(), places.end(), place);
        REQUIRE(at != places.end());
        places.erase(at);
      });
      REQUIRE(wheel.size() == places.size());
      REQUIRE(wheel.bytes() >= 24 * places.size());
      REQUIRE(wheel.bytes() < 4'000'000);
    }
  }
}

}  // namespace weir
