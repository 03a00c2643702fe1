#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/top_n.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;
using Change = TopChange<Reading>;
using Changes = std::vector<testing::Timed<Change>>;
using Ranked = WindowTop<Reading>;

template <class By>
auto changes(Top<By> top) {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings").key_by(&Reading::sensor).top_n("top", top).sink("out");
  return testing::harness_for<Reading, Change>(pipeline.graph(), "top");
}

template <class By>
auto tops(AlignedWindows<> windows, Top<By> top) {
  Pipeline pipeline("test");
  auto first = pipeline.source<Reading>("readings").key_by(&Reading::sensor).top_n("top", windows, top);
  first.sink("out");
  first.late().sink("late");
  return testing::harness_for<Reading, Ranked, Reading>(pipeline.graph(), "top");
}

}  // namespace

TEST_CASE("A row that comes among the first n is added, and the one it displaces removed") {
  auto harness = changes(top(2, &Reading::value)).in_order();
  harness.record({"a", 5}, at(1s)).record({"a", 3}, at(2s)).record({"b", 1}, at(3s)).record({"a", 2}, at(4s));
  harness.record({"a", 9}, at(5s)).record({"a", 5}, at(6s));
  CHECK(harness.output() == Changes{{{true, 1, {"a", 5}}, at(1s)},
                                    {{true, 2, {"a", 3}}, at(2s)},
                                    {{true, 1, {"b", 1}}, at(3s)},
                                    {{false, 2, {"a", 3}}, at(5s)},
                                    {{true, 1, {"a", 9}}, at(5s)}});
}

TEST_CASE("With ranks, rows that move down are removed and added anew") {
  auto harness = changes(top(2, &Reading::value).smallest().with_ranks()).in_order();
  harness.record({"a", 5}, at(1s)).record({"a", 3}, at(2s)).record({"a", 4}, at(3s));
  CHECK(harness.output() == Changes{{{true, 1, {"a", 5}}, at(1s)},
                                    {{false, 1, {"a", 5}}, at(2s)},
                                    {{true, 1, {"a", 3}}, at(2s)},
                                    {{true, 2, {"a", 5}}, at(2s)},
                                    {{false, 2, {"a", 5}}, at(3s)},
                                    {{true, 2, {"a", 4}}, at(3s)}});
}

TEST_CASE("As upserts, only what a rank has now is said") {
  auto harness = changes(top(2, &Reading::value).smallest().upserts()).in_order();
  harness.record({"a", 5}, at(1s)).record({"a", 3}, at(2s)).record({"a", 4}, at(3s));
  CHECK(harness.output() == Changes{{{true, 1, {"a", 5}}, at(1s)},
                                    {{true, 1, {"a", 3}}, at(2s)},
                                    {{true, 2, {"a", 5}}, at(2s)},
                                    {{true, 2, {"a", 4}}, at(3s)}});
}

TEST_CASE("The top of a window is emitted when it closes") {
  auto harness = tops(tumbling(10s), top(2, &Reading::value));
  harness.record({"a", 1}, at(3s))
      .record({"a", 3}, at(2s))
      .record({"a", 2}, at(1s))
      .record({"a", 7}, at(10s));
  harness.watermark(EventTime{9'998});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{9'999});
  const std::vector<testing::Timed<Ranked>> first{{{at(0s), at(10s), 1, {"a", 3}}, EventTime{9'999}},
                                                  {{at(0s), at(10s), 2, {"a", 2}}, EventTime{9'999}}};
  CHECK(harness.output() == first);
  harness.record({"a", 100}, at(9s)).end();
  CHECK(harness.output().size() == 3);
  CHECK(harness.output<1>().size() == 1);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("The tops of many keys leave a portion at a time") {
  auto harness = tops(tumbling(10s), top(2, &Reading::value));
  for (int key = 0; key < 6000; ++key)
    for (int value = 0; value < 3; ++value) harness.record({"key " + std::to_string(key), value}, at(1s));
  CHECK(harness.end().output().size() == 12'000);
}

TEST_CASE("Tops of no rows, and of windows that fire again, are refused") {
  CHECK_THROWS_WITH(top(0, &Reading::value), Catch::Contains("1 to 10000"));
  CHECK_THROWS_WITH(tops(tumbling(1s).allowed_lateness(1s), top(1, &Reading::value)),
                    Catch::Contains("without allowed lateness"));
  CHECK_THROWS_WITH(tops(sliding(2s, 1s), top(1, &Reading::value)), Catch::Contains("of tumbling() windows"));
}

namespace {

struct Row {
  std::string key;
  std::int32_t value;
  std::int64_t millis;
};

/// The first n of `rows` by value, of equal ones the earlier.
std::vector<Row> first_n(std::vector<Row> rows, std::size_t n, bool largest) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    return largest ? a.value > b.value : a.value < b.value;
  });
  if (rows.size() > n) rows.resize(n);
  return rows;
}

auto random_top(std::mt19937_64& random) {
  auto made = top(1 + static_cast<std::uint32_t>(random() % 4), &Reading::value);
  if (random() % 2) made = made.smallest();
  return made;
}

}  // namespace

TEST_CASE("Applied one after the other, changes give what a naive model ranks, at every row") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto n = 1 + static_cast<std::uint32_t>(random() % 4);
    const bool largest = random() % 2, ranks = random() % 2, upserts = ranks && random() % 2;
    auto plan = top(n, &Reading::value);
    if (!largest) plan = plan.smallest();
    if (ranks) plan = upserts ? plan.upserts() : plan.with_ranks();
    auto harness = changes(plan).in_order();
    if (seed % 3 == 0) harness.memory(1);
    std::map<std::string, std::vector<Row>> model;
    std::vector<Row> rows;
    for (std::int64_t count = 1 + static_cast<std::int64_t>(random() % 14), t = 0; t < count; ++t) {
      rows.push_back({"key " + std::to_string(random() % 3), static_cast<std::int32_t>(random() % 6), t});
      harness.record({rows.back().key, rows.back().value}, EventTime{t});
    }
    std::map<std::string, std::multimap<std::uint32_t, std::int32_t>> view;  // rank to value
    const auto& output = harness.output();
    std::size_t next = 0;
    for (const Row& row : rows) {
      for (; next < output.size() && output[next].time.millis == row.millis; ++next) {
        const Change& change = output[next].row;
        auto& ranked = view[std::string(change.row.sensor)];
        if (change.added) {
          if (upserts) ranked.erase(change.rank);
          ranked.emplace(change.rank, change.row.value);
        } else {
          REQUIRE(!upserts);
          const auto gone = std::find_if(ranked.begin(), ranked.end(), [&](const auto& entry) {
            return entry.second == change.row.value && (!ranks || entry.first == change.rank);
          });
          REQUIRE(gone != ranked.end());
          ranked.erase(gone);
        }
      }
      model[row.key].push_back(row);
      std::vector<std::int32_t> expected, shown;
      for (const Row& first : first_n(model[row.key], n, largest)) expected.push_back(first.value);
      for (const auto& [rank, value] : view[row.key]) {
        if (ranks) REQUIRE(rank == shown.size() + 1);
        shown.push_back(value);
      }
      std::sort(expected.begin(), expected.end());
      if (ranks && largest) std::reverse(expected.begin(), expected.end());
      if (!ranks) std::sort(shown.begin(), shown.end());
      REQUIRE(shown == expected);
    }
    REQUIRE(next == output.size());
  }
}

TEST_CASE(
    "The top of windows agrees with a naive model over random disorder, late rows, restarts and memory") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto size = 1 + static_cast<std::int64_t>(random() % 20);
    const auto plan = random_top(random);
    const bool largest = plan.before(Reading{"", 2}, Reading{"", 1});
    auto harness = tops(tumbling(Duration{size}), plan);
    if (seed % 3 == 0) harness.memory(1);
    std::map<std::pair<std::int64_t, std::string>, std::vector<Row>> windows;
    std::size_t late = 0;
    std::int64_t now = static_cast<std::int64_t>(random() % 40) - 20, watermark = -1'000;
    for (std::size_t count = 3 + random() % 15; count > 0; --count) {
      now += static_cast<std::int64_t>(random() % 6);
      if (random() % 6 == 0) {
        watermark = std::max(watermark, now - static_cast<std::int64_t>(random() % 15));
        harness.watermark(EventTime{watermark});
      } else {
        const Row row{"key " + std::to_string(random() % 3), static_cast<std::int32_t>(random() % 6),
                      now - static_cast<std::int64_t>(random() % 15)};
        harness.record({row.key, row.value}, EventTime{row.millis});
        std::int64_t start = -1000 * size;
        while (start + size <= row.millis) start += size;
        if (start + size - 1 <= watermark) ++late;
        else windows[{start, row.key}].push_back(row);
      }
    }
    harness.end();
    std::vector<std::string> expected, got;
    for (const auto& [place, rows] : windows) {
      std::uint32_t rank = 0;
      for (const Row& row : first_n(rows, plan.n(), largest))
        expected.push_back(testing::Timed<Ranked>{
            {{place.first}, {place.first + size}, ++rank, {row.key, row.value}},
            {place.first + size -
             1}}.text());
    }
    for (const auto& one : harness.output()) got.push_back(one.text());
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    REQUIRE(got == expected);
    REQUIRE(harness.output<1>().size() == late);
    REQUIRE(harness.stored_entries() == 0);
  }
}

}  // namespace weir
