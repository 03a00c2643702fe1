#include <cstdint>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Row {
  std::uint64_t key;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, value))

template <class A>
JobGraph graph_of(A aggregate) {
  Pipeline pipeline("test");
  pipeline.source<Row>("rows")
      .key_by(&Row::key)
      .window(tumbling(10s))
      .aggregate("window", aggregate)
      .sink("out");
  return pipeline.graph();
}

/// Counts what is sent to two workers, and adds up what it says.
class CountingExchange final : public Exchange {
 public:
  using Sent = Keyed<std::uint64_t, std::int64_t>;
  std::uint32_t targets() const override { return 2; }
  std::uint32_t max_parallelism() const override { return kDefaultMaxParallelism; }
  Batch& open(std::uint32_t target) override { return open_[target]; }
  Batch& ship(std::uint32_t target) override {
    for (const Sent& row : open_[target].rows()) total += row.value;
    rows += open_[target].size();
    open_[target].clear();
    return open_[target];
  }
  std::size_t rows = 0;
  std::int64_t total = 0;

 private:
  RowBatch<Sent> open_[2];
};

/// Rows sent for `sent` rows of keys that `key_of(n)` gives.
template <class KeyOf>
std::size_t rows_sent(std::size_t rows, KeyOf key_of) {
  const JobGraph graph = graph_of(sum(&Row::value));
  const testing::OperatorUnderTest tested = testing::operator_of(graph, "window");
  CountingExchange exchange;
  const auto edge = tested.entrances[0].bind(exchange);
  std::int64_t total = 0;
  RowBatch<Row> batch;
  for (std::size_t n = 0; n < rows; ++n) {
    const auto value = static_cast<std::int32_t>(n % 7);
    total += value;
    batch.append(Row{key_of(n), value}, EventTime{static_cast<std::int64_t>(n)});
    if (!batch.full() && n + 1 < rows) continue;
    edge->consume(batch);
    batch.clear();
  }
  exchange.ship(0);
  exchange.ship(1);
  CHECK(exchange.total == total);
  return exchange.rows;
}

}  // namespace

TEST_CASE("Rows of a frequent key are combined before they are sent") {
  const std::size_t sent =
      rows_sent(200'000, [](std::size_t n) { return n % 10 == 0 ? std::uint64_t{n} : std::uint64_t{1}; });
  CHECK(sent < 200'000 / 4);
}

TEST_CASE("Rows of keys that hardly repeat are sent one by one") {
  CHECK(rows_sent(200'000, [](std::size_t n) { return detail::hash_u64(n) % 100'000; }) > 199'000);
}

TEST_CASE("Rows of different slices are not combined") {
  Pipeline pipeline("test");
  auto harness = testing::harness_for<Row, WindowResult<std::uint64_t, std::int64_t>>(
      graph_of(sum(&Row::value)), "window");
  for (std::int32_t n = 0; n < 20'000; ++n) harness.record({1, 1}, at((n % 3) * 10s));
  harness.end();
  REQUIRE(harness.output().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(harness.output()[i].row.value == (i == 2 ? 6'666 : 6'667));
}

TEST_CASE("What is combined is the same to the last bit for every aggregate that allows it") {
  const auto check = [](auto aggregate, auto expected) {
    using Value = decltype(expected);
    auto harness =
        testing::harness_for<Row, WindowResult<std::uint64_t, Value>>(graph_of(aggregate), "window");
    for (std::int32_t n = 0; n < 12'000; ++n) harness.record({1, n % 1000}, at(1s));
    harness.end();
    REQUIRE(harness.output().size() == 1);
    CHECK(harness.output()[0].row.value == expected);
  };
  check(count(), std::int64_t{12'000});
  check(sum(&Row::value), std::int64_t{12 * 499'500});
  check(min(&Row::value), std::int32_t{0});
  check(max(&Row::value), std::int32_t{999});
  check(mean(&Row::value), 499.5);
}

}  // namespace weir
