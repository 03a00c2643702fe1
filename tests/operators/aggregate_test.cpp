#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

template <class Value, class Aggregate>
std::vector<Value> values_of(Aggregate aggregate, const std::vector<std::int32_t>& rows, std::size_t memory) {
  auto harness = window_harness(tumbling(10s), aggregate).memory(memory);
  for (const std::int32_t value : rows) harness.record({"a", value}, at(1s));
  harness.end();
  std::vector<Value> values;
  for (const auto& row : harness.output()) values.push_back(row.row.value);
  return values;
}

struct Span {
  std::string first;
  std::string last;
};
BOOST_DESCRIBE_STRUCT(Span, (), (first, last))

struct Named {
  std::string who;
  std::string from;
  std::string to;
  std::int64_t window_millis;
};
BOOST_DESCRIBE_STRUCT(Named, (), (who, from, to, window_millis))

/// A user's own: text in the accumulator, a whole row as its result.
struct Alphabetical {
  using Accumulator = Span;
  std::string lift(const Reading& r) const { return std::to_string(r.value); }
  void add(Span& span, const std::string& text) const { merge(span, {text, text}); }
  void merge(Span& span, const Span& other) const {
    if (span.first.empty() || other.first < span.first) span.first = other.first;
    if (other.last > span.last) span.last = other.last;
  }
  Named result(std::string_view key, const Window& window, const Span& span) const {
    return {std::string(key), span.first, span.last, window.end.millis - window.start.millis};
  }
};

}  // namespace

TEST_CASE("Built-in aggregates give what their names say, in memory and spilled") {
  const std::size_t memory = GENERATE(std::size_t{1} << 20, std::size_t{1});
  const std::vector<std::int32_t> rows{4, -7, 2'000'000'000, 2'000'000'000, 0};
  CHECK(values_of<std::int64_t>(count(), rows, memory) == std::vector<std::int64_t>{5});
  CHECK(values_of<std::int64_t>(sum(&Reading::value), rows, memory) ==
        std::vector<std::int64_t>{3'999'999'997});
  CHECK(values_of<std::int32_t>(min(&Reading::value), rows, memory) == std::vector<std::int32_t>{-7});
  CHECK(values_of<std::int32_t>(max(&Reading::value), rows, memory) ==
        std::vector<std::int32_t>{2'000'000'000});
  CHECK(values_of<double>(mean(&Reading::value), rows, memory) == std::vector<double>{3'999'999'997.0 / 5});
  CHECK(values_of<std::int32_t>(max(&Reading::value), {-3, -9}, memory) == std::vector<std::int32_t>{-3});
}

TEST_CASE("A user's aggregate may keep text and emit a row of its own") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .window(tumbling(10s))
      .aggregate("window", Alphabetical{})
      .sink("s");
  auto harness = testing::harness_for<Reading, Named>(pipeline.graph(), "window");
  harness.record({"a", 5}, at(1s)).record({"a", 123}, at(2s)).record({"a", 9}, at(3s)).memory(1).end();
  REQUIRE(harness.output().size() == 1);
  CHECK(harness.output()[0] == testing::Timed<Named>{{"a", "123", "9", 10'000}, EventTime{9'999}});
}

}  // namespace weir
