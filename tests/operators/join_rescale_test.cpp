#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "joins.hpp"
#include "rescaled_worker.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

using Results = std::vector<std::string>;

struct Collecting final : BatchConsumer {
  explicit Collecting(Results& to) : results(to) {}
  void consume(const Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Joined& row = static_cast<const RowBatch<Joined>&>(batch)[i];
      results.push_back(std::string(row.order) + "+" + std::string(row.rate) + "@" +
                        std::to_string(batch.time(i).millis));
    }
  }
  Results& results;
};

using Workers = std::vector<testing::RescaledWorker*>;

/// Rows of both sides for 200 keys, some without partner, in a span of time.
void add_rows(const Workers& workers, int from_second, int to_second) {
  for (int key = 0; key < 200; ++key) {
    const std::string name = "key " + std::to_string(key);
    for (int second = from_second + key % 5; second < to_second; second += 4 + key % 7) {
      const std::string id = std::to_string(key) + "." + std::to_string(second);
      for (testing::RescaledWorker* worker : workers) {
        if (key % 3 != 0) worker->add(0, std::string_view(name), Order{name, id}, at(second * 1s));
        if (second % 3 != 0)
          worker->add(1, std::string_view(name), ExchangeRate{name, id}, at((second - 1) * 1s));
      }
    }
  }
}

Results sorted(Results results) {
  std::sort(results.begin(), results.end());
  return results;
}

/// Nothing is late here, so that results are the same wherever watermarks are and whoever joins.
void check_rescaled(const JobGraph& graph) {
  const KeyGroupRange all{0, 128}, low{0, 50}, high{50, 128}, third{30, 70};
  const auto backend = make_memory_backend();
  const auto worker = [&](std::uint32_t number, KeyGroupRange groups, const Workers& before, Results& to) {
    return testing::RescaledWorker(graph, "join", *backend, number, groups, before, {StateMode::kRocksDb, 1},
                                   std::make_unique<Collecting>(to));
  };
  Results expected;
  auto alone = worker(0, all, {}, expected);
  add_rows({&alone}, 1, 40);
  add_rows({&alone}, 40, 80);
  alone.watermark(EventTime::max());

  Results results;
  auto slow = worker(1, low, {}, results), fast = worker(2, high, {}, results);
  add_rows({&slow, &fast}, 1, 40);
  slow.watermark(at(12s));
  fast.watermark(at(25s));
  slow.snapshot();
  fast.snapshot();
  auto one = worker(3, all, {&slow, &fast}, results);
  one.snapshot();
  auto begin = worker(4, {0, 30}, {&one}, results), middle = worker(5, third, {&one}, results),
       end = worker(6, {70, 128}, {&one}, results);
  const Workers three{&begin, &middle, &end};
  for (testing::RescaledWorker* each : three) each->watermark(at(17s));
  add_rows(three, 40, 80);
  for (testing::RescaledWorker* each : three) each->watermark(EventTime::max());
  CHECK(sorted(results) == sorted(expected));
  CHECK(expected.size() > 1000);
}

template <class JoinedOf>
JobGraph graph_of(JoinedOf joined_of) {
  Pipeline pipeline("test");
  joined_of(pipeline.source<Order>("orders").key_by(&Order::currency),
            pipeline.source<ExchangeRate>("rates").key_by(&ExchangeRate::currency))
      .sink("results");
  return pipeline.graph();
}

}  // namespace

TEST_CASE("Window joins emit nothing twice when workers of different watermarks become others") {
  check_rescaled(graph_of([](auto orders, auto rates) {
    return joined_as(orders.join(rates).window(sliding(10s, 3s)), JoinKind::kFull);
  }));
}

TEST_CASE("Interval joins emit nothing twice when workers of different watermarks become others") {
  check_rescaled(graph_of([](auto orders, auto rates) {
    return joined_as(orders.join(rates).between(-3s, 5s), JoinKind::kFull);
  }));
}

TEST_CASE("As-of joins emit nothing twice when workers of different watermarks become others") {
  check_rescaled(graph_of([](auto orders, auto rates) {
    return orders.join_as_of(rates).template left<Joined>("join", joined_rows);
  }));
}

}  // namespace weir
