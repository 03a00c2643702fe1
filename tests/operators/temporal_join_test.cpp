#include <string>

#include <catch2/catch.hpp>

#include "joins.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

bool is_deleted(const ExchangeRate& rate) { return rate.value.empty(); }

template <class Join>
auto inner_or_left(const Join& join, JoinKind kind) {
  if (kind == JoinKind::kInner) return join.template inner<Joined>("join", joined_pair);
  return join.template left<Joined>("join", joined_rows);
}
JoinHarness as_of(JoinKind kind) {
  return join_harness([=](auto orders, auto rates) {
    return inner_or_left(orders.join_as_of(rates).deleted_when(is_deleted), kind);
  });
}
JoinHarness latest(JoinKind kind) {
  return join_harness([=](auto orders, auto rates) {
    return inner_or_left(orders.join_latest(rates).deleted_when(is_deleted), kind);
  });
}

}  // namespace

TEST_CASE("An as-of join takes the version that was valid at the row's time") {
  auto harness = as_of(JoinKind::kInner);
  harness.record<1>({"EUR", "r10"}, at(10s))
      .record<0>({"EUR", "o12"}, at(12s))
      .record<1>({"EUR", "r20"}, at(20s));
  harness.record<0>({"EUR", "o20"}, at(20s))
      .record<0>({"EUR", "o9"}, at(9s))
      .record<1>({"EUR", "r11"}, at(11s));
  CHECK(harness.output().empty());
  harness.watermark(at(12s));
  CHECK(harness.output() == JoinedRows{{{"o12", "r11"}, at(12s)}});
  harness.record<0>({"EUR", "o19"}, at(19s)).end();
  CHECK(harness.output() ==
        JoinedRows{{{"o12", "r11"}, at(12s)}, {{"o19", "r11"}, at(19s)}, {{"o20", "r20"}, at(20s)}});
}

TEST_CASE("A left as-of join emits rows for which no version is valid") {
  auto harness = as_of(JoinKind::kLeft);
  harness.record<1>({"EUR", "r10"}, at(10s))
      .record<1>({"EUR", ""}, at(15s))
      .record<1>({"EUR", "r20"}, at(20s));
  for (const Duration time : {9s, 10s, 14s, 15s, 20s}) harness.record<0>({"EUR", "o"}, at(time));
  harness.record<0>({"USD", "o"}, at(21s)).end();
  CHECK(harness.output() == JoinedRows{{{"o", "-"}, at(9s)},
                                       {{"o", "r10"}, at(10s)},
                                       {{"o", "r10"}, at(14s)},
                                       {{"o", "-"}, at(15s)},
                                       {{"o", "r20"}, at(20s)},
                                       {{"o", "-"}, at(21s)}});
}

TEST_CASE("Of the versions of one time the last one counts") {
  auto harness = as_of(JoinKind::kInner);
  harness.record<1>({"EUR", "first"}, at(10s))
      .record<1>({"EUR", "last"}, at(10s))
      .record<0>({"EUR", "o"}, at(11s))
      .end();
  CHECK(harness.output() == JoinedRows{{{"o", "last"}, at(11s)}});
}

TEST_CASE("As-of joins emit rows in the order of their times, and of those of one time as they came") {
  auto harness = as_of(JoinKind::kLeft).in_order();
  harness.record<0>({"EUR", "d"}, at(100s)).record<0>({"EUR", "b"}, at(3s)).record<0>({"EUR", "c"}, at(3s));
  harness.record<0>({"EUR", "a"}, at(1s)).watermark(at(2s)).record<0>({"EUR", "e"}, at(100s)).end();
  CHECK(said(harness.output()) == "a+-@1 b+-@3 c+-@3 d+-@100 e+-@100");
}

TEST_CASE("An as-of join keeps one version of a key for good, and nothing of a deleted key") {
  auto harness = as_of(JoinKind::kInner);
  for (int i = 0; i < 100; ++i)
    harness.record<1>({"EUR", "r"}, at(i * 1s)).record<0>({"EUR", "o"}, at(i * 1s));
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key " + std::to_string(i);
    harness.record<1>({key, "r"}, at(1s)).record<1>({key, ""}, at(50s));
  }
  harness.watermark(at(200s));
  CHECK(harness.output().size() == 100);
  CHECK(harness.stored_entries() == 1);
}

TEST_CASE("A left row behind the watermark is late, a version when a newer one is valid already") {
  auto harness = as_of(JoinKind::kLeft);
  harness.record<1>({"EUR", "r10"}, at(10s)).watermark(at(20s));
  harness.record<0>({"EUR", "late"}, at(20s))
      .record<1>({"EUR", "late"}, at(9s))
      .record<1>({"EUR", "r15"}, at(15s));
  harness.record<0>({"EUR", "o"}, at(21s)).end();
  CHECK(harness.output<0>() == JoinedRows{{{"o", "r15"}, at(21s)}});
  CHECK(harness.output<1>() == LateOrders{{{"EUR", "late"}, at(20s)}});
  CHECK(harness.output<2>() == LateRates{{{"EUR", "late"}, at(9s)}});
  CHECK(harness.metric("weir_operator_late_records_total") == 2);
}

TEST_CASE("Many rows that were waiting are joined a portion at a time") {
  auto harness = as_of(JoinKind::kLeft);
  for (int i = 0; i < 10'000; ++i) harness.record<0>({"EUR", "o"}, EventTime{i % 3000});
  harness.end();
  CHECK(harness.output().size() == 10'000);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A latest join takes the row that is there") {
  const auto run = [](JoinKind kind) {
    auto harness = latest(kind);
    harness.record<0>({"EUR", "o1"}, at(1s))
        .record<1>({"EUR", "r1"}, at(9s))
        .record<0>({"EUR", "o2"}, at(2s));
    harness.record<1>({"EUR", "r2"}, at(5s)).record<0>({"EUR", "o3"}, at(3s)).record<1>({"EUR", ""}, at(5s));
    harness.record<0>({"EUR", "o4"}, at(4s)).watermark(at(10s)).record<0>({"EUR", "o5"}, at(5s)).end();
    CHECK(harness.stored_entries() == 0);
    CHECK(harness.metric("weir_operator_late_records_total") == 0);
    return said(harness.output());
  };
  CHECK(run(JoinKind::kInner) == "o2+r1@2 o3+r2@3");
  CHECK(run(JoinKind::kLeft) == "o1+-@1 o2+r1@2 o3+r2@3 o4+-@4 o5+-@5");
}

}  // namespace weir
