#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/runtime/real_environment.hpp>

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr int kLanes = 6;
std::string lane(int n) { return "lane-" + std::to_string(n); }

/// Work that goes from lane to lane, from the last to the first: whoever looks at one lane after the other can miss it.
struct Wandering {
  Environment& environment;
  std::atomic<int> hops_left;
  void hop(int at) {
    if (hops_left.fetch_sub(1) <= 1) return;
    const int next = (at + kLanes - 1) % kLanes;
    environment.run_blocking(lane(next), [this, next] { hop(next); });
  }
};

TEST_CASE("Waiting ends when no lane has work, also not what work has given", "[environment]") {
  const auto environment = make_real_environment();
  for (int round = 0; round < 100; ++round) {
    Wandering work{*environment, 300};
    environment->run_blocking(lane(0), [&] { work.hop(0); });
    environment->await_blocking();
    REQUIRE(work.hops_left == 0);
  }
}

TEST_CASE("Work that is given while somebody waits for another lane is waited for", "[environment]") {
  const auto environment = make_real_environment();
  std::atomic<bool> ended{false};
  environment->run_blocking("b", [&] {
    std::this_thread::sleep_for(20ms);
    environment->run_blocking("a", [&] {
      std::this_thread::sleep_for(20ms);
      environment->run_blocking("c", [&] {
        std::this_thread::sleep_for(20ms);
        ended = true;
      });
    });
  });
  environment->await_blocking();
  CHECK(ended);
}

TEST_CASE("What work holds is gone when the waiting ends", "[environment]") {
  const auto environment = make_real_environment();
  struct Slow {
    std::atomic<bool>& gone;
    ~Slow() {
      std::this_thread::sleep_for(20ms);
      gone = true;
    }
  };
  std::atomic<bool> gone{false};
  environment->run_blocking("lane", [held = std::make_shared<Slow>(gone)] {});
  environment->await_blocking();
  CHECK(gone);
}

TEST_CASE("An environment that goes lets work finish that gives other lanes work", "[environment]") {
  std::atomic<int> hops_done{0};
  {
    const auto environment = make_real_environment();
    // Lanes that exist already, in the order in which they would go.
    for (int n = 0; n < kLanes; ++n) environment->run_blocking(lane(n), [] {});
    environment->await_blocking();
    environment->run_blocking(lane(kLanes - 1), [&hops_done, env = environment.get()] {
      std::this_thread::sleep_for(20ms);
      ++hops_done;
      env->run_blocking(lane(0), [&hops_done] { ++hops_done; });
    });
  }
  CHECK(hops_done == 2);
}

}  // namespace
}  // namespace weir
