#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "joins.hpp"

namespace weir {

inline namespace joins {

/// What a random script says, in order.
struct JoinStep {
  enum class Kind { kLeft, kRight, kWatermark, kRestart } kind;
  std::int64_t millis;
  std::string key;
  std::string id;  ///< empty: a deletion
};

using Random = std::mt19937_64;
inline std::int64_t between(Random& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
}

struct JoinScript {
  std::vector<JoinStep> steps;
  std::size_t memory;
};

/// Rows of both sides in disorder, watermarks that make some of them late, restarts, much and little memory. Times go on by `pace` ms a step
/// at most.
inline JoinScript random_join_script(Random& random, std::int64_t pace) {
  JoinScript script{{}, random() % 2 ? std::size_t{1} : std::size_t{1} << (13 + random() % 10)};
  const auto keys = 1 + random() % 4;
  const std::int64_t disorder = between(random, 1, 10 * pace);
  std::int64_t now = between(random, -10 * pace, 10 * pace);
  std::int64_t watermark = now - 20 * pace;
  for (std::size_t n = 0, steps = 4 + random() % 28; n < steps; ++n) {
    now += between(random, 0, pace);
    const std::uint64_t what = random() % 12;
    const std::string number = std::to_string(n);
    if (what == 0) {
      script.steps.push_back({JoinStep::Kind::kRestart, 0, {}, {}});
    } else if (what <= 2) {
      watermark = std::max(watermark, now - between(random, 0, disorder + pace));
      script.steps.push_back({JoinStep::Kind::kWatermark, watermark, {}, {}});
    } else {
      const std::uint64_t key = random() % keys;
      const bool left = what % 2 == 0;
      script.steps.push_back({left ? JoinStep::Kind::kLeft : JoinStep::Kind::kRight,
                              now - between(random, 0, disorder),
                              key == 0 ? "" : "key " + std::to_string(key) + std::string(key * 9, 'x'),
                              left             ? "o" + number
                              : what % 12 == 3 ? ""
                                               : "r" + number});
    }
  }
  return script;
}

/// What a join makes of a script: time, left row, right row; "-" for none.
using JoinResult = std::tuple<std::int64_t, std::string, std::string>;

/// The naive join in memory: left(), right(), watermark(), and what they have made.
struct JoinModel {
  virtual ~JoinModel() = default;
  virtual void left(const JoinStep& row) = 0;
  virtual void right(const JoinStep& row) = 0;
  virtual void watermark(std::int64_t to) = 0;

  std::vector<JoinResult> results;
  std::vector<std::string> late_left;
  std::vector<std::string> late_right;
};

inline std::vector<JoinResult> sorted(std::vector<JoinResult> results) {
  std::sort(results.begin(), results.end());
  return results;
}
template <class Rows, class IdOf>
std::vector<std::string> sorted_ids(const Rows& rows, IdOf id_of) {
  std::vector<std::string> ids;
  for (const auto& row : rows) ids.emplace_back(id_of(row));
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// Runs the script through both, and compares. `in_order`: the order of results, too.
inline void check_join(JoinHarness harness, JoinModel& model, const JoinScript& script,
                       bool in_order = false) {
  harness.memory(script.memory);
  if (in_order) harness.in_order();
  for (const JoinStep& step : script.steps) {
    switch (step.kind) {
      case JoinStep::Kind::kLeft:
        harness.record<0>({step.key, step.id}, EventTime{step.millis});
        model.left(step);
        break;
      case JoinStep::Kind::kRight:
        harness.record<1>({step.key, step.id}, EventTime{step.millis});
        model.right(step);
        break;
      case JoinStep::Kind::kWatermark:
        harness.watermark(EventTime{step.millis});
        model.watermark(step.millis);
        break;
      case JoinStep::Kind::kRestart:
        harness.restart();
    }
  }
  harness.end();
  model.watermark(EventTime::max().millis);
  std::vector<JoinResult> results;
  for (const auto& [row, time] : harness.output<0>()) results.emplace_back(time.millis, row.order, row.rate);
  if (in_order) REQUIRE(results == model.results);
  REQUIRE(sorted(results) == sorted(model.results));
  const auto same = [](const std::string& id) { return id; };
  REQUIRE(sorted_ids(harness.output<1>(), [](const auto& late) { return late.row.id; }) ==
          sorted_ids(model.late_left, same));
  REQUIRE(sorted_ids(harness.output<2>(), [](const auto& late) { return late.row.value; }) ==
          sorted_ids(model.late_right, same));
  REQUIRE(harness.metric("weir_operator_late_records_total") ==
          static_cast<double>(model.late_left.size() + model.late_right.size()));
}

}  // namespace joins

}  // namespace weir
