#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "rescaled_worker.hpp"
#include "window_scripts.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

using Results = std::vector<std::string>;
using Workers = std::vector<testing::RescaledWorker*>;

struct Session {
  std::string_view user;
  EventTime start;
  EventTime end;
  std::int64_t sum;
};
BOOST_DESCRIBE_STRUCT(Session, (), (user, start, end, sum))

struct Collecting final : BatchConsumer {
  explicit Collecting(Results& to) : results(to) {}
  void consume(const Batch& batch) override {
    for (const Session& session : static_cast<const RowBatch<Session>&>(batch).rows())
      results.push_back(std::string(session.user) + " " + std::to_string(session.start.millis) + " " +
                        std::to_string(session.end.millis) + " " + std::to_string(session.sum));
  }
  Results& results;
};

JobGraph sessions_of_clicks(Duration lateness) {
  Pipeline pipeline("test");
  pipeline.source<Click>("clicks")
      .key_by(&Click::user)
      .window(session(10s).allowed_lateness(lateness))
      .process<Session>(
          "sessions",
          [](const auto& user, const Window& window, const WindowRows<Click>& rows, auto&& collect) {
            std::int64_t sum = 0;
            for (const Click& click : rows) sum += click.number;
            collect(Session{user, window.start, window.end, sum});
          })
      .sink("results");
  return pipeline.graph();
}

/// Of 200 users, some with one long session, others with many.
void add_clicks(const Workers& workers, int from_second, int to_second) {
  for (int user = 0; user < 200; ++user) {
    const std::string name = "user " + std::to_string(user);
    for (int second = from_second + user % 5; second < to_second; second += 3 + user % 17)
      for (testing::RescaledWorker* worker : workers)
        worker->add(0, std::string_view(name), Click{name, second, user}, at(second * 1s));
  }
}

}  // namespace

TEST_CASE("Sessions end once, and whole, when workers of different watermarks become others") {
  const Duration lateness = GENERATE(as<Duration>(), 0s, 60s);  // what has fired is kept meanwhile
  const std::size_t memory = GENERATE(std::size_t{1}, std::size_t{1} << 30);
  CAPTURE(lateness.count(), memory);
  const JobGraph graph = sessions_of_clicks(lateness);
  const auto backend = make_memory_backend();
  const auto worker = [&](std::uint32_t number, KeyGroupRange groups, const Workers& before, Results& to) {
    return testing::RescaledWorker(graph, "sessions", *backend, number, groups, before,
                                   {StateMode::kRocksDb, memory}, std::make_unique<Collecting>(to));
  };
  Results expected;
  auto alone = worker(0, {0, 128}, {}, expected);
  add_clicks({&alone}, 1, 40);
  add_clicks({&alone}, 40, 120);
  alone.watermark(EventTime::max());

  Results results;
  auto slow = worker(1, {0, 50}, {}, results), fast = worker(2, {50, 128}, {}, results);
  add_clicks({&slow, &fast}, 1, 40);
  slow.watermark(at(12s));
  fast.watermark(at(25s));
  slow.snapshot();
  fast.snapshot();
  auto one = worker(3, {0, 128}, {&slow, &fast}, results);
  one.snapshot();
  auto begin = worker(4, {0, 30}, {&one}, results), middle = worker(5, {30, 70}, {&one}, results),
       end = worker(6, {70, 128}, {&one}, results);
  const Workers three{&begin, &middle, &end};
  for (testing::RescaledWorker* each : three) each->watermark(at(27s));
  add_clicks(three, 40, 120);
  for (testing::RescaledWorker* each : three) each->watermark(EventTime::max());
  std::sort(results.begin(), results.end());
  std::sort(expected.begin(), expected.end());
  CHECK(results == expected);
  CHECK(expected.size() > 300);
}

}  // namespace weir
