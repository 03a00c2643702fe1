#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pattern.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/testing/operator_harness.hpp>

#include "pattern_model.hpp"

namespace weir {

namespace {

using pattern_model::Element;
using pattern_model::Letter;
using pattern_model::Model;
using pattern_model::Spec;
using Random = std::mt19937_64;

struct Row {
  std::string_view key;
  std::int32_t letter;
  std::int32_t id;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, letter, id))

struct Found {
  std::string rows;
};
BOOST_DESCRIBE_STRUCT(Found, (), (rows))

Contiguity random_link(Random& random) { return static_cast<Contiguity>(random() % 3); }

Spec random_spec(Random& random) {
  Spec spec;
  const std::size_t count = 1 + random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    Element e;
    e.shape.name = std::string(1, static_cast<char>('a' + i));
    e.shape.link = random_link(random);
    e.letters = 1 + static_cast<std::uint32_t>(random() % 15);
    e.rising = random() % 6 == 0;
    e.shape.negative = i > 0 && random() % 5 == 0;
    if (e.shape.negative) {
      if (e.shape.link == Contiguity::kAny) e.shape.link = Contiguity::kRelaxed;
    } else {
      if (random() % 3 == 0) {
        e.shape.min = 1 + static_cast<std::uint32_t>(random() % 2);
        e.shape.max = random() % 2 ? PatternElement::kUnbounded
                                   : e.shape.min + static_cast<std::uint32_t>(random() % 3);
        e.shape.inner = random_link(random);
        if (e.shape.max > 1 && random() % 4 == 0) {
          e.shape.has_until = true;
          e.until = 1u << random() % 4;
        }
      }
      e.shape.optional = random() % 4 == 0;
      e.shape.greedy = (e.shape.optional || e.shape.max > 1) && random() % 3 == 0;
    }
    spec.elements.push_back(e);
  }
  if (random() % 3 != 0) spec.within = 1 + static_cast<std::int64_t>(random() % 30);
  if (random() % 2) {
    spec.skip.kind = static_cast<SkipStrategy::Kind>(random() % 5);
    if (spec.skip.kind == SkipStrategy::Kind::kToFirst || spec.skip.kind == SkipStrategy::Kind::kToLast)
      spec.skip.element = spec.elements[random() % count].shape.name;
  }
  return spec;
}

/// The specification in the words of a user.
Pattern<Row> pattern_of(const Spec& spec) {
  auto made = pattern<Row>(spec.elements.front().shape.name);
  for (std::size_t i = 0; i < spec.elements.size(); ++i) {
    const Element& e = spec.elements[i];
    const PatternElement& shape = e.shape;
    if (i > 0) {
      if (shape.negative && shape.link == Contiguity::kStrict) made.not_next(shape.name);
      else if (shape.negative) made.not_followed_by(shape.name);
      else if (shape.link == Contiguity::kStrict) made.next(shape.name);
      else if (shape.link == Contiguity::kRelaxed) made.followed_by(shape.name);
      else made.followed_by_any(shape.name);
    }
    made.where([letters = e.letters](const Row& row) { return (letters >> row.letter & 1) != 0; });
    if (e.rising)
      made.where([](const Row& row, const Match<Row>& before) {
        return before.empty() || before.entries().back().row->letter <= row.letter;
      });
    if (shape.max != 1 || shape.min != 1) made.times(shape.min, shape.max);
    if (shape.inner == Contiguity::kStrict) made.consecutive();
    if (shape.inner == Contiguity::kAny) made.allow_combinations();
    if (shape.optional) made.optional();
    if (shape.greedy) made.greedy();
    if (shape.has_until)
      made.until([until = e.until](const Row& row) { return (until >> row.letter & 1) != 0; });
  }
  if (spec.within) made.within(Duration{*spec.within});
  made.after_match(spec.skip);
  return made;
}

std::string rows_of(const Match<Row>& match) {
  std::string text;
  match.for_each([&](std::string_view name, const Row& row, EventTime) {
    text += std::string(name) + std::to_string(row.id) + " ";
  });
  return text;
}

std::vector<std::string> texts(const std::vector<testing::Timed<Found>>& found) {
  std::vector<std::string> all;
  for (const auto& one : found)
    all.push_back(one.row.rows + "at " +
                  (one.time == EventTime::max() ? "the end" : std::to_string(one.time.millis)));
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

/// One random pattern on one random input. False: the pattern is refused.
bool check(std::uint64_t seed, std::size_t& matches, std::size_t& timed_out) {
  Random random(seed);
  const Spec spec = random_spec(random);
  Pipeline pipeline("model");
  std::optional<DetectedStream<Found, Row, Found>> detected;
  try {
    detected = pipeline.source<Row>("rows").key_by(&Row::key).detect<Found, Found>(
        "pattern", pattern_of(spec), [](const Match<Row>& match) { return Found{rows_of(match)}; },
        [](const Match<Row>& partial, MatchContext<Found>& context) { context.emit({rows_of(partial)}); });
  } catch (const FailJob&) {
    return false;
  }
  INFO(spec.elements.size() << " elements: " << pattern_of(spec).plan().description() << ", skip "
                            << static_cast<int>(spec.skip.kind) << " " << spec.skip.element);
  detected->sink("out");
  detected->late().sink("late");
  detected->timed_out().sink("timed out");
  auto harness = testing::harness_for<Row, Found, Row, Found>(pipeline.graph(), "pattern");
  if (seed % 3 == 0) harness.memory(1);
  std::map<std::string, std::vector<Letter>> rows;
  std::int64_t now = static_cast<std::int64_t>(random() % 20) - 10, watermark = -1000;
  std::size_t late = 0;
  std::string script;
  const std::uint64_t keys = 1 + random() % 2, steps = 3 + random() % 8;
  for (std::int32_t n = 0; n < static_cast<std::int32_t>(steps); ++n) {
    now += static_cast<std::int64_t>(random() % 6);
    const auto what = random() % 9;
    if (what == 0) {
      harness.restart();
    } else if (what == 1) {
      watermark = std::max(watermark, now - static_cast<std::int64_t>(random() % 8));
      harness.watermark(EventTime{watermark});
      script += "| ";
    } else {
      const std::string key = "key " + std::to_string(random() % keys);
      const Letter row{now - static_cast<std::int64_t>(random() % 8), static_cast<std::int32_t>(random() % 4),
                       n};
      harness.record({key, row.letter, row.id}, EventTime{row.time});
      if (row.time <= watermark) ++late;
      else rows[key].push_back(row);
      script += key + ": " + std::to_string(row.letter) + "@" + std::to_string(row.time) + " ";
    }
  }
  harness.end();
  INFO(script);
  Model::Out expected;
  for (auto& [key, of_key] : rows) {
    std::stable_sort(of_key.begin(), of_key.end(),
                     [](const Letter& a, const Letter& b) { return a.time < b.time; });
    Model::Out one = Model(spec, of_key).run();
    expected.matches.insert(expected.matches.end(), one.matches.begin(), one.matches.end());
    expected.timed_out.insert(expected.timed_out.end(), one.timed_out.begin(), one.timed_out.end());
  }
  REQUIRE(texts(harness.output<0>()) == sorted(expected.matches));
  REQUIRE(harness.output<1>().size() == late);
  REQUIRE(texts(harness.output<2>()) == sorted(expected.timed_out));
  REQUIRE(harness.stored_entries() == 0);
  matches += expected.matches.size();
  timed_out += expected.timed_out.size();
  return true;
}

}  // namespace

TEST_CASE("Random patterns find in random rows what a matcher finds that tries all subsequences") {
  std::size_t refused = 0, matches = 0, timed_out = 0;
  constexpr std::uint64_t kSeeds = 20'000;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    if (!check(seed, matches, timed_out)) ++refused;
  }
  CHECK(kSeeds - refused > 12'000);
  CHECK(matches > kSeeds);
  CHECK(timed_out > kSeeds / 2);
}

}  // namespace weir
