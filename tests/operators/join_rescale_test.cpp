#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/tier.hpp>

#include "joins.hpp"

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

/// One worker of a join, restored from others without a runtime.
class Worker {
 public:
  Worker(const JobGraph& graph, StateBackend& backend, std::uint32_t number, KeyGroupRange groups,
         const std::vector<Worker*>& before, Results& results)
      : groups_(groups), backend_(backend) {
    auto tier = backend.create(number);
    OperatorContext context;
    context.name = "join";
    for (Worker* worker : before) {
      copy_key_groups(*backend.open(100 + number, worker->files_), groups, *tier);
      context.restored.push_back(worker->progress_);
    }
    store_ = std::make_unique<StateStore>(std::move(tier), StateMode::kRocksDb, groups, 1);
    context.key_groups = groups;
    context.metrics = &metrics_;
    context.state = store_.get();
    context.outputs.resize(1);
    context.outputs[0].push_back(std::make_unique<Collecting>(results));
    operator_ = testing::operator_of(graph, "join").make(std::move(context));
  }

  template <class Row>
  void add(std::uint32_t input, const Row& row, EventTime time) {
    const std::uint64_t hash = hash_key(row.currency);
    if (!groups_.contains(key_group_of(hash, kDefaultMaxParallelism))) return;
    RowBatch<Keyed<std::string_view, Row>> batch;
    batch.append(Keyed<std::string_view, Row>{hash, row.currency, row}, time);
    operator_->process(input, batch);
  }
  void watermark(EventTime to) {
    while (!operator_->advance_watermark(to)) {
    }
  }
  void snapshot() {
    struct Writer final : SnapshotWriter {
      explicit Writer(Worker& worker) : of(worker) {}
      void keyed(std::unique_ptr<SealedState> sealed) override {
        while (!sealed->proceed()) {
        }
        StateDelta delta;
        static_cast<const SealedEntries&>(*sealed).write(delta);
        delta.sort();
        of.store_->tier().apply(delta);
      }
      void operator_state(std::string bytes) override { of.progress_ = std::move(bytes); }
      Worker& of;
    } writer(*this);
    operator_->snapshot(writer);
    files_ = store_->tier().snapshot();
    store_->snapshot_taken();
  }

 private:
  const KeyGroupRange groups_;
  StateBackend& backend_;
  MetricRegistry metrics_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Operator> operator_;
  std::string progress_;
  std::vector<SnapshotFile> files_;
};

/// Rows of both sides for 200 keys, some without partner, in a span of time.
template <class Workers>
void add_rows(const Workers& workers, int from_second, int to_second) {
  for (int key = 0; key < 200; ++key) {
    const std::string name = "key " + std::to_string(key);
    for (int second = from_second + key % 5; second < to_second; second += 4 + key % 7) {
      const std::string id = std::to_string(key) + "." + std::to_string(second);
      for (Worker* worker : workers) {
        if (key % 3 != 0) worker->add(0, Order{name, id}, at(second * 1s));
        if (second % 3 != 0) worker->add(1, ExchangeRate{name, id}, at((second - 1) * 1s));
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
  Results expected;
  Worker alone(graph, *backend, 0, all, {}, expected);
  add_rows(std::vector{&alone}, 1, 40);
  add_rows(std::vector{&alone}, 40, 80);
  alone.watermark(EventTime::max());

  Results results;
  Worker slow(graph, *backend, 1, low, {}, results), fast(graph, *backend, 2, high, {}, results);
  add_rows(std::vector{&slow, &fast}, 1, 40);
  slow.watermark(at(12s));
  fast.watermark(at(25s));
  slow.snapshot();
  fast.snapshot();
  Worker one(graph, *backend, 3, all, {&slow, &fast}, results);
  one.snapshot();
  Worker begin(graph, *backend, 4, {0, 30}, {&one}, results),
      middle(graph, *backend, 5, third, {&one}, results), end(graph, *backend, 6, {70, 128}, {&one}, results);
  const std::vector<Worker*> three{&begin, &middle, &end};
  for (Worker* worker : three) worker->watermark(at(17s));
  add_rows(three, 40, 80);
  for (Worker* worker : three) worker->watermark(EventTime::max());
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
