// Records a second through generator → key_by → count by session → discard, by number of keys, state backend and checkpoints.
// Prints one row a configuration; each is run several times, and the median is shown with minimum and maximum.
//
//   build/release/bench/session_windows --events 40000000 --runs 3

#include <weir/operators/pipeline.hpp>

#include "by_keys.hpp"

namespace {

struct Event {
  std::uint64_t key;
  weir::EventTime time;
};
BOOST_DESCRIBE_STRUCT(Event, (), (key, time))

weir::JobGraph pipeline(std::uint64_t keys) {
  weir::Pipeline pipeline("session-windows");
  // 10,000 events a millisecond of event time, so that a key comes back after keys / 10,000 ms on average. With three times that as the
  // gap a session holds 20 events, and nearly all keys have one open.
  pipeline.source<Event>("events")
      .generated_by([keys](std::uint64_t n, std::uint64_t seed) {
        const std::uint64_t r = weir::detail::hash_u64(n + seed);
        return Event{((r >> 32) * keys) >> 32, {static_cast<std::int64_t>(n / 10'000)}};
      })
      .event_time(&Event::time, weir::monotonous())
      .key_by(&Event::key)
      .window(weir::session(weir::Duration{static_cast<std::int64_t>(3 * keys / 10'000)}))
      .aggregate("sessions", weir::count())
      .sink("counts", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  return weir::bench::run_by_keys(
      argc, argv, {"session-windows", "Records a second through a count by session", 40'000'000, pipeline});
}
