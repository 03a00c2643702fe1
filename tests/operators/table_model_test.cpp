#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>

#include "tables.hpp"

namespace weir {

namespace {

using namespace tables;

const auto kGone = [](const Order& order) { return order.amount == 0; };

/// A naive table: every row that ever came is kept, and the table at a watermark is computed anew from all of them.
class NaiveTable {
 public:
  NaiveTable(bool by_event_time, std::optional<Duration> time_to_live)
      : by_event_time_(by_event_time), time_to_live_(time_to_live) {}

  void add(const Order& order, EventTime time) { arrived_[order.id].push_back({order, time}); }

  /// The rows after all arrivals, or after those that the watermark has passed, in the order of their times; and what has expired
  /// by `watermark`.
  std::map<std::uint32_t, Order> table(EventTime watermark, bool at_watermark) const {
    std::map<std::uint32_t, Order> rows;
    for (const auto& [id, arrivals] : arrived_) {
      auto taken = arrivals;
      if (at_watermark) {
        std::erase_if(taken, [&](const auto& row) { return row.time > watermark; });
        std::stable_sort(taken.begin(), taken.end(),
                         [](const auto& a, const auto& b) { return a.time < b.time; });
      }
      if (by_event_time_)
        std::stable_sort(taken.begin(), taken.end(),
                         [](const auto& a, const auto& b) { return a.time < b.time; });
      if (taken.empty() || kGone(taken.back().row)) continue;
      EventTime last = EventTime::min();
      for (const auto& row : taken) last = std::max(last, row.time);
      if (time_to_live_ && watermark != EventTime::max() && last + *time_to_live_ <= watermark) continue;
      rows[id] = taken.back().row;
    }
    return rows;
  }

 private:
  const bool by_event_time_;
  const std::optional<Duration> time_to_live_;
  std::map<std::uint32_t, std::vector<testing::Timed<Order>>> arrived_;
};

/// Random rows with distinct times, out of order by at most `kDisorder`, and watermarks that keep to it.
struct Script {
  static constexpr std::int64_t kDisorder = 40;
  std::mt19937 random;
  std::set<std::int64_t> used;
  std::int64_t highest = 100;

  Order order(std::uint32_t ids) {
    return {static_cast<std::uint32_t>(random() % ids), RandomOrders::kNames[random() % 3],
            static_cast<std::int64_t>(random() % 5)};
  }
  EventTime time() {
    for (;;) {
      const std::int64_t t = highest + 10 - static_cast<std::int64_t>(random() % kDisorder);
      if (t <= watermark().millis || !used.insert(t).second) {
        highest += 1;
        continue;
      }
      highest = std::max(highest, t);
      return {t};
    }
  }
  EventTime watermark() const { return {highest - kDisorder}; }
};

}  // namespace

TEST_CASE("Tables of last rows agree with a naive model") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  const bool by_event_time = seed % 2 == 1, at_watermark = seed % 3 == 1, expires = seed % 5 < 2;
  INFO("seed " << seed << ", by event time " << by_event_time << ", at watermark " << at_watermark
               << ", expires " << expires);
  auto options = table_options().deleted_when(kGone);
  if (by_event_time) options = options.latest_by_event_time();
  if (at_watermark) options = options.emit_at_watermark();
  if (expires) options = options.expire_after(Duration{30});
  Pipeline pipeline("test");
  pipeline.source<Order>("orders").key_by(&Order::id).to_table("table", options).changes().sink("out");
  auto harness = testing::harness_for<Order, Orders>(pipeline.graph(), "table").in_order();
  if (seed % 7 == 0) harness.memory(1);

  Script script{std::mt19937(seed), {}, 100};
  NaiveTable naive(by_event_time, expires ? std::optional(Duration{30}) : std::nullopt);
  EventTime watermark = EventTime::min();
  std::int64_t next_moment = 0;
  // What the table is after each step. Which of its changes come first within a step, and their times, are not the model's.
  std::vector<std::map<std::uint32_t, Order>> steps;
  for (int n = 0; n < script_length(seed); ++n) {
    const EventTime time = script.time();
    const Order order = script.order(1 + seed % 6);
    harness.record(order, time);
    naive.add(order, time);
    if (!at_watermark) steps.push_back(naive.table(watermark, false));
    if (script.random() % 4 == 0) {
      watermark = script.watermark();
      harness.watermark(watermark);
      if (!at_watermark) steps.push_back(naive.table(watermark, false));
      else
        for (; next_moment <= watermark.millis; ++next_moment)
          steps.push_back(naive.table({next_moment}, true));
    }
  }
  harness.end();
  for (; at_watermark && next_moment <= script.highest; ++next_moment)
    steps.push_back(naive.table({next_moment}, true));
  steps.push_back(naive.table(EventTime::max(), at_watermark));

  std::vector<testing::Timed<Orders>> expected;
  std::map<std::uint32_t, Order> table;
  if (!expires) {
    for (const auto& step : steps) expect(expected, table, step, {});
    const auto key = [](const Orders& change) { return testing::row_as_text(change); };
    REQUIRE(harness.output().size() == expected.size());
    // Keys by themselves, each in its order.
    for (std::uint32_t id = 0; id < 6; ++id) {
      std::vector<std::string> said, wanted;
      for (const auto& change : harness.output())
        if (change.row.key == id) said.push_back(key(change.row));
      for (const auto& change : expected)
        if (change.row.key == id) wanted.push_back(key(change.row));
      REQUIRE(said == wanted);
    }
  }
  Texts last;
  for (const auto& [id, row] : steps.back()) last[testing::row_as_text(id)] = testing::row_as_text(row);
  if (!expires) REQUIRE(folded(harness.output()) == last);
  else folded(harness.output());
}

TEST_CASE(
    "A table that emits at the watermark is the table at the end of each step, also where rows expire") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  const std::int64_t step = seed % 2 == 0 ? 1 : 10;
  INFO("seed " << seed);
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .aggregate("table", sum(&Order::amount),
                 table_options().emit_at_watermark(Duration{step}).expire_after(Duration{25}))
      .changes()
      .sink("out");
  using Sums = Change<std::uint32_t, std::int64_t>;
  auto harness = testing::harness_for<Order, Sums>(pipeline.graph(), "table");
  if (seed % 4 == 0) harness.memory(1);
  Script script{std::mt19937(seed), {}, 100};
  std::vector<testing::Timed<Order>> rows;
  std::map<std::uint32_t, std::vector<std::string>> expected, said;
  std::map<std::uint32_t, std::int64_t> table;
  EventTime step_end{step - 1};
  for (int n = 0; n < script_length(seed); ++n) {
    const EventTime time = script.time();
    rows.push_back({script.order(1 + seed % 4), time});
    harness.record(rows.back().row, time);
    if (script.random() % 4 != 0) continue;
    harness.watermark(script.watermark());
    auto sorted = rows;
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    for (; step_end <= script.watermark(); step_end = step_end + Duration{step}) {
      std::map<std::uint32_t, std::int64_t> sums;
      std::map<std::uint32_t, EventTime> last;
      for (const auto& [row, at] : sorted) {
        if (at > step_end) break;
        if (last.contains(row.id) && last[row.id] + Duration{25} <= at) sums.erase(row.id);
        sums[row.id] += row.amount;
        last[row.id] = at;
      }
      for (const auto& [id, at] : last)
        if (at + Duration{25} <= step_end) sums.erase(id);
      std::vector<testing::Timed<Sums>> changes;
      expect(changes, table, sums, step_end);
      for (const auto& change : changes) expected[change.row.key].push_back(change.text());
    }
  }
  folded(harness.output());
  for (const auto& change : harness.output()) said[change.row.key].push_back(change.text());
  REQUIRE(said == expected);
}

TEST_CASE("Results without windows agree with a naive model") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  INFO("seed " << seed);
  Pipeline pipeline("test");
  pipeline.source<Order>("orders")
      .key_by(&Order::id)
      .aggregate("table", max(&Order::amount))
      .changes()
      .sink("out");
  using Largest = Change<std::uint32_t, std::int64_t>;
  auto harness = testing::harness_for<Order, Largest>(pipeline.graph(), "table").in_order();
  Script script{std::mt19937(seed), {}, 100};
  std::vector<testing::Timed<Largest>> expected;
  std::map<std::uint32_t, std::int64_t> table;
  std::map<std::uint32_t, EventTime> last;
  for (int n = 0; n < script_length(seed); ++n) {
    const Order order = script.order(1 + seed % 6);
    const EventTime time = script.time();
    harness.record(order, time);
    auto now = table;
    const auto found = now.try_emplace(order.id, order.amount).first;
    found->second = std::max(found->second, order.amount);
    EventTime& latest = last.try_emplace(order.id, EventTime::min()).first->second;
    latest = std::max(latest, time);
    expect(expected, table, now, latest);
  }
  REQUIRE(harness.output() == expected);
}

namespace {

struct Hour {
  std::uint32_t id;
  EventTime end;
  std::int64_t count;
};
BOOST_DESCRIBE_STRUCT(Hour, (), (id, end, count))
using Hours = Change<std::uint32_t, Hour>;

template <class Suppressed>
auto suppressed_by(Suppressed suppressed) {
  Pipeline pipeline("test");
  auto table = pipeline.source<Hour>("hours").key_by(&Hour::id).to_table("table");
  suppressed(table).changes().sink("out");
  return testing::harness_for<Hours, Hours>(pipeline.graph(), "held");
}

}  // namespace

TEST_CASE("A rate limit makes one change of those that come too fast") {
  auto harness =
      suppressed_by([](auto& table) { return table.suppress("held", at_most_every(Duration{10})); });
  const Hour a{1, {}, 1}, b{1, {}, 2}, c{1, {}, 3};
  harness.record({1, {}, a}, EventTime{1}).record({1, a, b}, EventTime{5}).watermark(EventTime{10});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{11}).record({1, b, c}, EventTime{12}).record({1, c, b}, EventTime{13});
  harness.watermark(EventTime{50});
  CHECK(harness.output() == std::vector<testing::Timed<Hours>>{{{1, {}, b}, EventTime{5}}});
  harness.record({1, b, {}}, EventTime{60}).end();
  CHECK(harness.output().size() == 2);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A window's final row is emitted once, when the watermark has passed its end") {
  auto harness =
      suppressed_by([](auto& table) { return table.suppress_until_window_closes("held", &Hour::end); });
  const Hour one{1, {100}, 1}, two{1, {100}, 2}, three{1, {100}, 3};
  harness.record({1, {}, one}, EventTime{5}).watermark(EventTime{50}).record({1, one, two}, EventTime{60});
  harness.watermark(EventTime{98});
  CHECK(harness.output().empty());
  harness.watermark(EventTime{99}).record({1, two, three}, EventTime{98}).end();
  CHECK(harness.output() == std::vector<testing::Timed<Hours>>{{{1, {}, two}, EventTime{60}}});
  CHECK(harness.metric("weir_table_changes_too_late_total") == 1);
}

TEST_CASE("Suppressed tables agree with a naive model") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  const bool limited = GENERATE(false, true);
  INFO("seed " << seed << ", limited " << limited);
  const std::int64_t wait = limited ? 20 : 0;
  std::mt19937 random(seed);
  Pipeline pipeline("test");
  auto table = pipeline.source<Order>("orders").key_by(&Order::id).to_table("table");
  if (limited) table.suppress("held", at_most_every(Duration{wait})).changes().sink("out");
  else table.suppress("held", each_watermark()).changes().sink("out");
  auto harness = testing::harness_for<Orders, Orders>(pipeline.graph(), "held").in_order();
  if (seed % 3 == 0) harness.memory(1);
  RandomOrders orders(random, 1 + seed % 6, 3);
  std::map<std::uint32_t, Order> shown;
  std::map<std::uint32_t, std::pair<EventTime, EventTime>> waiting;  // first and last time
  std::vector<testing::Timed<Orders>> expected;
  const auto show = [&](EventTime watermark) {
    std::map<EventTime, std::uint32_t> due;
    for (const auto& [id, times] : waiting)
      if (times.first + Duration{wait} <= watermark) due[times.first] = id;
    for (const auto& [first, id] : due) {
      auto now = shown;
      if (orders.rows().contains(id)) now[id] = orders.rows().at(id);
      else now.erase(id);
      expect(expected, shown, now, waiting[id].second);
      waiting.erase(id);
    }
  };
  for (int n = 1; n <= script_length(seed); ++n) {
    const EventTime time{n * 3};
    const Orders change = orders.next();
    harness.record(change, time);
    waiting.try_emplace(change.key, time, time).first->second.second = time;
    if (random() % 5 != 0) continue;
    harness.watermark(time);
    show(time);
  }
  harness.end();
  show(EventTime{1'000'000});
  REQUIRE(harness.output() == expected);
  folded(harness.output());
  REQUIRE(harness.stored_entries() == 0);
}

}  // namespace weir
