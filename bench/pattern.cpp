// Records a second through generator → key_by → a pattern of three rows within a second of event time → discard, by number of keys,
// state backend and checkpoints. Prints one row a configuration; each is run several times, and the median is shown with minimum and maximum.
//
//   build/release/bench/pattern --events 5000000 --runs 3

#include <chrono>

#include <weir/operators/pattern.hpp>
#include <weir/operators/pipeline.hpp>

#include "by_keys.hpp"

namespace {

using namespace std::chrono_literals;

struct Event {
  std::uint64_t key;
  weir::EventTime time;
  std::uint32_t value;
};
BOOST_DESCRIBE_STRUCT(Event, (), (key, time, value))

struct Rise {
  std::uint64_t key;
  std::uint32_t low;
  std::uint32_t high;
};
BOOST_DESCRIBE_STRUCT(Rise, (), (key, low, high))

weir::JobGraph pipeline(std::uint64_t keys) {
  weir::Pipeline pipeline("pattern");
  const auto rises =
      weir::pattern<Event>("low")
          .where([](const Event& e) { return e.value < 1u << 30; })
          .followed_by("middle")
          .where([](const Event& e, const weir::Match<Event>& m) { return e.value > m.last("low")->value; })
          .next("high")
          .where(
              [](const Event& e, const weir::Match<Event>& m) { return e.value > m.last("middle")->value; })
          .within(1s)
          .after_match(weir::skip_past_last());
  pipeline.source<Event>("events")
      .generated_by([keys](std::uint64_t n, std::uint64_t seed) {
        const std::uint64_t r = weir::detail::hash_u64(n + seed);
        return Event{
            ((r >> 32) * keys) >> 32, {static_cast<std::int64_t>(n / 1'000)}, static_cast<std::uint32_t>(r)};
      })
      .event_time(&Event::time, weir::monotonous())
      .key_by(&Event::key)
      .detect<Rise>("rises", rises,
                    [](const weir::Match<Event>& m) {
                      return Rise{m.first("low")->key, m.first("low")->value, m.first("high")->value};
                    })
      .sink("out", "discard:");
  return pipeline.graph();
}

}  // namespace

int main(int argc, char** argv) {
  return weir::bench::run_by_keys(
      argc, argv, {"pattern", "Records a second through a pattern of three rows", 5'000'000, pipeline});
}
