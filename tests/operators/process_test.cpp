#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/process.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Total {
  std::string_view sensor;
  std::int64_t total;
};
BOOST_DESCRIBE_STRUCT(Total, (), (sensor, total))

struct Alarm {
  std::string_view sensor;
  std::string_view why;
};
BOOST_DESCRIBE_STRUCT(Alarm, (), (sensor, why))

struct Limit {
  std::string_view sensor;
  std::int32_t most;
};
BOOST_DESCRIBE_STRUCT(Limit, (), (sensor, most))

using Context = KeyedContext<std::string_view, Total, Alarm>;
using Totals = std::vector<testing::Timed<Total>>;
using Alarms = std::vector<testing::Timed<Alarm>>;

/// Sums by key; ten seconds after a key's first row the sum is emitted and forgotten.
struct SumForTenSeconds {
  ValueState<std::int64_t> sum{"sum"};
  ValueState<Reading> last{"last"};
  auto states() { return std::tie(sum, last); }

  void process(const Reading& reading, Context& context) {
    if (!sum.get()) context.set_timer(context.time() + 10s);
    sum.edit() += reading.value;
    last.set(reading);
    if (reading.value < 0) context.emit_to<1>({reading.sensor, "negative"});
  }
  void on_timer(EventTime, Context& context) {
    context.emit({last.get()->sensor, *sum.get()});
    sum.clear();
    last.clear();
  }
};

auto summed() {
  Pipeline pipeline("test");
  auto sums = pipeline.source<Reading>("readings")
                  .key_by(&Reading::sensor)
                  .process<Total, Alarm>("sums", SumForTenSeconds{});
  sums.sink("totals");
  sums.side<1>().sink("alarms");
  return testing::harness_for<Reading, Total, Alarm>(pipeline.graph(), "sums");
}

}  // namespace

TEST_CASE("A process function keeps state by key and is called by its timers") {
  auto harness = summed();
  harness.record({"a", 1}, at(1s)).record({"b", 5}, at(2s)).record({"a", 2}, at(3s));
  harness.watermark(EventTime{10'999});
  CHECK(harness.output<0>().empty());
  harness.watermark(at(11s));
  CHECK(harness.output<0>() == Totals{{{"a", 3}, at(11s)}});
  harness.record({"a", 7}, at(12s)).end();
  CHECK(harness.output<0>() == Totals{{{"a", 3}, at(11s)}, {{"b", 5}, at(12s)}, {{"a", 7}, at(22s)}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A process function emits to side outputs") {
  auto harness = summed();
  harness.record({"a", -1}, at(1s)).record({"b", 5}, at(2s)).end();
  CHECK(harness.output<1>() == Alarms{{{"a", "negative"}, at(1s)}});
  CHECK(harness.output<0>().size() == 2);
}

TEST_CASE("State of a process function leaves memory and comes back") {
  auto harness = summed().memory(1);
  std::map<std::string, std::int64_t> sums;
  std::mt19937 random(5);
  std::vector<std::string> names;
  for (int n = 0; n < 300; ++n) names.push_back("sensor number " + std::to_string(n));
  for (int n = 0; n < 2000; ++n) {
    const std::string& name = names[random() % names.size()];
    const auto value = static_cast<std::int32_t>(random() % 100);
    sums[name] += value;
    harness.record({name, value}, at(1s));
  }
  harness.end();
  REQUIRE(harness.output<0>().size() == sums.size());
  for (const auto& total : harness.output<0>()) CHECK(total.row.total == sums[std::string(total.row.sensor)]);
}

namespace {

/// Emits a count a key once a second of the wall clock while rows come.
struct EverySecond {
  ValueState<std::int64_t> count{"count"};
  auto states() { return std::tie(count); }
  using Context = KeyedContext<std::string_view, Total>;

  void process(const Reading&, Context& context) {
    if (!count.get()) context.set_processing_timer(context.processing_time() + 1s);
    ++count.edit();
  }
  void on_processing_timer(EventTime, Context& context) {
    context.emit({context.key(), *count.get()}, at(0s));
    count.clear();
  }
};

}  // namespace

TEST_CASE("Processing-time timers fire by the wall clock, and at the end of the input") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .process<Total>("counts", EverySecond{})
      .sink("counts-out");
  auto harness = testing::harness_for<Reading, Total>(pipeline.graph(), "counts");
  harness.record({"a", 1}, at(0s)).record({"a", 1}, at(0s)).watermark(at(1h)).wall_clock(999ms);
  CHECK(harness.output().empty());
  harness.wall_clock(1s);
  CHECK(harness.output() == Totals{{{"a", 2}, at(0s)}});
  harness.record({"b", 1}, at(0s));
  CHECK(harness.output().size() == 1);
  harness.end();
  CHECK(harness.output() == Totals{{{"a", 2}, at(0s)}, {{"b", 1}, at(0s)}});
}

namespace {

/// Holds readings until their sensor's limit is known, then reports those above it.
struct AboveLimit {
  ValueState<Limit> limit{"limit"};
  ListState<Reading> waiting{"waiting"};
  auto states() { return std::tie(limit, waiting); }
  using Context = KeyedContext<std::string_view, Reading>;

  void process_left(const Reading& reading, Context& context) {
    if (const Limit* known = limit.get()) report(reading, context.time(), known->most, context);
    else waiting.add(reading, context.time());
  }
  void process_right(const Limit& changed, Context& context) {
    limit.set(changed);
    waiting.for_each(
        [&](const Reading& reading, EventTime time) { report(reading, time, changed.most, context); });
    waiting.clear();
  }
  static void report(const Reading& reading, EventTime time, std::int32_t most, Context& context) {
    if (reading.value > most) context.emit(reading, time);
  }
};

}  // namespace

TEST_CASE("Two connected streams share the state of a key") {
  Pipeline pipeline("test");
  auto limits = pipeline.source<Limit>("limits").key_by(&Limit::sensor);
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .connect_with(limits)
      .process<Reading>("above", AboveLimit{})
      .sink("out");
  auto harness = testing::harness_for<testing::Inputs<Reading, Limit>, Reading>(pipeline.graph(), "above");
  harness.record<0>({"a", 5}, at(1s)).record<0>({"a", 15}, at(2s)).record<0>({"b", 99}, at(2s));
  harness.record<1>({"a", 10}, at(3s)).record<0>({"a", 20}, at(4s)).record<0>({"a", 2}, at(5s)).end();
  CHECK(harness.output() == std::vector<testing::Timed<Reading>>{{{"a", 15}, at(2s)}, {{"a", 20}, at(4s)}});
}

namespace {

struct ByRules {
  BroadcastState<std::string, Limit> limits{"limits"};
  auto broadcast_states() { return std::tie(limits); }

  void process(const Reading& reading, KeyedContext<std::string_view, Reading>& context) {
    const Limit* limit = limits.get(std::string(reading.sensor));
    if (limit && reading.value > limit->most) context.emit(reading);
  }
  void process_broadcast(const Limit& limit, ProcessContext<Reading>&) {
    if (limit.most < 0) limits.erase(std::string(limit.sensor));
    else limits.put(std::string(limit.sensor), limit);
  }
};

}  // namespace

TEST_CASE("Broadcast rows leave state that every row sees") {
  Pipeline pipeline("test");
  auto limits = pipeline.source<Limit>("limits");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .connect_broadcast(limits)
      .process<Reading>("above", ByRules{})
      .sink("out");
  auto harness = testing::harness_for<testing::Inputs<Reading, Limit>, Reading>(pipeline.graph(), "above");
  harness.record<0>({"a", 20}, at(1s)).record<1>({"a", 10}, at(1s)).record<0>({"a", 20}, at(2s));
  harness.record<0>({"b", 20}, at(2s)).record<1>({"a", -1}, at(3s)).record<0>({"a", 30}, at(4s)).end();
  CHECK(harness.output() == std::vector<testing::Timed<Reading>>{{{"a", 20}, at(2s)}});
}

TEST_CASE("A process function without keys emits any number of rows") {
  struct Split {
    void process(const Reading& reading, ProcessContext<Reading, Alarm>& context) {
      if (reading.value < 0) return context.emit_to<1>({reading.sensor, "negative"});
      for (std::int32_t n = 0; n < reading.value; ++n) context.emit({reading.sensor, n});
    }
  };
  Pipeline pipeline("test");
  auto split = pipeline.source<Reading>("readings").process<Reading, Alarm>("split", Split{});
  split.sink("out");
  split.side<1>().sink("alarms");
  auto harness = testing::harness_for<Reading, Reading, Alarm>(pipeline.graph(), "split");
  harness.record({"a", 2}, at(1s)).record({"b", -1}, at(2s)).end();
  CHECK(harness.output<0>() == std::vector<testing::Timed<Reading>>{{{"a", 0}, at(1s)}, {{"a", 1}, at(1s)}});
  CHECK(harness.output<1>() == Alarms{{{"b", "negative"}, at(2s)}});
}

}  // namespace weir
