#pragma once

#include <deque>
#include <functional>
#include <string>

#include <weir/core/environment.hpp>

/// Runs blocking work when the test says so, in order.
class FakeEnvironment final : public weir::Environment {
 public:
  Instant now() override { return Instant{++ticks_}; }
  weir::EventTime wall_clock() override { return {ticks_}; }
  std::uint64_t random() override {
    return state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
  }
  void run_blocking(std::string_view, std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  void await_blocking() override { run_jobs(); }

  void run_jobs() {
    while (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
      if (after_each_job) after_each_job();
    }
  }
  std::size_t waiting() const { return jobs_.size(); }
  std::function<void()> after_each_job;

 private:
  std::deque<std::function<void()>> jobs_;
  std::int64_t ticks_ = 0;
  std::uint64_t state_ = 7;
};
