// Keeps of every sensor its total, its last five readings and a count by hour; says how things stand at each reading, and at the
// end of each hour that there were some. The shape says how the state is declared: `plain` is what the others are restored from.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <weir/operators/process.hpp>
#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Reading {
  std::string_view sensor;
  weir::EventTime time;
  std::int64_t value;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (sensor, time, value))

struct Standing {
  std::string_view sensor;
  weir::EventTime time;
  double total;
  std::int64_t rows;
  std::int64_t last;
  std::int64_t hours;
};
BOOST_DESCRIBE_STRUCT(Standing, (), (sensor, time, total, rows, last, hours))

struct Kept {
  std::int64_t total = 0;
  std::int32_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (total, rows))

struct KeptAnew {
  std::optional<std::string> note;
  double sum = 0;
  std::int64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(KeptAnew, (), (note, sum, rows))

struct KeptTooNarrow {
  std::int16_t total = 0;
  std::int16_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(KeptTooNarrow, (), (total, rows))

struct Renamed {
  double sum = 0;
  std::int64_t readings = 0;
};
BOOST_DESCRIBE_STRUCT(Renamed, (), (sum, readings))

}  // namespace

template <>
struct weir::FieldAliases<Renamed> {
  static constexpr weir::FieldAlias kFields[] = {{"sum", "total"}, {"readings", "rows"}};
};

namespace {

std::int64_t hour_of(weir::EventTime time) { return time.millis / weir::Duration(1h).count(); }

double total_of(const Kept& kept) { return static_cast<double>(kept.total); }
double total_of(const KeptAnew& kept) { return kept.sum; }
double total_of(const Renamed& kept) { return kept.sum; }
double total_of(const KeptTooNarrow& kept) { return kept.total; }
void add_to(std::int64_t& total, std::int64_t value) { total += value; }
void add_to(std::int16_t& total, std::int64_t value) { total = static_cast<std::int16_t>(total + value); }
void add_to(double& total, std::int64_t value) { total += static_cast<double>(value); }
auto& total_in(KeptAnew& kept) { return kept.sum; }
auto& total_in(Renamed& kept) { return kept.sum; }
auto& rows_in(Renamed& kept) { return kept.readings; }
template <class Value>
auto& rows_in(Value& kept) {
  return kept.rows;
}
template <class Value>
auto& total_in(Value& kept) {
  return kept.total;
}

template <class Value, class Key>
struct Keep {
  weir::ValueState<Value> kept{"kept"};
  weir::ListState<Reading> last{"last"};
  weir::MapState<std::int64_t, std::int64_t> by_hour{"by hour"};
  auto states() { return std::tie(kept, last, by_hour); }

  void process(const Reading& reading, weir::KeyedContext<Key, Standing>& context) {
    Value& now = kept.edit();
    add_to(total_in(now), reading.value);
    ++rows_in(now);
    last.add(reading, reading.time);
    if (last.size() > 5) {
      std::size_t left = last.size() - 5;
      last.keep_if([&](const Reading&, weir::EventTime) { return left == 0 || left-- == 0; });
    }
    ++by_hour.edit(hour_of(reading.time));
    context.set_timer({(hour_of(reading.time) + 1) * weir::Duration(1h).count() - 1});
    Standing standing{reading.sensor, reading.time, total_of(now), rows_in(now), 0, 0};
    last.for_each([&](const Reading& kept_reading, weir::EventTime) { standing.last += kept_reading.value; });
    standing.hours = static_cast<std::int64_t>(by_hour.size());
    context.emit(standing);
  }
  /// What other rows have come by now is chance, so it says nothing of them.
  void on_timer(weir::EventTime time, weir::KeyedContext<Key, Standing>& context) {
    Standing standing{"", time, 0, 0, 0, 0};
    if constexpr (std::is_same_v<Key, std::string_view>) standing.sensor = context.key();
    context.emit(standing, time);
  }
};

/// The same with no list.
struct KeepLess {
  weir::ValueState<Kept> kept{"kept"};
  auto states() { return std::tie(kept); }
  void process(const Reading&, weir::KeyedContext<std::string_view, Standing>&) {}
};

}  // namespace

int main(int argc, char** argv) {
  return weir::main(
      argc, argv, "keeper", {{"shape", weir::ParameterKind::kText, "plain", "How the state is declared."}},
      [](weir::Pipeline& pipeline, const weir::Settings& settings) {
        const std::string& shape = settings.text("shape");
        auto readings = pipeline.source<Reading>("readings", "file:readings.jsonl")
                            .event_time(&Reading::time, weir::bounded_out_of_orderness(1min));
        const auto by_sensor = readings.key_by(&Reading::sensor);
        const auto end = [](auto stream) { stream.sink("standings", "print:"); };
        if (shape == "plain") end(by_sensor.process<Standing>("totals", Keep<Kept, std::string_view>()));
        else if (shape == "anew")
          end(by_sensor.process<Standing>("totals", Keep<KeptAnew, std::string_view>()));
        else if (shape == "renamed")
          end(by_sensor.process<Standing>("totals", Keep<Renamed, std::string_view>()));
        else if (shape == "narrow")
          end(by_sensor.process<Standing>("totals", Keep<KeptTooNarrow, std::string_view>()));
        else if (shape == "less") end(by_sensor.process<Standing>("totals", KeepLess()));
        else if (shape == "other") end(by_sensor.process<Standing>("sums", Keep<Kept, std::string_view>()));
        else end(readings.key_by(&Reading::value).process<Standing>("totals", Keep<Kept, std::int64_t>()));
      });
}
