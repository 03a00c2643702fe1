#include <weir/runtime/real_environment.hpp>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include <weir/core/kill_point.hpp>
#include <weir/core/thrown_in_job.hpp>

#include "start_thread.hpp"

namespace weir {

namespace {

/// How many jobs have been given and have not ended. A job that gives another one counts it before it ends itself.
class Outstanding {
 public:
  void add() {
    std::lock_guard lock(mutex_);
    ++jobs_;
  }
  void end() {
    std::lock_guard lock(mutex_);
    if (--jobs_ == 0) none_.notify_all();
  }
  void await_none() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return jobs_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t jobs_ = 0;
};

/// A thread that runs the jobs of one lane in order.
class Lane {
 public:
  Lane(std::string_view name, Outstanding& outstanding)
      : outstanding_(outstanding), thread_(start_thread(name, [this] { run(); })) {}
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
      outstanding_.add();
    }
    changed_.notify_all();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      run(job);
      outstanding_.end();
      lock.lock();
    }
  }

  /// What the job holds goes while it still counts.
  static void run(std::function<void()>& job) {
    try {
      job();
    } catch (const std::exception& thrown) {
      detail::thrown_in_job = thrown.what();
    } catch (...) {
      detail::thrown_in_job = "something was thrown that is no std::exception";
    }
    job = nullptr;
    detail::thrown_in_job.clear();
  }

  Outstanding& outstanding_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool closing_ = false;
  std::thread thread_;  // last: it uses the others
};

class RealEnvironment final : public Environment {
 public:
  /// While a job runs it may give another lane work.
  ~RealEnvironment() override { outstanding_.await_none(); }

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
  void await_blocking() override { outstanding_.await_none(); }

 private:
  Lane& lane_named(std::string_view name) {
    std::lock_guard lock(mutex_);
    const auto found = lanes_.find(name);
    if (found != lanes_.end()) return *found->second;
    return *lanes_.emplace(name, std::make_unique<Lane>(name, outstanding_)).first->second;
  }

  Outstanding outstanding_;
  std::mutex mutex_;
  std::mt19937_64 random_{std::random_device{}()};
  std::map<std::string, std::unique_ptr<Lane>, std::less<>> lanes_;
};

std::string kill_name;
std::atomic<int> kill_countdown{0};
int kill_signal = SIGKILL;

void kill_when_reached(const char* point) {
  if (kill_name == point && kill_countdown.fetch_sub(1) == 1) std::raise(kill_signal);
}

}  // namespace

std::unique_ptr<Environment> make_real_environment() { return std::make_unique<RealEnvironment>(); }

void install_kill_points() {
  const char* wanted = std::getenv("WEIR_KILLPOINT");
  if (!wanted) return;
  std::string_view text = wanted;
  constexpr std::string_view kStop = ":stop";
  if (text.ends_with(kStop)) {
    kill_signal = SIGSTOP;
    text.remove_suffix(kStop.size());
  }
  const std::size_t colon = text.find(':');
  kill_name = text.substr(0, colon);
  kill_countdown = colon == std::string_view::npos ? 1 : std::atoi(text.data() + colon + 1);
  detail::kill_hook = &kill_when_reached;
}

}  // namespace weir
