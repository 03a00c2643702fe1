#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

/// An edge to several workers that keeps what is shipped.
class FakeExchange final : public Exchange {
 public:
  FakeExchange(BatchFactory make, std::uint32_t workers, std::uint32_t groups = kDefaultMaxParallelism)
      : make_(make), groups_(groups) {
    for (std::uint32_t w = 0; w < workers; ++w) {
      open_.push_back(make());
      shipped_.emplace_back();
    }
  }
  std::uint32_t targets() const override { return static_cast<std::uint32_t>(open_.size()); }
  std::uint32_t max_parallelism() const override { return groups_; }
  Batch& open(std::uint32_t target) override { return *open_[target]; }
  Batch& ship(std::uint32_t target) override {
    shipped_[target].push_back(std::exchange(open_[target], make_()));
    return *open_[target];
  }

  template <class Row>
  std::vector<std::pair<Row, EventTime>> rows(std::uint32_t target) {
    ship(target);
    std::vector<std::pair<Row, EventTime>> all;
    for (const auto& batch : shipped_[target])
      for (std::size_t i = 0; i < batch->size(); ++i)
        all.emplace_back(static_cast<const RowBatch<Row>&>(*batch)[i], batch->time(i));
    return all;
  }
  std::size_t batches(std::uint32_t target) const { return shipped_[target].size(); }

 private:
  const BatchFactory make_;
  const std::uint32_t groups_;
  std::vector<std::unique_ptr<Batch>> open_;
  std::vector<std::vector<std::unique_ptr<Batch>>> shipped_;
};

struct Word {
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Word, (), (text))

/// Sends batches of readings through the chain that `say` puts in front of a sink; what arrives there.
template <class Out, class Say>
std::vector<std::pair<Out, EventTime>> through(FakeExchange& exchange, Say say, std::size_t rows,
                                               std::size_t a_batch) {
  Pipeline pipeline("test");
  say(pipeline.source<Reading>("readings")).sink("sink");
  const auto consumer = pipeline.graph().edges[0].bind(exchange);
  for (std::size_t n = 0; n < rows;) {
    RowBatch<Reading> batch(a_batch);
    for (; !batch.full() && n < rows; ++n)
      batch.append(Reading{batch.arena().copy("sensor " + std::to_string(n)), static_cast<std::int32_t>(n)},
                   EventTime{static_cast<std::int64_t>(n)});
    consumer->consume(batch);
  }  // the batch has gone: rows on the edge keep its text alive
  return exchange.rows<Out>(0);
}

}  // namespace

TEST_CASE("A chain filters, maps and flattens in order, keeps event times, and shares the text of its rows") {
  FakeExchange exchange(&make_batch<Reading>, 1);
  const auto rows = through<Reading>(
      exchange,
      [](auto readings) {
        return readings.filter([](const Reading& r) { return r.value % 2 == 0; })
            .map([](const Reading& r) {
              return Reading{r.sensor, r.value / 2};
            })
            .template flat_map<Reading>([](const Reading& r, auto&& collect) {
              for (int copy = 0; copy < r.value % 3; ++copy) collect(Reading{r.sensor, r.value * 10 + copy});
            });
      },
      3000, 700);
  std::size_t i = 0;
  for (std::int32_t n = 0; n < 3000; n += 2) {
    for (int copy = 0; copy < n / 2 % 3; ++copy, ++i) {
      REQUIRE(rows.at(i).first.sensor == "sensor " + std::to_string(n));
      REQUIRE(rows[i].first.value == n / 2 * 10 + copy);
      REQUIRE(rows[i].second == EventTime{n});
    }
  }
  CHECK(i == rows.size());
  CHECK(exchange.batches(0) > 1);
}

TEST_CASE("Text that a map makes lives as long as the rows that hold it") {
  FakeExchange exchange(&make_batch<Word>, 1);
  const auto rows = through<Word>(
      exchange,
      [](auto readings) {
        return readings
            .map([](const Reading& r, Arena& arena) { return Word{arena.copy(std::string(r.sensor) + "!")}; })
            .filter([](const Word& w) { return w.text.size() > 9; });
      },
      5000, 33);
  REQUIRE(rows.size() == 4990);
  for (std::size_t i = 0; i < rows.size(); ++i)
    REQUIRE(rows[i].first.text == "sensor " + std::to_string(i + 10) + "!");
}

TEST_CASE("Text that a flat_map makes lives as long as the rows that hold it") {
  FakeExchange exchange(&make_batch<Word>, 1);
  const auto rows = through<Word>(
      exchange,
      [](auto readings) {
        return readings.template flat_map<Word>([](const Reading& r, auto&& collect, Arena& arena) {
          for (const char mark : {'?', '!'}) collect(Word{arena.copy(std::string(r.sensor) + mark)});
        });
      },
      5000, 33);
  REQUIRE(rows.size() == 10000);
  for (std::size_t i = 0; i < rows.size(); ++i)
    REQUIRE(rows[i].first.text == "sensor " + std::to_string(i / 2) + (i % 2 == 0 ? "?" : "!"));
}

TEST_CASE("opaque() ends a chain and passes its rows on as they are") {
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .filter([](const Reading& r) { return r.value > 1; })
      .opaque("cut")
      .sink("sink");
  auto harness = testing::harness_for<Reading, Reading>(pipeline.graph(), "cut").in_order();
  harness.record({"b", 2}, at(2s)).record({"x", 1}, at(1s)).record({"a", 3}, at(1s));
  CHECK(harness.output() == std::vector<testing::Timed<Reading>>{{{"b", 2}, at(2s)}, {{"a", 3}, at(1s)}});
}

namespace {

struct Ignore {
  void process(const Reading&, KeyedContext<std::string_view, Reading>&) {}
};

}  // namespace

TEST_CASE("Keyed rows go to the worker that owns their key group, in the order they were sent") {
  const std::uint32_t workers = GENERATE(1u, 2u, 3u, 7u);
  const std::uint32_t groups = GENERATE(7u, 128u, 1000u);
  using Travelling = Keyed<std::string_view, Reading>;
  Pipeline pipeline("test");
  pipeline.source<Reading>("readings")
      .key_by(&Reading::sensor)
      .process<Reading>("ignore", Ignore{})
      .sink("results");
  const JobGraph graph = pipeline.graph();
  FakeExchange exchange(graph.edges[0].make_batch, workers, groups);
  const auto consumer = graph.edges[0].bind(exchange);
  constexpr int kRows = 5000;
  for (int n = 0; n < kRows;) {
    RowBatch<Reading> batch;
    for (; !batch.full() && n < kRows; ++n)
      batch.append(Reading{batch.arena().copy("k" + std::to_string(n % 300)), n}, EventTime{n});
    consumer->consume(batch);
  }
  std::size_t arrived = 0;
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    EventTime last = EventTime::min();
    for (const auto& [row, time] : exchange.rows<Travelling>(worker)) {
      REQUIRE(row.hash == hash_bytes(row.key));
      REQUIRE(row.key == "k" + std::to_string(row.value.value % 300));
      REQUIRE(key_groups_of(worker, workers, groups).contains(key_group_of(row.hash, groups)));
      REQUIRE(time == EventTime{row.value.value});
      REQUIRE(time > last);
      last = time;
      ++arrived;
    }
  }
  CHECK(arrived == kRows);
}

TEST_CASE("A rebalanced edge gives each worker its share") {
  FakeExchange exchange(&make_batch<int>, 3);
  ChainConsumer<int, int, chain::Identity, place::Rebalance> consumer(exchange, {}, {});
  RowBatch<int> batch;
  for (int n = 0; n < 900; ++n) batch.append(n, EventTime{n});
  consumer.consume(batch);
  for (std::uint32_t worker = 0; worker < 3; ++worker) CHECK(exchange.rows<int>(worker).size() == 300);
}

}  // namespace weir
