#include <string>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "joins.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

JoinHarness interval_joined(Duration lower, Duration upper, JoinKind kind) {
  return join_harness(
      [=](auto orders, auto rates) { return joined_as(orders.join(rates).between(lower, upper), kind); });
}

}  // namespace

TEST_CASE("An interval join emits a pair when the later row comes, with the larger time") {
  auto harness = interval_joined(-5s, 10s, JoinKind::kInner);
  harness.record<0>({"EUR", "o1"}, at(20s))
      .record<1>({"EUR", "r1"}, at(15s))
      .record<1>({"EUR", "r2"}, at(30s));
  harness.record<1>({"EUR", "before"}, EventTime{14'999}).record<1>({"EUR", "after"}, EventTime{30'001});
  harness.record<1>({"USD", "other"}, at(20s)).record<0>({"EUR", "o2"}, at(25s));
  const JoinedRows joined{{{"o1", "r1"}, at(20s)},
                          {{"o1", "r2"}, at(30s)},
                          {{"o2", "r2"}, at(30s)},
                          {{"o2", "after"}, EventTime{30'001}}};
  CHECK(harness.output() == joined);
  harness.end();
  CHECK(harness.output() == joined);
  harness.watermark(at(1h));  // partners may come beyond the end
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A row's partners come by their time, then as they came") {
  auto harness = interval_joined(-10s, 10s, JoinKind::kInner).in_order();
  harness.record<1>({"EUR", "c"}, at(3s)).record<1>({"EUR", "a"}, at(1s)).record<1>({"EUR", "d"}, at(3s));
  harness.record<1>({"EUR", "b"}, at(2s)).record<0>({"EUR", "o"}, at(2s));
  CHECK(said(harness.output()) == "o+a@2 o+b@2 o+c@3 o+d@3");
}

TEST_CASE("Outer interval joins emit a row alone once no partner can come") {
  const auto run = [](JoinKind kind, std::int64_t watermark) {
    auto harness = interval_joined(-5s, 10s, kind);
    harness.record<0>({"EUR", "o1"}, at(20s))
        .record<0>({"EUR", "o2"}, at(40s))
        .record<1>({"EUR", "r1"}, at(45s));
    harness.record<1>({"EUR", "r2"}, at(60s)).watermark(EventTime{watermark});
    return said(harness.output());
  };
  CHECK(run(JoinKind::kLeft, 29'999) == "o2+r1@45");
  CHECK(run(JoinKind::kLeft, 30'000) == "o1+-@30 o2+r1@45");
  CHECK(run(JoinKind::kRight, 64'999) == "o2+r1@45");
  CHECK(run(JoinKind::kRight, 65'000) == "o2+r1@45 -+r2@65");
  CHECK(run(JoinKind::kFull, 1'000'000) == "o1+-@30 o2+r1@45 -+r2@65");
}

TEST_CASE("A row whose partners all lie in the past is emitted alone at once") {
  auto harness = interval_joined(-10s, -5s, JoinKind::kLeft);
  harness.record<1>({"EUR", "r"}, at(1s)).watermark(at(9s)).record<0>({"EUR", "o1"}, at(10s));
  harness.record<0>({"EUR", "o2"}, at(12s));
  CHECK(harness.output() == JoinedRows{{{"o1", "r"}, at(10s)}, {{"o2", "-"}, at(12s)}});
}

TEST_CASE("A row behind the watermark is late when it has no partner and can have none") {
  auto harness = interval_joined(-5s, 5s, JoinKind::kFull);
  harness.record<1>({"EUR", "r"}, at(20s)).watermark(at(22s));
  harness.record<0>({"EUR", "joined"}, at(16s))
      .record<0>({"EUR", "late"}, at(14s))
      .record<1>({"USD", "late"}, at(17s));
  harness.record<0>({"USD", "may be joined"}, at(18s)).end();
  CHECK(harness.output<0>() == JoinedRows{{{"joined", "r"}, at(20s)}, {{"may be joined", "-"}, at(23s)}});
  CHECK(harness.output<1>() == LateOrders{{{"EUR", "late"}, at(14s)}});
  CHECK(harness.output<2>() == LateRates{{{"USD", "late"}, at(17s)}});
  CHECK(harness.metric("weir_operator_late_records_total") == 2);
}

TEST_CASE("A partner keeps a row from being emitted alone, also after restarts and out of memory") {
  auto harness = interval_joined(0s, 10s, JoinKind::kFull).memory(1);
  harness.record<0>({"EUR", "o1"}, at(1s)).record<0>({"EUR", "o2"}, at(1s)).restart();
  harness.record<1>({"EUR", "r"}, at(2s)).restart().restart().record<0>({"USD", "o3"}, at(2s)).end();
  CHECK(harness.output() == JoinedRows{{{"o1", "r"}, at(2s)}, {{"o2", "r"}, at(2s)}, {{"o3", "-"}, at(12s)}});
}

TEST_CASE("Many rows without partner are emitted a portion at a time") {
  auto harness = interval_joined(-1h, 1h, JoinKind::kFull);
  for (int i = 0; i < 5'000; ++i) harness.record<0>({i % 2 ? "EUR" : "USD", "o"}, EventTime{i % 100});
  harness.end();
  CHECK(harness.output().size() == 5'000);
}

TEST_CASE("An interval ends after it begins") {
  CHECK_THROWS_AS(interval_joined(1s, 0s, JoinKind::kInner), FailJob);
}

namespace {

/// Collects joined rows as text.
struct Said final : BatchConsumer {
  explicit Said(std::string& to) : text(to) {}
  void consume(const Batch& batch) override {
    for (const Joined& row : static_cast<const RowBatch<Joined>&>(batch).rows())
      text += std::string(row.order) + std::string(row.rate) + " ";
  }
  std::string& text;
};

template <class Row>
std::unique_ptr<Batch> batch_of(Row row, EventTime time) {
  auto batch = std::make_unique<RowBatch<Row>>();
  batch->append(row, time);
  return batch;
}

testing::OperatorUnderTest full_join(Duration lower, Duration upper) {
  Pipeline pipeline("test");
  joined_as(pipeline.source<Order>("orders")
                .key_by(&Order::currency)
                .join(pipeline.source<ExchangeRate>("rates").key_by(&ExchangeRate::currency))
                .between(lower, upper),
            JoinKind::kFull)
      .sink("results");
  return testing::operator_of(pipeline.graph(), "join");
}

}  // namespace

TEST_CASE("A changed interval takes over the rows that are kept") {
  testing::OperatorUnderTest tested = full_join(-10s, 10s);
  testing::HarnessOptions options;
  options.mode = GENERATE(StateMode::kHeap, StateMode::kRocksDb);
  options.memory_bytes = 1;
  MetricRegistry metrics;
  std::string joined;
  testing::OperatorRun run(tested, options, metrics, [&] {
    std::vector<std::unique_ptr<BatchConsumer>> outputs;
    outputs.push_back(std::make_unique<Said>(joined));
    return outputs;
  });
  run.feed(batch_of(Order{"EUR", "o1"}, at(10s)), 0);
  run.feed(batch_of(Order{"EUR", "o2"}, at(30s)), 0);
  run.feed(batch_of(ExchangeRate{"EUR", "r1"}, at(11s)), 1);
  CHECK(joined == "o1r1 ");
  tested.make = full_join(-50s, 50s).make;
  run.restart();
  run.feed(batch_of(ExchangeRate{"EUR", "r2"}, at(60s)), 1);
  CHECK(joined == "o1r1 o1r2 o2r2 ");
  tested.make = full_join(0s, 1s).make;
  run.restart();
  run.feed(batch_of(Order{"EUR", "o3"}, at(60s)), 0);
  CHECK(joined == "o1r1 o1r2 o2r2 o3r2 ");
  run.end();
  run.watermark(at(1h));
  CHECK(joined == "o1r1 o1r2 o2r2 o3r2 ");
  CHECK(run.stored_entries() == 0);
}

}  // namespace weir
