#pragma once

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <weir/core/environment.hpp>
#include <weir/testing/operator_run.hpp>

namespace weir::testing {

/// Virtual time, chance from a seed, and lanes whose jobs run when the simulation says so.
class SimulatedEnvironment final : public Environment {
 public:
  explicit SimulatedEnvironment(std::uint64_t seed) : chance_(seed) {}

  Instant now() override { return now_; }
  EventTime wall_clock() override { return kWallClockBegins + std::chrono::duration_cast<Duration>(now_); }
  std::uint64_t random() override { return chance_(); }
  void run_blocking(std::string_view lane, std::function<void()> job) override {
    lanes_[std::string(lane)].push_back(std::move(job));
  }
  void await_blocking() override;

  void advance(Instant by) { now_ += by; }
  bool chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<double>()(chance_) < probability;
  }
  /// Runs the first job of a lane chosen by chance. False when there is none.
  bool run_one();
  /// The process has died: what waits on lanes never happens.
  void lose_everything() { lanes_.clear(); }

 private:
  std::mt19937_64 chance_;
  Instant now_{0};
  std::map<std::string, std::deque<std::function<void()>>> lanes_;
};

}  // namespace weir::testing
