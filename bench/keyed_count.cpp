// Records a second through generator → filter → key_by → tumbling count → discard, by number of keys, state backend and
// checkpoints. Prints one row a configuration; each is run several times, and the median is shown with minimum and maximum.
//
//   build/release/bench/keyed_count --events 40000000 --runs 3

#include <chrono>

#include <weir/operators/pipeline.hpp>

#include "by_keys.hpp"

namespace {

using namespace std::chrono_literals;

struct Event {
  std::uint64_t key;
  weir::EventTime time;
  std::uint32_t kind;
};
BOOST_DESCRIBE_STRUCT(Event, (), (key, time, kind))

weir::JobGraph pipeline(std::uint64_t keys) {
  weir::Pipeline pipeline("keyed-count");
  pipeline.source<Event>("events")
      .generated_by([keys](std::uint64_t n, std::uint64_t seed) {
        const std::uint64_t r = weir::detail::hash_u64(n + seed);
        // 10,000 events a millisecond of event time, so that a window of 1 s holds 10 million and all keys.
        return Event{((r >> 32) * keys) >> 32,
                     {static_cast<std::int64_t>(n / 10'000)},
                     static_cast<std::uint32_t>(r & 15)};
      })
      .event_time(&Event::time, weir::monotonous())
      .filter([](const Event& e) { return e.kind != 0; })
      .key_by(&Event::key)
      .window(weir::tumbling(1s))
      .aggregate("count", weir::count())
      .sink("counts", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  return weir::bench::run_by_keys(
      argc, argv, {"keyed-count", "Records a second through a keyed tumbling count", 40'000'000, pipeline});
}
