#include <atomic>
#include <condition_variable>
#include <thread>

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <weir/operators/async.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

struct Question {
  std::uint64_t id;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Question, (), (id, text))

struct Reply {
  std::uint64_t id;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Reply, (), (id, text))

Question question(std::uint64_t n, std::uint64_t, Arena& arena) {
  return {n, arena.copy("question " + std::to_string(n))};
}

/// A service with threads of its own, that outlives jobs. Answers out of order, drops some requests, fails some.
class ThreadedService {
 public:
  explicit ThreadedService(int threads) {
    for (int t = 0; t < threads; ++t) threads_.emplace_back([this] { run(); });
  }
  ~ThreadedService() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void ask(const Question& question, AsyncResult<Reply> result) {
    const std::lock_guard lock(mutex_);
    ++asked;
    waiting_.push_back({question.id, std::string(question.text), std::move(result)});
    changed_.notify_one();
  }
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  std::atomic<std::uint64_t> asked{0};

 private:
  struct Asked {
    std::uint64_t id;
    std::string text;
    AsyncResult<Reply> result;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closing_ || (!held_ && !waiting_.empty()); });
      if (closing_) return;
      const std::size_t place = served_++ % std::min<std::size_t>(waiting_.size(), 7);
      Asked taken = std::move(waiting_[place]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(place));
      const std::uint64_t luck = served_ % 50;
      lock.unlock();
      if (luck == 1) taken.result.fail("no luck");
      else if (luck != 2) taken.result.complete(Reply{taken.id, "re: " + taken.text});
      { const Asked gone = std::move(taken); }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Asked> waiting_;
  std::size_t served_ = 0;
  bool held_ = false;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

/// questions → replies → sink; `touch` sees every reply on its way.
JobGraph asking(
    ThreadedService& service, std::uint64_t events, bool ordered, std::function<void()> touch = [] {}) {
  Pipeline pipeline("asking");
  auto options =
      async_options().capacity(64).timeout(60s).retry(retries(100).first_delay(1ms).max_delay(3ms));
  options = ordered ? options.ordered() : options.unordered();
  pipeline.source<Question>("questions", "generator:?partitions=4&events=" + std::to_string(events))
      .generated_by(question)
      .async<Reply>(
          "ask",
          [&service](const Question& q, AsyncResult<Reply> result) { service.ask(q, std::move(result)); },
          options)
      .filter([touch](const Reply&) {
        touch();
        return true;
      })
      .sink("replies", "collect:");
  return pipeline.graph();
}

std::vector<std::string> replies(std::uint64_t events) {
  std::vector<std::string> rows;
  for (std::uint64_t n = 0; n < events; ++n)
    rows.push_back("{id:" + std::to_string(n) + ",text:re: question " + std::to_string(n) + "}");
  std::sort(rows.begin(), rows.end());
  return rows;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

TEST_CASE("Replies from other threads come out once each, with restarts in between") {
  const bool ordered = GENERATE(true, false);
  constexpr std::uint64_t kEvents = 20'000;
  ThreadedService service(3);
  Machine machine;
  std::atomic<std::uint64_t> seen{0};
  const auto touch = [&seen] {
    if (const std::uint64_t n = ++seen; n == 5'000 || n == 13'000) throw std::runtime_error("by accident");
  };
  {
    Job job(asking(service, kEvents, ordered, touch), quick_options(2), machine.world());
    CHECK(job.run() == ExitCode::kDone);
    CHECK(job.status().restarts == 2);
  }
  CHECK(machine.rows.sorted("replies") == replies(kEvents));
}

TEST_CASE("A job that is stopped with requests in flight goes on with them, also with other workers") {
  constexpr std::uint64_t kEvents = 60;  // below the capacity, or the last barrier would wait for an answer
  const std::uint32_t workers_then = GENERATE(1U, 2U, 3U);
  ThreadedService service(2);
  Machine machine;
  service.hold(true);
  {
    RunningJob running(asking(service, kEvents, true), quick_options(2), machine.world());
    CHECK(running.wait_until([&](const JobStatus&) { return service.asked == kEvents; }));
    CHECK(running.stop() == ExitCode::kDone);
  }
  CHECK(machine.rows.sorted("replies").empty());
  service.hold(false);
  Job job(asking(service, kEvents, true), quick_options(workers_then), machine.world());
  CHECK(job.run() == ExitCode::kDone);
  CHECK(machine.rows.sorted("replies") == replies(kEvents));
}

TEST_CASE("A job that only waits for replies uses no processor to speak of") {
  ThreadedService service(1);
  service.hold(true);
  Machine machine;
  RunningJob running(asking(service, 50, false), quick_options(2), machine.world());
  CHECK(running.wait_until([&](const JobStatus&) { return service.asked == 50; }));
  std::this_thread::sleep_for(100ms);
  const double before = cpu_seconds();
  std::this_thread::sleep_for(1s);
  const double share = cpu_seconds() - before;
  INFO(share << " of a core");
  CHECK(share < 0.15);
  service.hold(false);
  CHECK(running.wait_until([](const JobStatus& status) { return status.state == JobState::kDone; }));
  CHECK(machine.rows.sorted("replies") == replies(50));
}

TEST_CASE("A service that fails for good fails the job, with its words") {
  Machine machine;
  Pipeline pipeline("failing");
  pipeline.source<Question>("questions", "generator:?events=10")
      .generated_by(question)
      .async<Reply>("ask", [](const Question&,
                              const AsyncResult<Reply>& result) { result.refuse("closed on Sundays"); })
      .sink("replies", "collect:");
  JobOptions options = quick_options();
  options.restart.limit = 2;
  Job job(pipeline.graph(), options, machine.world());
  CHECK(job.run() == ExitCode::kJobFailed);
  CHECK(job.status().last_failure.find("closed on Sundays") != std::string::npos);
  CHECK(job.status().restarts == 2);
}

}  // namespace weir
