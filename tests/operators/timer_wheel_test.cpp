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

}  // namespace weir
