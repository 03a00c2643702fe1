#include "threaded_run.hpp"

#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "failure_place.hpp"
#include "start_thread.hpp"

namespace weir {

namespace {

/// Passes without work before a worker sleeps: long enough to bridge the gap between two batches, short enough to cost nothing.
constexpr int kSpins = 32;
constexpr std::chrono::milliseconds kWorkerNap{2};
constexpr std::chrono::milliseconds kCoordinatorNap{5};

class ThreadedRun {
 public:
  ThreadedRun(Attempt& attempt, Environment& environment, MetricRegistry& metrics,
              std::function<void(Environment::Instant)> watch)
      : attempt_(attempt), environment_(environment), metrics_(metrics), watch_(std::move(watch)) {}

  void run() {
    try {
      for (std::uint32_t worker = 0; worker < attempt_.workers(); ++worker)
        threads_.push_back(
            start_thread(fmt::format("worker-{}", worker), [this, worker] { run_worker(worker); }));
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
    while (!stopping_) {
      const Environment::Instant now = environment_.now();
      if (!attempt_.coordinator().poll(now)) return;
      watch_(now);
      parker.park(kCoordinatorNap);
    }
  }

  /// Where a worker's time goes, in nanoseconds; read as weir_worker_time_seconds_total.
  struct Times {
    Times(MetricRegistry& metrics, std::uint32_t worker)
        : busy(counter(metrics, worker, "busy")),
          idle(counter(metrics, worker, "idle")),
          backpressured(counter(metrics, worker, "backpressured")) {}
    static Counter& counter(MetricRegistry& metrics, std::uint32_t worker, const char* state) {
      return metrics.counter("weir_worker_time_seconds_total", "What a worker's time is spent on.",
                             {{"worker", std::to_string(worker)}, {"state", state}}, 1e-9);
    }
    Counter& busy;
    Counter& idle;
    Counter& backpressured;
  };

  void run_worker(std::uint32_t worker) {
    try {
      Times times(metrics_, worker);
      int idle_passes = 0;
      Environment::Instant begun = environment_.now();
      while (!stopping_.load(std::memory_order_relaxed)) {
        const bool progressed = pass(worker, begun);
        const Environment::Instant now = environment_.now();
        Counter& spent = progressed ? times.busy : is_blocked(worker) ? times.backpressured : times.idle;
        spent.add(static_cast<std::uint64_t>((now - begun).count()));
        begun = now;
        if (progressed) {
          idle_passes = 0;
        } else if (++idle_passes > kSpins) {
          attempt_.parker(worker).park(nap(worker, begun));
          idle_passes = kSpins - 1;  // one more look after waking, then sleep again
          begun = environment_.now();
          spent.add(static_cast<std::uint64_t>((begun - now).count()));
        }
      }
    } catch (...) {
      fail(with_failure_places(std::current_exception()));
    }
  }

  bool pass(std::uint32_t worker, Environment::Instant now) {
    bool progressed = false;
    for (const auto& task : attempt_.tasks(worker)) progressed |= task->step(now);
    return progressed;
  }

  Environment::Instant nap(std::uint32_t worker, Environment::Instant now) const {
    Environment::Instant shortest = kWorkerNap;
    for (const auto& task : attempt_.tasks(worker)) shortest = task->nap(now, shortest);
    return shortest;
  }

  bool is_blocked(std::uint32_t worker) const {
    for (const auto& task : attempt_.tasks(worker))
      if (task->is_blocked()) return true;
    return false;
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
  MetricRegistry& metrics_;
  const std::function<void(Environment::Instant)> watch_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void run_on_threads(Attempt& attempt, Environment& environment, MetricRegistry& metrics,
                    std::function<void(Environment::Instant)> watch) {
  ThreadedRun(attempt, environment, metrics, std::move(watch)).run();
}

}  // namespace weir
