#include <string>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "joins.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

JoinHarness windows_joined(AlignedWindows<> windows, JoinKind kind) {
  return join_harness(
      [=](auto orders, auto rates) { return joined_as(orders.join(rates).window(windows), kind); });
}

JoinHarness& say_rows(JoinHarness& harness) {
  harness.record<0>({"EUR", "o1"}, at(1s)).record<1>({"EUR", "r1"}, at(9s)).record<1>({"EUR", "r2"}, at(2s));
  harness.record<0>({"USD", "o2"}, at(3s)).record<1>({"GBP", "r3"}, at(4s));
  return harness.record<0>({"EUR", "o3"}, at(12s)).watermark(EventTime{9'999});
}

}  // namespace

TEST_CASE("A window join emits the pairs of a key and window when the window ends") {
  auto harness = windows_joined(tumbling(10s), JoinKind::kInner);
  say_rows(harness);
  CHECK(harness.output() == JoinedRows{{{"o1", "r1"}, EventTime{9'999}}, {{"o1", "r2"}, EventTime{9'999}}});
  harness.end();
  CHECK(harness.output().size() == 2);
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("Outer window joins emit rows without partner") {
  const auto output = [](JoinKind kind) {
    auto harness = windows_joined(tumbling(10s), kind);
    return said(say_rows(harness).output());
  };
  CHECK(output(JoinKind::kLeft) == "o1+r1@10 o1+r2@10 o2+-@10");
  CHECK(output(JoinKind::kRight) == "-+r3@10 o1+r1@10 o1+r2@10");
  CHECK(output(JoinKind::kFull) == "-+r3@10 o1+r1@10 o1+r2@10 o2+-@10");
}

TEST_CASE("A window join emits a key's pairs by the times of both, then as they came") {
  auto harness = windows_joined(tumbling(10s), JoinKind::kInner).in_order();
  harness.record<0>({"EUR", "late"}, at(5s)).record<0>({"EUR", "early"}, at(1s));
  harness.record<1>({"EUR", "b"}, at(2s))
      .record<1>({"EUR", "c"}, at(2s))
      .record<1>({"EUR", "a"}, at(1s))
      .end();
  CHECK(said(harness.output()) == "early+a@10 early+b@10 early+c@10 late+a@10 late+b@10 late+c@10");
}

TEST_CASE("Rows in overlapping windows are joined in each of them") {
  auto harness = windows_joined(sliding(10s, 5s), JoinKind::kFull);
  harness.record<0>({"EUR", "o"}, at(6s)).record<1>({"EUR", "r"}, at(12s)).end();
  CHECK(harness.output() == JoinedRows{{{"o", "-"}, EventTime{9'999}},
                                       {{"o", "r"}, EventTime{14'999}},
                                       {{"-", "r"}, EventTime{19'999}}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A row that comes after its windows are joined is late, on its own side") {
  auto harness = windows_joined(sliding(10s, 5s), JoinKind::kFull);
  harness.record<0>({"EUR", "o"}, at(1s)).watermark(at(10s));
  harness.record<0>({"EUR", "o late"}, at(1s))
      .record<1>({"EUR", "r late"}, at(4s))
      .record<1>({"EUR", "r"}, at(5s))
      .end();
  CHECK(harness.output<0>() == JoinedRows{{{"o", "-"}, EventTime{4'999}},
                                          {{"o", "-"}, EventTime{9'999}},
                                          {{"-", "r"}, EventTime{14'999}}});
  CHECK(harness.output<1>() == LateOrders{{{"EUR", "o late"}, at(1s)}});
  CHECK(harness.output<2>() == LateRates{{{"EUR", "r late"}, at(4s)}});
  CHECK(harness.metric("weir_operator_late_records_total") == 2);
}

TEST_CASE("A hot key's pairs are emitted a portion at a time") {
  auto harness = windows_joined(tumbling(10s), JoinKind::kInner);
  for (int i = 0; i < 150; ++i) harness.record<0>({"EUR", "o"}, at(1s)).record<1>({"EUR", "r"}, at(1s));
  harness.end();
  CHECK(harness.output().size() == 150 * 150);
}

TEST_CASE("A window join has no allowed lateness") {
  CHECK_THROWS_AS(windows_joined(tumbling(10s).allowed_lateness(1s), JoinKind::kInner), FailJob);
}

}  // namespace weir
