#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>
#include <weir/testing/operator_run.hpp>
#include <weir/testing/simulation.hpp>

// Money that moves between accounts is never more or less: a stream of debits and credits, out of order, becomes a table of balances, and
// that one total. What the pipeline says of the total must be zero, always.

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kAccounts = 10;
constexpr std::int64_t kDisorder = 10'000;  // ms

/// One side of a transfer.
struct Entry {
  std::uint32_t account;
  std::int64_t amount;
  EventTime time;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (account, amount, time))

struct Balance {
  std::uint32_t account;
  std::int64_t amount;
};
BOOST_DESCRIBE_STRUCT(Balance, (), (account, amount))

struct Balances {
  using Accumulator = std::int64_t;
  std::int64_t lift(const Entry& entry) const { return entry.amount; }
  void add(Accumulator& balance, std::int64_t amount) const { balance += amount; }
  void merge(Accumulator& balance, Accumulator other) const { balance += other; }
  Balance result(std::uint32_t account, Accumulator balance) const { return {account, balance}; }
};

using BalanceChange = Change<std::uint32_t, Balance>;
using TotalChange = Change<int, std::int64_t>;

template <class Entries>
void say(Entries entries, Emission emission, const std::string& sink = {}) {
  auto balances = entries.key_by(&Entry::account).aggregate("balances", Balances{}, emission);
  balances.changes().sink("balance changes", sink);
  balances.group_by([](const Balance&) { return 0; })
      .aggregate("total", sum(&Balance::amount), emission)
      .changes()
      .sink("totals", sink);
}

JobGraph pipeline(Emission emission) {
  Pipeline pipeline("bank");
  say(pipeline.source<Entry>("entries"), emission);
  return pipeline.graph();
}

/// Both sides of `transfers` transfers, a millisecond apart, each late by up to kDisorder by itself.
std::vector<Entry> entries_of(std::size_t transfers) {
  std::mt19937_64 random(20);
  struct Arriving {
    std::int64_t arrives;
    Entry entry;
  };
  std::vector<Arriving> arriving;
  arriving.reserve(2 * transfers);
  for (std::size_t n = 0; n < transfers; ++n) {
    const EventTime time{static_cast<std::int64_t>(n)};
    const auto from = static_cast<std::uint32_t>(random() % kAccounts);
    const auto to = static_cast<std::uint32_t>((from + 1 + random() % (kAccounts - 1)) % kAccounts);
    for (const auto& [account, amount] : {std::pair(from, -1), std::pair(to, 1)})
      arriving.push_back(
          {time.millis + static_cast<std::int64_t>(random() % kDisorder), {account, amount, time}});
  }
  std::sort(arriving.begin(), arriving.end(),
            [](const auto& a, const auto& b) { return a.arrives < b.arrives; });
  std::vector<Entry> entries;
  entries.reserve(arriving.size());
  for (const auto& one : arriving) entries.push_back(one.entry);
  return entries;
}

/// Calls a function for each row of a port.
template <class Row, class See>
class Seeing final : public BatchConsumer {
 public:
  explicit Seeing(See see) : see_(std::move(see)) {}
  void consume(const Batch& batch) override { see_(static_cast<const RowBatch<Row>&>(batch)); }

 private:
  See see_;
};
template <class Row, class See>
testing::OperatorRun::Outputs to(See see) {
  return [see] {
    std::vector<std::unique_ptr<BatchConsumer>> ports;
    ports.push_back(std::make_unique<Seeing<Row, See>>(see));
    return ports;
  };
}

/// Both tables, one behind the other.
class Bank {
 public:
  explicit Bank(Emission emission)
      : graph_(pipeline(emission)),
        balances_of_(testing::operator_of(graph_, "balances")),
        total_of_(testing::operator_of(graph_, "total")),
        total_(total_of_, {}, metrics_, to<TotalChange>([this](const RowBatch<TotalChange>& rows) {
                 for (const TotalChange& change : rows.rows()) {
                   totals_.insert(change.after.value_or(-1'000'000));
                   ++totals_emitted_;
                 }
               })),
        balances_(balances_of_, {}, metrics_, to<BalanceChange>([this](const RowBatch<BalanceChange>& rows) {
                    auto copy = std::make_unique<RowBatch<BalanceChange>>();
                    for (std::size_t i = 0; i < rows.size(); ++i) {
                      copy->append(rows[i], rows.time(i));
                      folded_[rows[i].key] = rows[i].after->amount;
                    }
                    total_.feed(std::move(copy));
                  })) {}

  void feed(const Entry* begin, const Entry* end) {
    while (begin != end) {
      auto batch = std::make_unique<RowBatch<Entry>>();
      for (; begin != end && !batch->full(); ++begin) batch->append(*begin, begin->time);
      balances_.feed(std::move(batch));
    }
  }
  void watermark(EventTime time) {
    balances_.watermark(time);
    total_.watermark(time);
  }
  std::int64_t sum_of_balances() const {
    std::int64_t sum = 0;
    for (const auto& [account, balance] : folded_) sum += balance;
    return sum;
  }
  const std::map<std::uint32_t, std::int64_t>& balances() const { return folded_; }
  const std::set<std::int64_t>& totals() const { return totals_; }
  std::size_t totals_emitted() const { return totals_emitted_; }

 private:
  const JobGraph graph_;
  const testing::OperatorUnderTest balances_of_, total_of_;
  MetricRegistry metrics_;
  std::map<std::uint32_t, std::int64_t> folded_;
  std::set<std::int64_t> totals_;
  std::size_t totals_emitted_ = 0;
  testing::OperatorRun total_;
  testing::OperatorRun balances_;
};

/// Feeds the entries with a watermark about every half second of event time; calls check() after each.
template <class Check>
void run(Bank& bank, const std::vector<Entry>& entries, Check check) {
  constexpr std::size_t kStep = 1000;
  std::int64_t highest = 0;
  for (std::size_t at = 0; at < entries.size(); at += kStep) {
    const std::size_t end = std::min(entries.size(), at + kStep);
    bank.feed(entries.data() + at, entries.data() + end);
    for (std::size_t i = at; i < end; ++i) highest = std::max(highest, entries[i].time.millis);
    bank.watermark({highest - kDisorder - 1});
    check();
  }
  bank.watermark(EventTime::max());
  check();
}

}  // namespace

TEST_CASE("The total of a million transfers is zero at every watermark, and nothing else is ever said") {
  constexpr std::size_t kTransfers = 1'000'000;
  const std::vector<Entry> entries = entries_of(kTransfers);
  Bank bank(emit_at_watermark());
  std::size_t wrong = 0, watermarks = 0;
  run(bank, entries, [&] {
    ++watermarks;
    wrong += bank.sum_of_balances() != 0;
  });
  CHECK(watermarks > 2000);
  CHECK(wrong == 0);
  CHECK(bank.totals() == std::set<std::int64_t>{0});
  CHECK(bank.totals_emitted() == 1);

  std::map<std::uint32_t, std::int64_t> expected;
  for (const Entry& entry : entries) expected[entry.account] += entry.amount;
  CHECK(bank.balances() == expected);
}

TEST_CASE("Without waiting for the watermark the total is seen on its way") {
  Bank bank(Emission{});
  run(bank, entries_of(5'000), [] {});
  CHECK(bank.totals().size() > 10);
  CHECK(bank.sum_of_balances() == 0);
}

namespace {

constexpr std::uint64_t kSimulated = 4'000;  // entries

/// Entry n: the first half of a transfer, or, some thousand milliseconds of disorder away, its second.
Entry simulated_entry(std::uint64_t n, std::uint64_t seed) {
  const std::uint64_t transfer = n / 2;
  const std::uint64_t r = detail::hash_u64(transfer ^ seed << 32);
  const auto from = static_cast<std::uint32_t>(r % kAccounts);
  const auto to = static_cast<std::uint32_t>((from + 1 + (r >> 8) % (kAccounts - 1)) % kAccounts);
  // Disorder: the event time is not that of the turn.
  const auto time =
      static_cast<std::int64_t>(transfer * 10) - static_cast<std::int64_t>((r >> 16) % kDisorder);
  return {n % 2 == 0 ? from : to, n % 2 == 0 ? -1 : 1, {time}};
}

}  // namespace

TEST_CASE("The total is zero on several workers, whatever crashes") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    INFO("seed " << seed);
    Pipeline pipeline("bank");
    say(pipeline.source<Entry>("entries")
            .generated_by(simulated_entry)
            .event_time(&Entry::time, bounded_out_of_orderness(Duration{kDisorder})),
        emit_at_watermark(), "simulated:");
    JobOptions job;
    job.parallelism = 1 + static_cast<std::uint32_t>(seed % 4);
    job.state = seed % 2 == 0 ? StateMode::kHeap : StateMode::kRocksDb;
    if (seed % 2 == 1) job.memory_bytes = 4096;
    job.checkpoint_interval = 5ms;
    job.sources["entries"] = "generator:?rate=300000&events=" + std::to_string(kSimulated) +
                             "&partitions=3&seed=" + std::to_string(seed);
    testing::SimulationOptions options;
    options.seed = seed;
    options.faults = {seed % 4 == 0 ? 0 : 0.0004, 0.01, 0.05, 0.2};
    const auto result = testing::simulate(pipeline.graph(), job, options);
    CHECK(result.committed.at("totals") == std::vector<std::string>{"{key:0,before:null,after:0}"});
    CHECK(result.committed.at("balance changes").size() > kAccounts);
    crashes += result.crashes;
  }
  CHECK(crashes > 0);
}

}  // namespace weir
