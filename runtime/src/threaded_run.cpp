#include "threaded_run.hpp"

#include <pthread.h>

#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>

namespace weir {

namespace {

/// Passes without work before a worker sleeps: long enough to bridge the gap between two batches, short enough to cost nothing.
constexpr int kSpins = 32;
constexpr std::chrono::milliseconds kWorkerNap{2};
constexpr std::chrono::milliseconds kCoordinatorNap{5};

class ThreadedRun {
 public:
  ThreadedRun(Attempt& attempt, Environment& environment) : attempt_(attempt), environment_(environment) {}

  void run() {
    for (std::uint32_t worker = 0; worker < attempt_.workers(); ++worker)
      threads_.emplace_back([this, worker] { run_worker(worker); });
    try {
      run_coordinator();
    } catch (...) {
      fail(std::current_exception());
    }
    stopping_ = true;
    for (std::uint32_t worker = 0; worker < attempt_.workers(); ++worker) attempt_.parker(worker).unpark();
    for (std::thread& thread : threads_) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void run_coordinator() {
    Parker& parker = attempt_.control().coordinator();
    while (!stopping_ && attempt_.coordinator().poll(environment_.now())) parker.park(kCoordinatorNap);
  }

  void run_worker(std::uint32_t worker) {
    pthread_setname_np(pthread_self(), fmt::format("worker-{}", worker).c_str());
    try {
      int idle_passes = 0;
      while (!stopping_.load(std::memory_order_relaxed)) {
        if (pass(worker)) {
          idle_passes = 0;
        } else if (++idle_passes > kSpins) {
          attempt_.parker(worker).park(kWorkerNap);
          idle_passes = kSpins - 1;  // one more look after waking, then sleep again
        }
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  bool pass(std::uint32_t worker) {
    const Environment::Instant now = environment_.now();
    bool progressed = false;
    for (const auto& task : attempt_.tasks(worker)) progressed |= task->step(now);
    return progressed;
  }

  void fail(std::exception_ptr failure) {
    {
      std::lock_guard lock(mutex_);
      if (!failure_) failure_ = failure;
    }
    stopping_ = true;
    attempt_.control().coordinator().unpark();
  }

  Attempt& attempt_;
  Environment& environment_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void run_on_threads(Attempt& attempt, Environment& environment) { ThreadedRun(attempt, environment).run(); }

}  // namespace weir
