#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pattern.hpp>
#include <weir/testing/simulation.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Found {
  std::string_view sensor;
  std::string rows;
};
BOOST_DESCRIBE_STRUCT(Found, (), (sensor, rows))
using Founds = std::vector<testing::Timed<Found>>;

auto equals(std::int32_t value) {
  return [value](const Reading& r) { return r.value / 10 == value; };
}

Found found(const Match<Reading>& match) {
  Found out;
  match.for_each([&](std::string_view name, const Reading& row, EventTime) {
    out.sensor = row.sensor;
    out.rows += std::string(name) + std::to_string(row.value) + " ";
  });
  return out;
}

auto detected(const Pattern<Reading>& pattern) {
  Pipeline pipeline("test");
  auto matches = pipeline.source<Reading>("readings")
                     .key_by(&Reading::sensor)
                     .detect<Found, Found>("pattern", pattern, found, found);
  matches.sink("out");
  matches.late().sink("late");
  matches.timed_out().sink("timed out");
  return testing::harness_for<Reading, Found, Reading, Found>(pipeline.graph(), "pattern");
}

/// Matches in readings of one sensor, a second apart. A value's tens say what it is.
std::vector<std::string> matches(const Pattern<Reading>& pattern, const std::vector<std::int32_t>& values) {
  auto harness = detected(pattern).in_order();
  Duration time = 1s;
  for (const std::int32_t value : values) harness.record({"a", value}, at(time)), time += 1s;
  harness.end();
  std::vector<std::string> all;
  for (const auto& one : harness.output<0>()) all.push_back(one.row.rows);
  return all;
}
using Texts = std::vector<std::string>;

Pattern<Reading> first() { return pattern<Reading>("a").where(equals(1)); }

}  // namespace

TEST_CASE("Contiguity says what may lie between rows") {
  const std::vector<std::int32_t> values{10, 30, 20, 21};
  CHECK(matches(first().next("b").where(equals(2)), values).empty());
  CHECK(matches(first().followed_by("b").where(equals(2)), values) == Texts{"a10 b20 "});
  CHECK(matches(first().followed_by_any("b").where(equals(2)), values) == Texts{"a10 b20 ", "a10 b21 "});
  CHECK(matches(first().next("b").where(equals(2)), {10, 20}) == Texts{"a10 b20 "});
}

TEST_CASE(
    "Rows take part in order of event time, whatever their order of coming, once the watermark has reached "
    "them") {
  auto harness = detected(first().next("b").where(equals(2)));
  harness.record({"a", 20}, at(2s))
      .record({"b", 20}, at(2s))
      .record({"a", 10}, at(1s))
      .watermark(EventTime{1999});
  CHECK(harness.output().empty());
  harness.watermark(at(2s));
  CHECK(harness.output() == Founds{{{"a", "a10 b20 "}, at(2s)}});
  harness.record({"a", 11}, at(2s)).end();
  CHECK(harness.output<1>().size() == 1);
  CHECK(harness.metric("weir_operator_late_records_total") == 1);
}

TEST_CASE("An element may be repeated, optional, greedy, and ended") {
  const auto then = [](Pattern<Reading> p) { return p.followed_by("c").where(equals(3)); };
  const auto some = [] { return first().followed_by("b").where(equals(2)); };
  CHECK(matches(then(some().one_or_more()), {10, 20, 21, 30}) == Texts{"a10 b20 b21 c30 ", "a10 b20 c30 "});
  CHECK(matches(then(some().times(2)), {10, 20, 21, 22, 30}) == Texts{"a10 b20 b21 c30 "});
  CHECK(matches(then(some().times(2).allow_combinations()), {10, 20, 21, 22, 30}) ==
        Texts{"a10 b20 b21 c30 ", "a10 b20 b22 c30 "});
  CHECK(matches(then(some().times(2).consecutive()), {10, 20, 40, 21, 30}).empty());
  CHECK(matches(then(some().one_or_more().greedy()), {10, 20, 21, 30}) == Texts{"a10 b20 b21 c30 "});
  CHECK(matches(then(some().optional()), {10, 20, 30}) == Texts{"a10 b20 c30 ", "a10 c30 "});
  CHECK(matches(then(some().one_or_more().until(equals(4))), {10, 20, 40, 21, 30}) == Texts{"a10 b20 c30 "});
}

TEST_CASE("What must not come ends a partial match") {
  const auto without = first().not_followed_by("no").where(equals(9)).followed_by("b").where(equals(2));
  CHECK(matches(without, {10, 30, 20}) == Texts{"a10 b20 "});
  CHECK(matches(without, {10, 90, 20}).empty());
  const auto not_at_once = first().not_next("no").where(equals(9)).followed_by("b").where(equals(2));
  CHECK(matches(not_at_once, {10, 90, 20}).empty());
  CHECK(matches(not_at_once, {10, 30, 90, 20}) == Texts{"a10 b20 "});
}

TEST_CASE("A pattern that ends with what must not come matches when its time is over") {
  auto harness = detected(first().not_followed_by("answer").where(equals(2)).within(10s));
  harness.record({"a", 10}, at(1s)).record({"b", 10}, at(1s)).record({"b", 20}, EventTime{10'999});
  harness.record({"a", 20}, at(11s)).watermark(EventTime{10'998});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{10'999});
  CHECK(harness.output() == Founds{{{"a", "a10 "}, EventTime{10'999}}});
  harness.end();
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("Partial matches whose time runs out go to a side output") {
  auto harness =
      detected(first().followed_by("b").where(equals(2)).followed_by("c").where(equals(3)).within(5s));
  harness.record({"a", 10}, at(1s)).record({"a", 20}, at(2s)).record({"a", 30}, at(6s)).end();
  CHECK(harness.output<0>().empty());
  CHECK(harness.output<2>() == Founds{{{"a", "a10 b20 "}, EventTime{5'999}}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A condition may look at the rows before") {
  const auto rising =
      pattern<Reading>("low").followed_by("high").where([](const Reading& row, const Match<Reading>& match) {
        return row.value > 2 * match.last("low")->value;
      });
  CHECK(matches(rising, {10, 15, 25, 40}) == Texts{"low10 high25 ", "low15 high40 "});
}

TEST_CASE("A skip strategy says what a match leaves of others") {
  const auto pairs = [](SkipStrategy skip) {
    return pattern<Reading>("a").where(equals(1)).one_or_more().followed_by("b").where(equals(2)).after_match(
        skip);
  };
  const std::vector<std::int32_t> values{10, 11, 12, 20};
  CHECK(matches(pairs(no_skip()), values).size() == 6);
  CHECK(matches(pairs(skip_to_next()), values) == Texts{"a10 a11 a12 b20 ", "a11 a12 b20 ", "a12 b20 "});
  CHECK(matches(pairs(skip_past_last()), values) == Texts{"a10 a11 a12 b20 "});
  CHECK(matches(pairs(skip_to_last("a")), values) == Texts{"a10 a11 a12 b20 ", "a12 b20 "});
  CHECK(matches(pairs(skip_to_first("b")), values) == Texts{"a10 a11 a12 b20 "});
}

TEST_CASE("A key keeps the rows of its partial matches, each once, and lets go of all others") {
  const auto steps = pattern<Reading>("a").followed_by_any("b").where(equals(2)).one_or_more().within(10ms);
  PatternMatcher<Reading> matcher(steps.plan(), steps.conditions());
  PatternState<Reading> state;
  std::size_t found = 0;
  const auto count = [&](const Match<Reading>&, EventTime) { ++found; };
  for (std::int64_t t = 0; t < 5000; ++t) {
    matcher.advance_time(state, EventTime{t}, count, [](const Match<Reading>&, EventTime) {});
    matcher.take(state, Reading{"a", t % 4 == 0 ? 20 : 10}, EventTime{t}, count);
    REQUIRE(state.buffer.rows() <= 10);
    // All goes through the codec, so that a restart at any row would find the same.
    std::string bytes;
    StateCodec<PatternState<Reading>>::encode(bytes, state);
    StateReader in(bytes);
    state = StateCodec<PatternState<Reading>>::decode(in);
    REQUIRE(in.at_end());
  }
  CHECK(found > 5000);
  matcher.advance_time(state, EventTime::max(), count, [](const Match<Reading>&, EventTime) {});
  CHECK(state.empty());
  CHECK(state.buffer.rows() == 0);
}

TEST_CASE("A pattern that cannot be is refused, with the reason") {
  const auto refused = [](const Pattern<Reading>& pattern, const char* why) {
    CHECK_THROWS_WITH(pattern.plan(), Catch::Contains(why));
  };
  refused(first().not_followed_by("b"), "say within()");
  refused(first().not_next("b").within(1s), "cannot end with not_next");
  refused(first().next("a"), "all different");
  refused(first().optional().not_next("b").next("c"), "after an element that is optional");
  refused(first().not_next("b").not_next("c").next("d"), "both in one condition");
  refused(first().not_next("b").times(2).next("c"), "cannot be repeated");
  refused(first().times(3, 2), "times()");
  refused(first().greedy(), "greedy()");
  refused(first().until(equals(1)), "until()");
  refused(first().within(0ms), "1 ms");
  refused(first().next("b").after_match(skip_to_first("c")), "no element 'c'");
  refused(first().next("b").after_match(skip_to_first("a")), "to stay");
}

namespace {

struct Tap {
  std::uint32_t card;
  std::uint64_t n;
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Tap, (), (card, n, time))

struct Triple {
  std::uint64_t one, two, three;
};
BOOST_DESCRIBE_STRUCT(Triple, (), (one, two, three))

/// Times all differ: which of two rows of one moment comes first depends on how partitions are read.
constexpr std::int64_t kStretch = 4096;
Tap tap(std::uint64_t n, std::uint64_t seed) {
  const std::uint64_t r = detail::hash_u64(n ^ seed << 32);
  return {static_cast<std::uint32_t>(r % 7),
          n,
          {(static_cast<std::int64_t>(n * 10) - static_cast<std::int64_t>((r >> 8) % 100)) * kStretch +
           static_cast<std::int64_t>(n)}};
}

}  // namespace

TEST_CASE("Matches are found once, whatever crashes") {
  const auto run = [](std::uint64_t seed, testing::Faults faults, std::uint32_t parallelism,
                      StateMode state) {
    Pipeline pipeline("taps");
    const auto triples = pattern<Tap>("one")
                             .followed_by("two")
                             .followed_by("three")
                             .within(400ms * kStretch)
                             .after_match(skip_past_last());
    pipeline.source<Tap>("taps")
        .generated_by(tap)
        .event_time(&Tap::time, bounded_out_of_orderness(101ms * kStretch))
        .key_by(&Tap::card)
        .detect<Triple>("triples", triples,
                        [](const Match<Tap>& m) {
                          return Triple{m.first("one")->n, m.first("two")->n, m.first("three")->n};
                        })
        .sink("triples", "simulated:");
    JobOptions job;
    job.parallelism = parallelism;
    job.state = state;
    job.memory_bytes = state == StateMode::kHeap ? std::size_t{1} << 30 : 4096;
    job.checkpoint_interval = 2ms;
    job.sources["taps"] = "generator:?rate=300000&events=2000&partitions=3&seed=5";
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = faults;
    auto rows = testing::simulate(pipeline.graph(), job, options).committed["triples"];
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  const auto expected = run(1, {}, 1, StateMode::kHeap);
  CHECK(expected.size() > 200);
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    REQUIRE(run(seed, {0.0004, 0.01, 0.05, 0.2}, 1 + seed % 2,
                seed % 4 < 2 ? StateMode::kHeap : StateMode::kRocksDb) == expected);
  }
}

}  // namespace weir
