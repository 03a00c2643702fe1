#pragma once

#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

/// The rows of the model tests of windows that each key has of its own.
struct Click {
  std::string_view user;
  std::int64_t number;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Click, (), (user, number, value))

/// A script for models: rows out of order and late, watermarks, restarts, the passing of the wall clock.
struct WindowScript {
  struct Step {
    enum class Kind { kRow, kWatermark, kWallClock, kRestart } kind;
    std::string user;
    Click click;
    std::int64_t millis;
  };
  std::vector<Step> steps;
  std::int64_t lateness = 0;
  std::size_t memory = 0;
};

using Random = std::mt19937_64;

inline std::int64_t below(Random& random, std::int64_t n) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
}

/// `kWallClock` steps give the time since the beginning. Numbers of clicks are 1, 2, 3 …
inline WindowScript random_window_script(Random& random) {
  using Kind = WindowScript::Step::Kind;
  WindowScript script;
  script.lateness = random() % 2 ? below(random, 60) : 0;
  script.memory = random() % 2 ? 1 : std::size_t{1} << (12 + random() % 12);
  const std::int64_t keys = 1 + below(random, 4);
  const std::int64_t disorder = 1 + below(random, 60);
  const std::int64_t pace = 1 + below(random, 14);
  std::int64_t now = below(random, 200) - 100, watermark = now - 200, clock = 0, number = 0;
  for (std::int64_t n = 4 + below(random, 26); n > 0; --n) {
    now += below(random, pace);
    switch (random() % 12) {
      case 0:
        script.steps.push_back({Kind::kRestart, {}, {}, 0});
        break;
      case 1:
      case 2:
        watermark = std::max(watermark, now - below(random, disorder));
        script.steps.push_back({Kind::kWatermark, {}, {}, watermark});
        break;
      case 3:
        clock += below(random, 3 * pace);
        script.steps.push_back({Kind::kWallClock, {}, {}, clock});
        break;
      default:
        script.steps.push_back({Kind::kRow,
                                "user " + std::to_string(below(random, keys)),
                                {{}, ++number, static_cast<std::int32_t>(below(random, 100)) - 50},
                                now - below(random, disorder)});
        break;
    }
  }
  return script;
}

/// Results as failures show them.
template <class Results>
std::vector<std::string> as_text(const Results& results) {
  std::vector<std::string> all;
  for (const auto& result : results) {
    std::ostringstream line;
    std::apply([&](const auto&... field) { ((line << field << " | "), ...); }, result);
    all.push_back(line.str());
  }
  return all;
}

/// Tells script and end to a harness and to a model with row(user, click, millis), watermark(millis), wall_clock(millis), end().
template <class Harness, class Model>
void tell(const WindowScript& script, Harness& harness, Model& model) {
  using Kind = WindowScript::Step::Kind;
  harness.memory(script.memory).max_parallelism(3);
  for (const auto& step : script.steps) {
    switch (step.kind) {
      case Kind::kRow: {
        Click click = step.click;
        click.user = step.user;
        harness.record(click, EventTime{step.millis});
        model.row(step.user, click, step.millis);
        break;
      }
      case Kind::kWatermark:
        harness.watermark(EventTime{step.millis});
        model.watermark(step.millis);
        break;
      case Kind::kWallClock:
        harness.wall_clock(Duration{step.millis});
        model.wall_clock(step.millis);
        break;
      case Kind::kRestart:
        harness.restart();
        break;
    }
  }
  harness.end().watermark(
      EventTime{EventTime::max().millis / 4});  // what may still be late is kept beyond the end
  model.end();
}

}  // namespace weir
