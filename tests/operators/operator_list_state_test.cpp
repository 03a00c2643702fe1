#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/process.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using testing::at;

struct Held {
  std::string_view sensor;
  std::int64_t mine;
  std::int64_t everybodys;
};
BOOST_DESCRIBE_STRUCT(Held, (), (sensor, mine, everybodys))

/// Holds every reading; 0 asks how many there are, with a row for each of them to see.
struct Holding {
  SplitListState<Reading> mine{"mine"};
  UnionListState<std::int64_t> everybodys{"everybodys"};
  SplitListState<std::int64_t> barriers{"barriers"};
  auto operator_states() { return std::tie(mine, everybodys, barriers); }
  void before_snapshot() {
    barriers.clear();
    barriers.add(static_cast<std::int64_t>(mine.size()));
  }

  template <class Context>
  void take(const Reading& reading, Context& context) {
    if (reading.value < 0) {
      mine.keep_if([&](const Reading& held) { return held.value != -reading.value; });
      everybodys.keep_if([&](std::int64_t held) { return held != -reading.value; });
    } else if (reading.value > 0) {
      mine.add(reading);
      everybodys.add(reading.value);
    } else {
      mine.for_each([&](const Reading& held) { context.emit({held.sensor, held.value, -1}); });
      everybodys.for_each([&](std::int64_t held) { context.emit({"", -1, held}); });
    }
  }
  void process(const Reading& reading, ProcessContext<Held>& context) { take(reading, context); }
};

struct HoldingByKey : Holding {
  ValueState<std::int64_t> count{"count"};
  auto states() { return std::tie(count); }
  void process(const Reading& reading, KeyedContext<std::string_view, Held>& context) {
    ++count.edit();
    take(reading, context);
  }
};

JobGraph holding() {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings").process<Held>("holding", Holding{}).sink("held");
  return pipeline.graph();
}

JobGraph holding_by_key() {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .process<Held>("holding", HoldingByKey{})
      .sink("held");
  return pipeline.graph();
}

struct Collected final : BatchConsumer {
  explicit Collected(std::vector<Held>& to) : rows(to) {}
  void consume(const Batch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      rows.push_back(static_cast<const RowBatch<Held>&>(batch)[i]);
      rows.back().sensor = {};  // it does not outlive the batch
    }
  }
  std::vector<Held>& rows;
};

struct Snapshot final : SnapshotWriter {
  void keyed(std::unique_ptr<SealedState> delta) override { sealed = std::move(delta); }
  void operator_state(std::string bytes) override { state = std::move(bytes); }
  std::unique_ptr<SealedState> sealed;
  std::string state;
};

/// The function's copies on some workers.
class Workers {
 public:
  Workers(std::uint32_t workers, const std::vector<std::string>& restored) {
    const JobGraph graph = holding();
    const auto make = std::get<OperatorVertex>(graph.find("holding")->what).make;
    backend_ = make_memory_backend();
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
      const KeyGroupRange groups = key_groups_of(worker, workers, kDefaultMaxParallelism);
      stores_.push_back(std::make_unique<StateStore>(backend_->create(worker), StateMode::kHeap, groups, 0));
      OperatorContext context;
      context.name = "holding";
      context.worker = worker;
      context.parallelism = workers;
      context.key_groups = groups;
      context.state = stores_.back().get();
      context.restored = restored;
      context.outputs.emplace_back();
      context.outputs[0].push_back(std::make_unique<Collected>(emitted_));
      operators_.push_back(make(std::move(context)));
    }
  }
  void give(std::uint32_t worker, std::int32_t value) {
    RowBatch<Reading> batch;
    batch.append(Reading{"a", value}, EventTime{1});
    operators_[worker]->process(0, batch);
  }
  /// What a worker holds: its own, and everybody's.
  std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> held(std::uint32_t worker) {
    emitted_.clear();
    give(worker, 0);
    std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> held;
    for (const Held& row : emitted_) {
      if (row.mine >= 0) held.first.push_back(row.mine);
      else held.second.push_back(row.everybodys);
    }
    return held;
  }
  std::vector<std::string> snapshot() {
    std::vector<std::string> states;
    for (const auto& op : operators_) {
      Snapshot snapshot;
      op->snapshot(snapshot);
      while (!snapshot.sealed->proceed()) {
      }
      states.push_back(std::move(snapshot.state));
    }
    return states;
  }

 private:
  std::unique_ptr<StateBackend> backend_;
  std::vector<std::unique_ptr<StateStore>> stores_;
  std::vector<Held> emitted_;
  std::vector<std::unique_ptr<Operator>> operators_;
};

using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("A split list is dealt out among the workers there are, a union list goes to all of them") {
  auto one = std::make_unique<Workers>(1, std::vector<std::string>{});
  for (int n = 1; n <= 7; ++n) one->give(0, n);
  auto two = std::make_unique<Workers>(2, one->snapshot());
  CHECK(two->held(0) == std::pair{Numbers{1, 3, 5, 7}, Numbers{1, 2, 3, 4, 5, 6, 7}});
  CHECK(two->held(1) == std::pair{Numbers{2, 4, 6}, Numbers{1, 2, 3, 4, 5, 6, 7}});
  // Each keeps of everybody's what is its own, as whoever uses a union list does.
  for (const int n : {2, 4, 6}) two->give(0, -n);
  for (const int n : {1, 3, 5, 7}) two->give(1, -n);
  two->give(1, 8);
  auto three = std::make_unique<Workers>(3, two->snapshot());
  const Numbers all{1, 3, 5, 7, 2, 4, 6, 8};
  CHECK(three->held(0) == std::pair{Numbers{1, 7, 6}, all});
  CHECK(three->held(1) == std::pair{Numbers{3, 2, 8}, all});
  CHECK(three->held(2) == std::pair{Numbers{5, 4}, all});
  // With as many workers as before each has its own again.
  std::vector<std::string> states = three->snapshot();
  std::swap(states[0], states[2]);  // in whatever order they lie in the manifest
  auto again = std::make_unique<Workers>(3, states);
  CHECK(again->held(0).first == Numbers{1, 7, 6});
  CHECK(again->held(1).first == Numbers{3, 2, 8});
  CHECK(again->held(2).first == Numbers{5, 4});
  Workers last(1, again->snapshot());
  CHECK(last.held(0).first == Numbers{1, 7, 6, 3, 2, 8, 5, 4});
  CHECK(last.held(0).second.size() == 9 * 8);
}

TEST_CASE("Lists of a function are restored with or without keys, and may change before each snapshot") {
  const bool keyed = GENERATE(false, true);
  auto harness = testing::harness_for<Reading, Held>(keyed ? holding_by_key() : holding(), "holding");
  const auto t = testing::at(std::chrono::seconds(1));
  harness.record({"a", 5}, t)
      .record({"b", 7}, t)
      .record({"a", 5}, t)
      .record({"a", -5}, t)
      .record({"a", 0}, t);
  CHECK(harness.output() == std::vector<testing::Timed<Held>>{{{"", -1, 7}, t}, {{"b", 7, -1}, t}});
}

TEST_CASE("States in the manifest are found by their names") {
  std::string bytes;
  ManifestStates::append(bytes, "first", "one");
  ManifestStates::append(bytes, "second", "");
  CHECK(ManifestStates::find(bytes, "first") == "one");
  CHECK(ManifestStates::find(bytes, "second").empty());
  CHECK(ManifestStates::find(bytes, "third").empty());
  for (std::size_t n = 1; n < bytes.size(); ++n)
    if (n != 4 + 5 + 4 + 3)
      CHECK_THROWS_AS(ManifestStates::parse(std::string_view(bytes).substr(0, n)), FailJob);
}

}  // namespace weir
