#include <weir/runtime/real_environment.hpp>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include <weir/core/kill_point.hpp>

namespace weir {

namespace {

/// A thread that runs the jobs of one lane in order.
class Lane {
 public:
  Lane() : thread_([this] { run(); }) {}
  ~Lane() {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void add(std::function<void()> job) {
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_all();
  }
  /// True when it had to wait: other lanes may have been given work meanwhile.
  bool await_idle() {
    std::unique_lock lock(mutex_);
    const bool was_busy = running_ || !jobs_.empty();
    changed_.wait(lock, [this] { return !running_ && jobs_.empty(); });
    return was_busy;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      running_ = true;
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
      running_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool running_ = false;
  bool closing_ = false;
  std::thread thread_;  // last: it uses the others
};

class RealEnvironment final : public Environment {
 public:
  Instant now() override {
    return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now().time_since_epoch());
  }
  EventTime wall_clock() override {
    return {
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count()};
  }
  std::uint64_t random() override {
    std::lock_guard lock(mutex_);
    return random_();
  }
  void run_blocking(std::string_view lane, std::function<void()> job) override {
    lane_named(lane).add(std::move(job));
  }
  void await_blocking() override {
    // A job may give another lane work, so go round until every lane was idle at first sight.
    for (bool waited = true; waited;) {
      waited = false;
      for (Lane* lane : all_lanes()) waited |= lane->await_idle();
    }
  }

 private:
  Lane& lane_named(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto& lane = lanes_[std::string(name)];
    if (!lane) lane = std::make_unique<Lane>();
    return *lane;
  }
  std::vector<Lane*> all_lanes() {
    std::lock_guard lock(mutex_);
    std::vector<Lane*> lanes;
    for (auto& [name, lane] : lanes_) lanes.push_back(lane.get());
    return lanes;
  }

  std::mutex mutex_;
  std::mt19937_64 random_{std::random_device{}()};
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
};

std::string kill_name;
std::atomic<int> kill_countdown{0};

void kill_when_reached(const char* point) {
  if (kill_name == point && kill_countdown.fetch_sub(1) == 1) std::raise(SIGKILL);
}

}  // namespace

std::unique_ptr<Environment> make_real_environment() { return std::make_unique<RealEnvironment>(); }

void install_kill_points() {
  const char* wanted = std::getenv("WEIR_KILLPOINT");
  if (!wanted) return;
  const char* colon = std::strchr(wanted, ':');
  kill_name = colon ? std::string(wanted, colon) : wanted;
  kill_countdown = colon ? std::atoi(colon + 1) : 1;
  detail::kill_hook = &kill_when_reached;
}

}  // namespace weir
