#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>
#include <weir/operators/top_n.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t kMostUnsigned = std::numeric_limits<std::uint64_t>::max();

/// One value, in a field of the type that is to be tested.
template <class Number>
struct Measured {
  std::int32_t id;
  std::int32_t group;
  Number value;
  BOOST_DESCRIBE_CLASS(Measured, (), (id, group, value), (), ())
};

template <class Number>
using Row = Measured<Number>;
template <class Number>
using RowChange = Change<std::int32_t, Row<Number>>;

/// What a window says of these values of one key, as text; in whatever order they come.
template <class Number, class A>
std::string in_a_window(std::vector<Number> values, A aggregate) {
  Pipeline pipeline("test");
  auto results = pipeline.source<Row<Number>>("rows")
                     .key_by(&Row<Number>::group)
                     .window(tumbling(10s))
                     .aggregate("window", aggregate);
  results.sink("out");
  using Result = typename decltype(results)::RowType;
  std::string said;
  for (std::size_t turn = 0; turn < values.size(); ++turn) {
    auto harness = testing::harness_for<Row<Number>, Result>(pipeline.graph(), "window");
    for (const Number value : values) harness.record({0, 7, value}, at(1s));
    const std::string text = testing::row_as_text(harness.end().output().at(0).row);
    if (turn > 0) CHECK(text == said);
    said = text;
    std::rotate(values.begin(), values.begin() + 1, values.end());
  }
  return said.substr(said.rfind(':') + 1, said.size() - said.rfind(':') - 2);
}

/// A table of numbers, grouped into one.
template <class Number, class A>
class Grouped {
 public:
  explicit Grouped(A aggregate) : aggregate_(aggregate) {}

  Grouped& set(std::int32_t id, Number value) { return change(id, Row<Number>{id, 7, value}); }
  Grouped& remove(std::int32_t id) { return change(id, std::nullopt); }
  /// What the group is now.
  std::string now() {
    Pipeline pipeline("test");
    auto changes = pipeline.source<Row<Number>>("rows")
                       .key_by(&Row<Number>::id)
                       .to_table("table")
                       .group_by(&Row<Number>::group)
                       .aggregate("group", aggregate_)
                       .changes();
    changes.sink("out");
    using Out = typename decltype(changes)::RowType;
    auto harness = testing::harness_for<RowChange<Number>, Out>(pipeline.graph(), "group");
    std::int64_t n = 0;
    for (const auto& each : changes_) harness.record(each, EventTime{++n});
    const auto& last = harness.output().back().row;
    return last.after ? testing::described_as_text(row_schema<Out>(), &last).substr(shown(last).size())
                      : "gone";
  }

 private:
  template <class Out>
  static std::string shown(const Out& last) {
    const std::string text = testing::row_as_text(last);
    return text.substr(0, text.rfind(':') + 1);
  }
  Grouped& change(std::int32_t id, std::optional<Row<Number>> row) {
    RowChange<Number> change{id, std::nullopt, row};
    const auto known = rows_.find(id);
    if (known != rows_.end()) change.before = known->second;
    changes_.push_back(change);
    if (row) rows_[id] = *row;
    else rows_.erase(id);
    return *this;
  }

  A aggregate_;
  std::map<std::int32_t, Row<Number>> rows_;
  std::vector<RowChange<Number>> changes_;
};

template <class Number, class A>
Grouped<Number, A> grouped(A aggregate) {
  return Grouped<Number, A>(aggregate);
}

/// The values of the first rows of a key, as its changes leave them.
std::multiset<std::string> top_of(const std::vector<double>& values, Top<double Row<double>::*> top) {
  Pipeline pipeline("test");
  pipeline.source<Row<double>>("rows").key_by(&Row<double>::group).top_n("top", top).sink("out");
  auto harness =
      testing::harness_for<Row<double>, TopChange<Row<double>>>(pipeline.graph(), "top").in_order();
  for (const double value : values) harness.record({0, 7, value}, at(1s));
  std::multiset<std::string> there;
  for (const auto& change : harness.output()) {
    const std::string text = std::to_string(std::fabs(change.row.row.value));
    if (change.row.added) there.insert(text);
    else there.erase(there.find(text));
  }
  return there;
}
std::multiset<std::string> texts(const std::vector<double>& values) {
  std::multiset<std::string> all;
  for (const double value : values) all.insert(std::to_string(value));
  return all;
}

const auto kSum = sum(&Row<double>::value);
const auto kMean = mean(&Row<double>::value);

}  // namespace

TEST_CASE("A table's sum and mean are of the rows that are there, whatever was there before") {
  for (const double odd : {kNan, -kNan, kInfinity, -kInfinity, 1e308, std::numeric_limits<double>::max()}) {
    INFO(odd);
    auto total = grouped<double>(kSum);
    CHECK(total.set(1, odd).set(2, odd).set(1, 1).set(2, 2).now() == "3}");
    auto average = grouped<double>(kMean);
    CHECK(average.set(1, odd).set(2, odd).set(3, 4.5).remove(1).set(2, 1.5).now() == "3}");
  }
  auto both = grouped<double>(kSum).set(1, kInfinity).set(2, -kInfinity).set(3, 5);
  CHECK(both.now() == "nan}");
  CHECK(both.remove(2).now() == "inf}");
  CHECK(both.remove(1).now() == "5}");
  // 2 rows overflow, their mean does not.
  CHECK(grouped<double>(kMean).set(1, 1e308).set(2, 1e308).now() == "1e+308}");
  CHECK(grouped<double>(kSum).set(1, 1e308).set(2, 1e308).set(3, -1e308).now() == "1e+308}");
  CHECK(grouped<float>(sum(&Row<float>::value))
            .set(1, NAN)
            .set(2, 3e38F)
            .set(3, 3e38F)
            .set(1, 1)
            .set(2, 2)
            .set(3, 3)
            .now() == "6}");
}

TEST_CASE("A table's sum of floating point is exact: what is taken back leaves nothing") {
  CHECK(grouped<double>(kSum).set(1, 1e300).set(2, 1e-300).remove(1).now() == "1e-300}");
  CHECK(grouped<double>(kSum).set(1, 1e16).set(2, 1).set(3, 1e-30).set(4, -1e16).remove(2).now() == "1e-30}");
  std::mt19937_64 random(3);
  for (int script = 0; script < 300; ++script) {
    detail::ExactSum sum;
    std::vector<double> there;
    for (int step = 0; step < 60; ++step) {
      if (!there.empty() && random() % 3 == 0) {
        const std::size_t i = random() % there.size();
        sum.subtract(there[i]);
        there.erase(there.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        there.push_back(
            std::ldexp(static_cast<double>(random()) - 9e18, static_cast<int>(random() % 2020) - 1074));
        if (random() % 4 == 0) there.back() = static_cast<double>(random() % 100) / 10;
        sum.add(there.back());
      }
      // The order of addends makes no difference to an exact sum.
      detail::ExactSum anew;
      for (auto it = there.rbegin(); it != there.rend(); ++it) anew.add(*it);
      REQUIRE(sum.value() == anew.value());
    }
    for (const double value : there) sum.subtract(value);
    REQUIRE(sum.value() == 0);
    REQUIRE(sum.rest.empty());
    REQUIRE(sum.huge.is_zero());
  }
}

TEST_CASE("Sums of integers are as wide as they need to be") {
  const auto i64 = sum(&Row<std::int64_t>::value);
  const auto u64 = sum(&Row<std::uint64_t>::value);
  CHECK(in_a_window<std::uint64_t>({std::uint64_t{1} << 63}, u64) == "9223372036854775808");
  CHECK(in_a_window<std::uint64_t>({kMostUnsigned - 1, 1}, u64) == "18446744073709551615");
  CHECK(in_a_window<std::int64_t>({kMost, 1, -1}, i64) == "9223372036854775807");
  CHECK(in_a_window<std::int64_t>({kMost, kMost, kLeast, kLeast}, i64) == "-2");
  CHECK(in_a_window<std::int64_t>({kLeast, 0}, i64) == "-9223372036854775808");
  CHECK(in_a_window<std::uint32_t>({0xffff'ffff, 0xffff'ffff}, sum(&Row<std::uint32_t>::value)) ==
        "8589934590");
  CHECK(in_a_window<std::int8_t>({127, 127, 127}, sum(&Row<std::int8_t>::value)) == "381");
  CHECK(grouped<std::uint64_t>(u64).set(1, kMostUnsigned - 5).set(2, 5).now() == "18446744073709551615}");
  CHECK(
      grouped<std::uint64_t>(u64).set(1, kMostUnsigned).set(1, 1).set(2, kMostUnsigned - 1).remove(1).now() ==
      "18446744073709551614}");
  CHECK(grouped<std::int64_t>(i64).set(1, kMost).set(2, kLeast).set(1, 5).set(2, 6).now() == "11}");
}

TEST_CASE("A sum that its type does not hold fails the job, and says whose and which") {
  const auto i64 = sum(&Row<std::int64_t>::value);
  CHECK_THROWS_WITH(in_a_window<std::int64_t>({kMost, 1}, i64),
                    Catch::Contains("'window': key 7 in the window from 0 to 10000 ms") &&
                        Catch::Contains("::value is 9223372036854775808, which int64 cannot hold") &&
                        Catch::Contains("double"));
  CHECK_THROWS_WITH(in_a_window<std::int64_t>({kLeast, -1}, i64), Catch::Contains("-9223372036854775809"));
  CHECK_THROWS_WITH(in_a_window<std::uint64_t>({kMostUnsigned, 1}, sum(&Row<std::uint64_t>::value)),
                    Catch::Contains("18446744073709551616, which uint64 cannot hold"));
  CHECK_THROWS_WITH(grouped<std::int64_t>(i64).set(1, kMost).set(2, kMost).now(),
                    Catch::Contains("'group': key 7: the sum of") && Catch::Contains("18446744073709551614"));
  CHECK_THROWS_AS(in_a_window<std::int64_t>({kMost, kMost}, i64), FailJob);
}

TEST_CASE("Means of integers are of the integers, not of what doubles make of them") {
  const auto i64 = mean(&Row<std::int64_t>::value);
  constexpr std::int64_t kBeyond = (std::int64_t{1} << 53) + 1;
  CHECK(in_a_window<std::int64_t>({kBeyond, -(kBeyond - 1)}, i64) == "0.5");
  CHECK(in_a_window<std::int64_t>({kMost, kLeast, 5}, i64) == "1.3333333333333333");
  CHECK(in_a_window<std::uint64_t>({kMostUnsigned, kMostUnsigned}, mean(&Row<std::uint64_t>::value)) ==
        "1.8446744073709552e+19");
  CHECK(grouped<std::int64_t>(i64).set(1, kBeyond).set(2, -(kBeyond - 1)).now() == "0.5}");
  CHECK(grouped<std::int64_t>(i64).set(1, kMost).set(2, kMost).now() == "9.223372036854776e+18}");
}

TEST_CASE("NaN is above all numbers, and equal to itself") {
  const auto largest = max(&Row<double>::value), smallest_is_nan = max(&Row<double>::value);
  const auto smallest = min(&Row<double>::value);
  CHECK(in_a_window<double>({kNan, kNan}, largest) == "nan");
  CHECK(in_a_window<double>({1, kNan, kInfinity}, smallest_is_nan) == "nan");
  CHECK(in_a_window<double>({1, kNan, -kInfinity}, smallest) == "-inf");
  CHECK(in_a_window<double>({kNan, 4, 2}, smallest) == "2");
  CHECK(in_a_window<double>({0.0, -0.0}, smallest) == "0");
  CHECK(in_a_window<double>({-0.0, 0.0}, largest) == "0");
  CHECK(grouped<double>(largest).set(1, kNan).set(2, -kNan).now() == "nan}");
  CHECK(grouped<double>(largest).set(1, kNan).set(2, 3).set(3, kInfinity).set(1, 2).remove(3).now() == "3}");
  CHECK(grouped<double>(largest).set(1, -kNan).set(2, 3).set(1, kNan).remove(1).now() == "3}");
  CHECK(grouped<double>(smallest).set(1, kNan).now() == "nan}");
  CHECK(grouped<double>(smallest).set(1, -kNan).set(2, 3).now() == "3}");
}

TEST_CASE("Distinct values are counted by the order of doubles") {
  const auto distinct = count_distinct(&Row<double>::value);
  CHECK(in_a_window<double>({kNan, 1, 2, 3, kNan}, distinct) == "4");
  CHECK(in_a_window<double>({-kNan, kNan, 0.0, -0.0, kInfinity}, distinct) == "3");
  CHECK(in_a_window<double>({5, kNan, 1, kNan, 5, 3}, count_distinct([](const Row<double>& row) {
                              return std::optional<double>(row.value);
                            })) == "4");
}

TEST_CASE("The first rows are the first by the order of doubles") {
  using Values = std::vector<double>;
  const auto largest = top(2, &Row<double>::value);
  CHECK(top_of({1, kNan, 5, 3}, largest) == texts({kNan, 5}));
  CHECK(top_of({kNan, 1, 5, 3}, largest) == texts({kNan, 5}));
  CHECK(top_of({5, 3, kNan, kNan, kInfinity}, largest) == texts({kNan, kNan}));
  for (const Values& values : {Values{1, kNan, 5, 3}, Values{kNan, 5, 3, 1}, Values{kNan, kNan, 3, 1}})
    CHECK(top_of(values, largest.smallest()) == texts({1, 3}));
}

TEST_CASE("min_by() and max_by() rank by the order of doubles") {
  const auto id_of = [](const std::vector<double>& values, auto aggregate) {
    Pipeline pipeline("test");
    pipeline.source<Row<double>>("rows")
        .key_by(&Row<double>::group)
        .window(tumbling(10s))
        .aggregate("window", aggregate)
        .sink("out");
    auto harness = testing::harness_for<Row<double>, WindowResult<std::int32_t, Row<double>>>(
        pipeline.graph(), "window");
    for (std::int32_t i = 0; const double value : values) harness.record({i++, 7, value}, at(1s));
    return harness.end().output().at(0).row.value.id;
  };
  CHECK(id_of({1, kNan, 5}, max_by(&Row<double>::value)) == 1);
  CHECK(id_of({kNan, 1, 5}, min_by(&Row<double>::value)) == 1);
  CHECK(id_of({5, 1, kNan}, min_by(&Row<double>::value)) == 1);
}

TEST_CASE("A row whose NaN is another NaN has not changed") {
  Pipeline pipeline("test");
  auto changes = pipeline.source<Row<double>>("rows").key_by(&Row<double>::id).to_table("table").changes();
  changes.sink("out");
  auto harness = testing::harness_for<Row<double>, RowChange<double>>(pipeline.graph(), "table");
  harness.record({1, 7, kNan}, at(1s)).record({1, 7, -kNan}, at(2s)).record({1, 7, 0}, at(3s));
  CHECK(harness.output().size() == 2);
}

}  // namespace weir
