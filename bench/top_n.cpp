// Records a second through generator → key_by → the ten largest of each key → discard, by number of keys, state backend and
// checkpoints. Prints one row a configuration; each is run several times, and the median is shown with minimum and maximum.
//
//   build/release/bench/top_n --events 20000000 --runs 3

#include <weir/operators/pipeline.hpp>
#include <weir/operators/top_n.hpp>

#include "by_keys.hpp"

namespace {

struct Event {
  std::uint64_t key;
  weir::EventTime time;
  std::uint32_t value;
};
BOOST_DESCRIBE_STRUCT(Event, (), (key, time, value))

weir::JobGraph pipeline(std::uint64_t keys) {
  weir::Pipeline pipeline("top-n");
  pipeline.source<Event>("events")
      .generated_by([keys](std::uint64_t n, std::uint64_t seed) {
        const std::uint64_t r = weir::detail::hash_u64(n + seed);
        return Event{
            ((r >> 32) * keys) >> 32, {static_cast<std::int64_t>(n / 10'000)}, static_cast<std::uint32_t>(r)};
      })
      .event_time(&Event::time, weir::monotonous())
      .key_by(&Event::key)
      .top_n("top", weir::top(10, &Event::value))
      .sink("changes", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  return weir::bench::run_by_keys(
      argc, argv, {"top-n", "Records a second through the ten largest of each key", 20'000'000, pipeline});
}
