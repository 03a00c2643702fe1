#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Script {
  std::string_view text;
  std::int32_t value;
  Duration time;
};
const std::vector<Script> kScript{{"late", 5, 9s},
                                  {"first", 7, 2s},
                                  {"twin of the first", 1, 2s},
                                  {"twin of the last", 1, 9s},
                                  {"middle, and longer than most", 9, 5s}};

struct Said {
  std::uint32_t key;
  std::string_view text;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Said, (), (key, text, value))

/// The value of the one result, as text, over windows with and without sharing, in memory and spilled.
template <class Value, class A>
std::string value_of(A aggregate) {
  std::string value;
  for (const auto& windows : {tumbling(10s), sliding(10s, 10s), cumulative(10s, 10s)})
    for (const std::size_t memory : {std::size_t{1} << 24, std::size_t{1}}) {
      Pipeline pipeline("test");
      pipeline.source<Said>("rows")
          .key_by(&Said::key)
          .window(windows)
          .aggregate("window", aggregate)
          .sink("s");
      auto harness =
          testing::harness_for<Said, WindowResult<std::uint32_t, Value>>(pipeline.graph(), "window")
              .memory(memory);
      for (const Script& s : kScript) harness.record({1, s.text, s.value}, at(s.time));
      harness.end();
      REQUIRE(harness.output().size() == 1);
      const std::string now = testing::row_as_text(harness.output()[0].row);
      if (!value.empty()) REQUIRE(now == value);
      value = now;
    }
  const std::size_t begin = value.find("value:") + 6;
  return value.substr(begin, value.size() - begin - 1);
}

struct Summary {
  std::int64_t rows;
  std::int64_t total;
  std::int32_t most;
  std::string_view last_text;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (rows, total, most, last_text))
struct Totals {
  std::int64_t rows;
  std::int64_t total;
};
BOOST_DESCRIBE_STRUCT(Totals, (), (rows, total))
struct Line {
  std::string_view key;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Line, (), (key, text))

}  // namespace

TEST_CASE("first() and last() go by event time, and by arrival where that is the same") {
  CHECK(value_of<std::string_view>(first(&Said::text)) == "first");
  CHECK(value_of<std::string_view>(last(&Said::text)) == "twin of the last");
  CHECK(value_of<std::int32_t>(last([](const Said& s) { return s.value * 2; })) == "2");
}

TEST_CASE("min_by() and max_by() give the whole row, the first of equals") {
  CHECK(value_of<Said>(min_by(&Said::value)) == "{key:1,text:twin of the first,value:1}");
  CHECK(value_of<Said>(max_by(&Said::value)) == "{key:1,text:middle, and longer than most,value:9}");
  CHECK(value_of<Said>(max_by([](const Said& s) { return s.text.size(); })) ==
        "{key:1,text:middle, and longer than most,value:9}");
}

TEST_CASE("count_distinct() counts each value once") {
  CHECK(value_of<std::int64_t>(count_distinct(&Said::value)) == "4");
  CHECK(value_of<std::int64_t>(count_distinct(&Said::text)) == "5");
}

TEST_CASE("all_of() gives several results with names") {
  CHECK(
      value_of<Summary>(all_of<Summary>(count(), sum(&Said::value), max(&Said::value), last(&Said::text))) ==
      "{rows:5,total:23,most:9,last_text:twin of the last}");
  CHECK(value_of<Totals>(all_of<Totals>(count(), sum(&Said::value))) == "{rows:5,total:23}");
}

TEST_CASE("What all_of() combines and retracts is what all of its parts do") {
  using Exact = decltype(detail::bind_row<Said>(all_of<Totals>(count(), sum(&Said::value))));
  static_assert(detail::kCombines<Exact> && detail::kRetracts<Exact>);
  using Max = decltype(detail::bind_row<Said>(all_of<Totals>(count(), max(&Said::value))));
  static_assert(detail::kCombines<Max> && !detail::kRetracts<Max>);
  static_assert(!detail::kRetracts<Sum<double Said::*, double>> &&
                !detail::kCombines<Sum<double Said::*, double>>);
  CHECK(detail::owns_text<std::vector<std::string>>());
  CHECK_FALSE(detail::owns_text<std::vector<std::string_view>>());
  CHECK_FALSE(detail::owns_text<std::optional<std::vector<Said>>>());
}

TEST_CASE("reduce() combines what a function of the row gives") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .window(sliding(10s, 5s))
      .reduce(
          "window", [](const Reading& r) { return std::int64_t{r.value}; },
          [](std::int64_t a, std::int64_t b) { return std::gcd(a, b); })
      .sink("results");
  auto harness =
      testing::harness_for<Reading, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(), "window");
  harness.record({"a", 12}, at(1s)).record({"a", 18}, at(6s)).record({"a", 27}, at(7s)).end();
  CHECK(harness.output() == std::vector<Result<std::int64_t>>{result<std::int64_t>("a", -5s, 5s, 12),
                                                              result<std::int64_t>("a", 0s, 10s, 3),
                                                              result<std::int64_t>("a", 5s, 15s, 9)});
}

TEST_CASE("process() sees all rows of a key's window as they came, and evictors leave some out") {
  const auto lines = [](auto evictor) {
    Pipeline pipeline("test");
    pipeline.source<Reading>("readings")
        .key_by(&Reading::sensor)
        .window(sliding(10s, 5s).allowed_lateness(1min))
        .evict(evictor)
        .template process<Line>(
            "window",
            [](std::string_view key, const Window& window, const auto& rows, auto&& collect) {
              std::string text = std::to_string(window.start.millis / 1000) + ":";
              for (const Reading& r : rows) text += " " + std::to_string(r.value);
              if (!rows.empty()) collect(Line{key, text});
            })
        .sink("results");
    auto harness = testing::harness_for<Reading, Line>(pipeline.graph(), "window").in_order();
    harness.record({"a", 1}, at(9s))
        .record({"a", 2}, at(6s))
        .record({"a", 3}, at(2s))
        .record({"a", 4}, at(7s));
    harness.watermark(at(10s)).record({"a", 5}, at(1s)).end();
    std::vector<std::string> texts;
    for (const auto& row : harness.output()) texts.push_back(row.row.text);
    return texts;
  };
  using Texts = std::vector<std::string>;
  CHECK(lines(KeepAll{}) == Texts{"-5: 3", "0: 1 2 3 4", "-5: 3 5", "0: 1 2 3 4 5", "5: 1 2 4"});
  CHECK(lines(keep_last(2)) == Texts{"-5: 3", "0: 3 4", "-5: 3 5", "0: 4 5", "5: 2 4"});
  CHECK(lines(keep_latest(3s)) == Texts{"-5: 3", "0: 1 4", "-5: 3 5", "0: 1 4", "5: 1 4"});
  CHECK(lines([](WindowRows<Reading>& rows) {
          rows.keep_if([](const Reading& r, EventTime) { return r.value % 2 == 0; });
        }) == Texts{"0: 2 4", "0: 2 4", "5: 2 4"});
}

}  // namespace weir
