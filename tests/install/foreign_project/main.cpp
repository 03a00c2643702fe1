// A thousand readings, one every 100 ms of event time, summed for each of two sensors and each minute.
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct Reading {
  weir::EventTime at;
  std::int32_t sensor;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (at, sensor, value))

int main(int argc, char** argv) {
  return weir::main(argc, argv, "foreign", [](weir::Pipeline& pipeline) {
    pipeline.source<Reading>("readings", "generator:?events=1000")
        .event_time(&Reading::at, weir::monotonous())
        .generated_by([](std::uint64_t n, std::uint64_t) {
          return Reading{weir::EventTime{static_cast<std::int64_t>(n) * 100},
                         static_cast<std::int32_t>(n % 2), 1};
        })
        .key_by(&Reading::sensor)
        .window(weir::tumbling(1min))
        .aggregate("per-minute", weir::sum(&Reading::value))
        .sink("sums", "print:");
  });
}
