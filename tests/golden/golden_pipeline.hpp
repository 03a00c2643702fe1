#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/process.hpp>

#include "job_fixture.hpp"

namespace weir {

/// Never change what is here: the checkpoint in v1/ was made by it.
inline constexpr std::uint64_t kGoldenEvents = 600;
inline constexpr const char* kGoldenSamples = "generator:?events=600&partitions=2";
inline constexpr const char* kGoldenRules = "generator:?events=5&partitions=1";
inline constexpr Duration kThousandYears = std::chrono::hours(24 * 365'000L);
inline constexpr Duration kYear = std::chrono::hours(24 * 365);

struct Rule {
  std::int64_t number;
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Rule, (), (number, time))

struct Report {
  std::string_view sensor;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Report, (), (sensor, text))

struct Largest {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const { return std::max(a, b); }
};

/// A state of every kind; reports all of it at the end of the input.
struct EveryKind {
  ValueState<std::int64_t> total{"total"};
  ValueState<Sample> first{"first"};
  ListState<std::int64_t> list{"list"};
  MapState<std::int64_t, Sample> map{"map"};
  ReducingState<std::int64_t, Largest> largest{"largest", Largest()};
  AggregatingState<decltype(weir::count())> count{"count", weir::count()};
  ValueState<std::int64_t> ticks{"ticks"};
  ValueState<std::int64_t> lasting{"lasting", expire_after(kThousandYears)};
  ListState<std::int64_t> lasting_list{"lasting list", expire_after(kThousandYears).by_event_time()};
  MapState<std::string, std::int64_t> lasting_map{"lasting map",
                                                  expire_after(kThousandYears).refreshed_by_reads()};
  ValueState<std::int64_t> passing{"passing", expire_after(std::chrono::hours(1))};
  BroadcastState<std::int64_t, Rule> rules{"rules"};
  UnionListState<std::string> sensors{"sensors"};
  auto states() {
    return std::tie(total, first, list, map, largest, count, ticks, lasting, lasting_list, lasting_map,
                    passing);
  }
  auto broadcast_states() { return std::tie(rules); }
  auto operator_states() { return std::tie(sensors); }
  using Context = KeyedContext<std::string_view, Report>;

  void process(const Sample& sample, Context& context) {
    if (!first.get()) {
      first.set(sample);
      sensors.add(std::string(sample.sensor));
      context.set_timer(EventTime{1'000'000'000});
      context.set_processing_timer(context.processing_time() + kYear);
      context.set_processing_timer(context.processing_time() + kThousandYears);
      passing.set(1);
    }
    total.edit() += sample.value;
    list.add(sample.value % 100, context.time());
    map.put(sample.value % 3, {sample.sensor, EventTime{0}, sample.value % 3});
    largest.add(sample.value);
    count.add(sample);
    lasting.edit() += 1;
    lasting_list.add(sample.value % 10);
    lasting_map.edit("modulo " + std::to_string(sample.value % 2)) += 1;
    context.set_timer(EventTime{(sample.time.millis + 20'000) / 1000 * 1000 - 19'000});
  }
  void process_broadcast(const Rule& rule, ProcessContext<Report>&) { rules.put(rule.number, rule); }
  void on_timer(EventTime time, Context& context) {
    if (time < EventTime{1'000'000'000}) ticks.edit() += 1;
    else report(context);
  }
  /// The first is due when the checkpoint is restored, years later, the other at the end of the input.
  void on_processing_timer(EventTime, Context& context) {
    context.emit({context.key(), "a timer"}, EventTime{0});
  }

  void report(Context& context) {
    std::string text = "total " + std::to_string(*total.get()) + ", largest " +
                       std::to_string(*largest.get()) + ", count " + std::to_string(count.result()) +
                       ", ticks " + std::to_string(ticks.value_or(0)) + ", lasting " +
                       std::to_string(lasting.value_or(0)) + (passing.get() ? ", passing" : "") + ", rules " +
                       std::to_string(rules.size());
    text += ", list" + sorted(list) + ", lasting list" + sorted(lasting_list) + ", map";
    map.for_each([&](std::int64_t n, const Sample& s) {
      text += " " + std::to_string(n) + ":" + std::to_string(s.value);
    });
    lasting_map.for_each(
        [&](const std::string& name, std::int64_t n) { text += ", " + name + ":" + std::to_string(n); });
    context.emit({context.key(), context.arena().copy(text)}, EventTime{0});
  }
  template <class List>
  static std::string sorted(const List& list) {
    std::vector<std::int64_t> values;
    list.for_each([&](std::int64_t value, EventTime) { values.push_back(value); });
    std::sort(values.begin(), values.end());
    std::string text;
    for (const std::int64_t value : values) text += " " + std::to_string(value);
    return text;
  }
};

/// Holds the first rows that it sees, each worker its own.
struct HoldFirst {
  SplitListState<std::int64_t> held{"held"};
  auto operator_states() { return std::tie(held); }
  void process(const Sample& sample, ProcessContext<Report>&) {
    if (held.size() < 4) held.add(sample.value);
  }
};

inline JobGraph golden_pipeline() {
  Pipeline pipeline("golden");
  auto samples = pipeline.source<Sample>("samples", kGoldenSamples)
                     .generated_by(sample)
                     .event_time(&Sample::time, bounded_out_of_orderness(Duration{300}))
                     .filter([](const Sample& s) { return s.sensor.size() == 8; });  // ten of them
  auto rules = pipeline.source<Rule>("rules", kGoldenRules)
                   .generated_by([](std::uint64_t n, std::uint64_t, Arena&) {
                     return Rule{static_cast<std::int64_t>(n), EventTime{static_cast<std::int64_t>(n)}};
                   })
                   .event_time(&Rule::time, bounded_out_of_orderness(Duration{300}));
  samples.key_by(&Sample::sensor)
      .connect_broadcast(rules)
      .process<Report>("every-kind", EveryKind{})
      .sink("reports", "collect:");
  samples.process<Report>("hold-first", HoldFirst{}).sink("nothing", "collect:");
  samples.key_by(&Sample::sensor)
      .window(tumbling(Duration{1000}))
      .aggregate("sums", sum(&Sample::value))
      .sink("sums-out", "collect:");
  samples.key_by(&Sample::sensor)
      .window(session(Duration{200}))
      .aggregate("sessions", weir::count())
      .sink("sessions-out", "collect:");
  return pipeline.graph();
}

/// Every row that was committed, sorted, a line each behind its sink.
inline std::vector<std::string> all_rows(Machine& machine) {
  std::vector<std::string> lines;
  for (const char* sink : {"reports", "sums-out", "sessions-out"})
    for (const std::string& row : machine.rows.sorted(sink)) lines.push_back(std::string(sink) + " " + row);
  return lines;
}

}  // namespace weir
