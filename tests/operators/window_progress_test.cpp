#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"
#include "rescaled_worker.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Row {
  std::uint64_t key;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key))
using Fired = WindowResult<std::uint64_t, std::int64_t>;
using Counts = std::map<std::pair<std::int64_t, std::uint64_t>,
                        std::vector<std::int64_t>>;  ///< by end, seconds, and key

struct Collecting final : BatchConsumer {
  explicit Collecting(Counts& into) : fired(into) {}
  void consume(const Batch& batch) override {
    for (const Fired& row : static_cast<const RowBatch<Fired>&>(batch).rows())
      fired[{row.window_end.millis / 1000, row.key}].push_back(row.value);
  }
  Counts& fired;
};

/// A worker of one window operator.
class Worker : public testing::RescaledWorker {
 public:
  Worker(const JobGraph& graph, StateBackend& backend, std::uint32_t number, KeyGroupRange groups,
         const std::vector<RescaledWorker*>& before, Counts& fired)
      : RescaledWorker(graph, "window", backend, number, groups, before, {StateMode::kHeap, 0},
                       std::make_unique<Collecting>(fired)) {}

  void add(std::uint64_t key, EventTime time) { RescaledWorker::add(0, key, std::int64_t{1}, time); }
  double late() { return counted(); }
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
