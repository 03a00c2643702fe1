#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/tier.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Row {
  std::uint64_t key;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key))
using Travelling = Keyed<std::uint64_t, std::int64_t>;
using Fired = WindowResult<std::uint64_t, std::int64_t>;
using Counts = std::map<std::pair<std::int64_t, std::uint64_t>,
                        std::vector<std::int64_t>>;  ///< by end, seconds, and key

/// Workers of one window operator, restored from each other without a runtime.
class Worker {
 public:
  Worker(const JobGraph& graph, StateBackend& backend, std::uint32_t number, KeyGroupRange groups,
         const std::vector<Worker*>& before, Counts& fired)
      : groups_(groups), backend_(backend) {
    auto tier = backend.create(number);
    OperatorContext context;
    context.name = "window";
    for (Worker* worker : before) {
      copy_key_groups(*backend.open(100 + number, worker->files_), groups, *tier);
      context.restored.push_back(worker->progress_);
    }
    store_ = std::make_unique<StateStore>(std::move(tier), StateMode::kHeap, groups, 0);
    context.key_groups = groups;
    context.metrics = &metrics_;
    context.state = store_.get();
    context.outputs.resize(1);
    context.outputs[0].push_back(std::make_unique<Collecting>(fired));
    operator_ = testing::operator_of(graph, "window").make(std::move(context));
  }

  void add(std::uint64_t key, EventTime time) {
    const std::uint64_t hash = hash_key(key);
    if (!groups_.contains(key_group_of(hash, kDefaultMaxParallelism))) return;
    RowBatch<Travelling> batch;
    batch.append(Travelling{hash, key, 1}, time);
    operator_->process(0, batch);
  }
  void watermark(EventTime to) {
    while (!operator_->advance_watermark(to)) {
    }
  }
  void snapshot() {
    struct Writer final : SnapshotWriter {
      explicit Writer(Worker& worker) : of(worker) {}
      void keyed(std::unique_ptr<SealedState> sealed) override {
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
  double late() {
    double sum = 0;
    for (const MetricSample& sample : metrics_.collect()) sum += sample.value;
    return sum;
  }

 private:
  struct Collecting final : BatchConsumer {
    explicit Collecting(Counts& into) : fired(into) {}
    void consume(const Batch& batch) override {
      for (const Fired& row : static_cast<const RowBatch<Fired>&>(batch).rows())
        fired[{row.window_end.millis / 1000, row.key}].push_back(row.value);
    }
    Counts& fired;
  };

  const KeyGroupRange groups_;
  StateBackend& backend_;
  MetricRegistry metrics_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Operator> operator_;
  std::string progress_;
  std::vector<SnapshotFile> files_;
};

template <bool kEarly>
JobGraph counting(AlignedWindows<kEarly> windows) {
  Pipeline pipeline("test");
  pipeline.source<Row>("rows").key_by(&Row::key).window(windows).aggregate("window", count()).sink("out");
  return pipeline.graph();
}

constexpr KeyGroupRange kLow{0, 64}, kHigh{64, 128}, kAll{0, 128};
constexpr std::uint64_t kKeys = 100;

bool is_low(std::uint64_t key) { return kLow.contains(key_group_of(hash_key(key), kDefaultMaxParallelism)); }

}  // namespace

TEST_CASE("Workers that have come differently far restore into one, and each key's window fires once") {
  const bool sliding_windows = GENERATE(false, true);
  const JobGraph graph = counting(sliding_windows ? sliding(10s, 5s) : tumbling(10s));
  const auto backend = make_memory_backend();
  Counts fired;
  Worker low(graph, *backend, 0, kLow, {}, fired), high(graph, *backend, 1, kHigh, {}, fired);
  for (std::uint64_t key = 0; key < kKeys; ++key)
    for (const auto time : {1s, 11s, 21s}) low.add(key, at(time)), high.add(key, at(time));
  low.watermark(at(10s));
  high.watermark(at(22s));
  low.snapshot();
  high.snapshot();

  Worker one(graph, *backend, 2, kAll, {&low, &high}, fired);
  // Once more, since the difference must survive a checkpoint, too.
  one.snapshot();
  Worker again(graph, *backend, 3, kAll, {&one}, fired);
  double late = 0;
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    again.add(key, at(13s));  // late on the worker that was ahead
    late += !is_low(key);
  }
  again.watermark(EventTime::max());
  CHECK(again.late() == late);
  for (const auto& [place, values] : fired) {
    INFO("window until " << place.first << " s, key " << place.second);
    CHECK(values.size() == 1);
  }
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    CHECK(fired.at({10, key}).front() == 1);
    CHECK(fired.at({20, key}).front() == (is_low(key) ? 2 : 1));
    CHECK(fired.at({30, key}).front() == 1);
    if (!sliding_windows) continue;
    CHECK(fired.at({15, key}).front() == (is_low(key) ? 2 : 1));
    CHECK(fired.at({25, key}).front() == 1);
  }
}

TEST_CASE("Keys that changed since the last early firing are known after a restore into fewer workers") {
  const JobGraph graph = counting(tumbling(1h).early_every(10s));
  const auto backend = make_memory_backend();
  Counts fired;
  Worker low(graph, *backend, 0, kLow, {}, fired), high(graph, *backend, 1, kHigh, {}, fired);
  for (std::uint64_t key = 0; key < kKeys; ++key) low.add(key, at(1s)), high.add(key, at(1s));
  // One worker has fired more often than the other.
  low.watermark(at(10s));
  high.watermark(at(10s));
  low.add(0, at(11s)), high.add(0, at(11s));
  low.watermark(at(20s));
  high.watermark(at(19s));
  low.snapshot();
  high.snapshot();
  Counts later;
  Worker one(graph, *backend, 2, kAll, {&low, &high}, later);
  std::uint64_t changed = 1;
  while (is_low(changed)) ++changed;
  one.add(changed, at(15s));
  one.watermark(at(30s));
  Counts expected{{{3600, changed}, {2}}};
  if (!is_low(0)) expected[{3600, 0}] = {2};
  CHECK(later == expected);
}

TEST_CASE("One worker's windows go on in several") {
  const JobGraph graph = counting(sliding(10s, 5s));
  const auto backend = make_memory_backend();
  Counts fired;
  Worker one(graph, *backend, 0, kAll, {}, fired);
  for (std::uint64_t key = 0; key < kKeys; ++key) one.add(key, at(6s));
  one.watermark(at(10s));
  one.snapshot();
  Worker low(graph, *backend, 1, kLow, {&one}, fired), high(graph, *backend, 2, kHigh, {&one}, fired);
  low.watermark(EventTime::max());
  high.watermark(EventTime::max());
  CHECK(fired.size() == 2 * kKeys);
  for (const auto& [place, values] : fired) CHECK(values == std::vector<std::int64_t>{1});
}

TEST_CASE("State of windows with other boundaries is refused") {
  const auto backend = make_memory_backend();
  Counts fired;
  Worker before(counting(sliding(10s, 5s)), *backend, 0, kAll, {}, fired);
  before.add(1, at(1s));
  before.snapshot();
  for (const auto& windows : {sliding(10s, 2s), tumbling(10s), sliding(10s, 5s).offset(1s)})
    CHECK_THROWS_WITH(Worker(counting(windows), *backend, 1, kAll, {&before}, fired),
                      Catch::Contains("'sliding window of 10 s every 5 s'"));
  Worker after(counting(sliding(10s, 5s).allowed_lateness(1s)), *backend, 1, kAll, {&before}, fired);
  after.watermark(EventTime::max());
  CHECK(fired.size() == 2);
}

TEST_CASE("Progress that is cut short is refused") {
  WindowProgress progress(kAll, kDefaultMaxParallelism, "windows");
  progress.advance(at(1s));
  const std::string bytes = progress.encode("");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    WindowProgress other(kAll, kDefaultMaxParallelism, "windows");
    CHECK_THROWS_AS(other.restore({bytes.substr(0, length)}), FailJob);
  }
}

}  // namespace weir
