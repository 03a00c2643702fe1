// Delays of flights that were to leave New York: for each origin and hour, how many were to go, how many were cancelled,
// and how late the others left. Input: data/flights, fetched by scripts/fetch-flights, or a topic with the same fields as JSON.

#include <algorithm>
#include <cmath>
#include <optional>

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Flight {
  std::string_view origin;
  weir::EventTime time_hour;  // scheduled departure, the hour of it
  std::int32_t minute;        // and the minute
  std::optional<std::int32_t> dep_time;
  std::optional<std::int32_t> dep_delay;  // minutes
};
BOOST_DESCRIBE_STRUCT(Flight, (), (origin, time_hour, minute, dep_time, dep_delay))

weir::EventTime scheduled(const Flight& flight) {
  return flight.time_hour + std::chrono::minutes(flight.minute);
}

struct HourOfDelays {
  std::string_view origin;
  weir::EventTime window_start;
  std::int64_t flights;
  std::int64_t cancelled;
  std::optional<double> mean_delay;  // minutes, of those that left
  std::optional<std::int32_t> max_delay;
};
BOOST_DESCRIBE_STRUCT(HourOfDelays, (), (origin, window_start, flights, cancelled, mean_delay, max_delay))

struct DelaySums {
  std::int64_t flights = 0;
  std::int64_t departed = 0;
  std::int64_t delay = 0;
  std::optional<std::int32_t> max_delay;
};
BOOST_DESCRIBE_STRUCT(DelaySums, (), (flights, departed, delay, max_delay))

struct Delays {
  using Accumulator = DelaySums;
  using Departure = std::optional<std::int32_t>;  // its delay; none: cancelled

  Departure lift(const Flight& flight) const { return flight.dep_time ? flight.dep_delay : std::nullopt; }
  void add(DelaySums& sums, Departure delay) const {
    ++sums.flights;
    if (!delay) return;
    ++sums.departed;
    sums.delay += *delay;
    sums.max_delay = std::max(sums.max_delay.value_or(*delay), *delay);
  }
  void merge(DelaySums& sums, const DelaySums& other) const {
    sums.flights += other.flights;
    sums.departed += other.departed;
    sums.delay += other.delay;
    if (other.max_delay)
      sums.max_delay = std::max(sums.max_delay.value_or(*other.max_delay), *other.max_delay);
  }
  HourOfDelays result(std::string_view origin, const weir::Window& hour, const DelaySums& sums) const {
    std::optional<double> mean;
    if (sums.departed > 0)
      mean = std::round(1e6 * static_cast<double>(sums.delay) / static_cast<double>(sums.departed)) / 1e6;
    return {origin, hour.start, sums.flights, sums.flights - sums.departed, mean, sums.max_delay};
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<weir::Parameter> parameters{
      {"out-of-orderness", weir::ParameterKind::kDuration, "23h",
       "how far apart in time flights may stand in a file"},
      {"drift", weir::ParameterKind::kDuration, "24h", "how far one month's file may run ahead of another"},
  };
  return weir::main(
      argc, argv, "flight-delays", parameters, [](weir::Pipeline& pipeline, const weir::Settings& settings) {
        auto flights =
            pipeline.source<Flight>("flights", "file:data/flights/*.csv")
                .event_time(scheduled, weir::bounded_out_of_orderness(settings.duration("out-of-orderness")))
                .idle_after(30s)
                .align(settings.duration("drift"));
        auto delays = flights.key_by(&Flight::origin)
                          .window(weir::tumbling(1h))
                          .late_rows()
                          .aggregate("hourly-delay", Delays{});
        delays.sink("delays", "print:");
        delays.late().sink("late", "discard:");
      });
}
