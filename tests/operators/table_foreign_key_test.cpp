#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/table.hpp>
#include <weir/testing/simulation.hpp>

#include "tables.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using namespace tables;
using testing::at;

struct Delivery {
  std::uint32_t order;
  std::int64_t amount;
  std::string_view city;
};
BOOST_DESCRIBE_STRUCT(Delivery, (), (order, amount, city))

Delivery delivery(const Order& order, const Customer* customer) {
  return {order.id, order.amount, customer ? customer->city : "nowhere"};
}

using Customers = Change<std::string_view, Customer>;
using Deliveries = Change<std::uint32_t, Delivery>;

JobGraph by_customer(bool left) {
  Pipeline pipeline("test");
  auto orders = pipeline.source<Order>("orders").key_by(&Order::id).to_table("order table");
  auto customers = pipeline.source<Customer>("customers").key_by(&Customer::name).to_table("customer table");
  const auto key = [](const Order& order) {
    return order.customer.empty() ? std::optional<std::string_view>() : order.customer;
  };
  if (left) orders.left_join_by("join", customers, key, delivery).changes().sink("out");
  else
    orders.join_by("join", customers, key, [](const Order& o, const Customer& c) { return delivery(o, &c); })
        .changes()
        .sink("out");
  return pipeline.graph();
}

// The vertices of the join one by one, as they talk to each other.
using Versions = detail::VersionedChange<std::uint32_t, Order>;
using Answers = detail::Answer<std::uint32_t, Delivery>;

auto matches() {
  return testing::harness_for<testing::Inputs<Versions, Customers>, Answers>(by_customer(true),
                                                                             "join.matches");
}
auto answers() {
  return testing::harness_for<testing::Inputs<Versions, Answers>, Deliveries>(by_customer(true), "join")
      .in_order();
}

const Order kToAnn{1, "ann", 5}, kToBob{1, "bob", 5}, kToNobody{1, "", 5};
const Delivery kRome{1, 5, "Rome"}, kOslo{1, 5, "Oslo"}, kNowhere{1, 5, "nowhere"};

}  // namespace

namespace {

class Numbers final : public BatchConsumer {
 public:
  explicit Numbers(std::vector<std::uint64_t>& versions) : versions_(versions) {}
  void consume(const Batch& batch) override {
    for (const Versions& row : static_cast<const RowBatch<Versions>&>(batch).rows())
      versions_.push_back(row.version);
  }

 private:
  std::vector<std::uint64_t>& versions_;
};

}  // namespace

TEST_CASE("Versions of rows grow, also over restarts") {
  const JobGraph graph = by_customer(true);
  const auto tested = testing::operator_of(graph, "join.versions");
  MetricRegistry metrics;
  std::vector<std::uint64_t> versions;
  testing::OperatorRun run(tested, {}, metrics, [&] {
    std::vector<std::unique_ptr<BatchConsumer>> ports;
    ports.push_back(std::make_unique<Numbers>(versions));
    return ports;
  });
  for (int n = 0; n < 6; ++n) {
    auto batch = std::make_unique<RowBatch<Orders>>();
    batch->append(Orders{1, {}, kToAnn}, at(1s));
    batch->append(Orders{2, {}, kToBob}, at(1s));
    run.feed(std::move(batch));
    if (n % 2 == 1) run.restart();
  }
  REQUIRE(versions.size() == 12);
  CHECK(versions.front() > 0);
  CHECK(std::is_sorted(versions.begin(), versions.end(), std::less_equal<>()));
}

TEST_CASE("Both sides of a foreign key are answered, and leave nothing when they go") {
  auto harness = matches().in_order();
  const Customer rome{"ann", "Rome"}, oslo{"ann", "Oslo"};
  harness.record<0>({1, {}, kToAnn, 1}, at(1s)).record<1>({"ann", {}, rome}, at(2s));
  harness.record<1>({"ann", rome, oslo}, at(3s)).record<0>({1, kToAnn, kToBob, 2}, at(4s));
  harness.record<1>({"ann", oslo, {}}, at(5s)).record<0>({1, kToBob, {}, 3}, at(6s));
  CHECK(harness.output() == std::vector<testing::Timed<Answers>>{{{1, 1, kNowhere}, at(1s)},
                                                                 {{1, 1, kRome}, at(2s)},
                                                                 {{1, 1, kOslo}, at(3s)},
                                                                 {{1, 2, kNowhere}, at(4s)}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A right row with very many left rows is answered in portions") {
  auto harness = matches();
  constexpr std::uint32_t kMany = 20'000;
  for (std::uint32_t n = 0; n < kMany; ++n) harness.record<0>({n, {}, Order{n, "ann", 1}, n + 1}, at(1s));
  const Customer rome{"ann", "Rome"}, oslo{"ann", "Oslo"}, bob{"bob", "Bonn"};
  harness.record<1>({"ann", {}, rome}, at(2s))
      .record<1>({"ann", rome, oslo}, at(3s))
      .record<1>({"bob", {}, bob}, at(3s));
  harness.record<0>({kMany, {}, Order{kMany, "bob", 1}, kMany + 1}, at(4s)).watermark(at(9s));
  std::map<std::string_view, std::uint32_t> cities;
  for (const auto& answer : harness.output()) ++cities[answer.row.row->city];
  CHECK(cities == std::map<std::string_view, std::uint32_t>{
                      {"nowhere", kMany}, {"Rome", kMany}, {"Oslo", kMany}, {"Bonn", 1}});
}

TEST_CASE("An answer about an old foreign key does not overwrite that about the new one") {
  auto harness = answers();
  harness.record<0>({1, {}, kToAnn, 1}, at(1s)).record<0>({1, kToAnn, kToBob, 2}, at(2s));
  harness.record<1>({1, 2, kOslo}, at(2s)).record<1>({1, 1, kRome}, at(3s));
  CHECK(harness.output() == std::vector<testing::Timed<Deliveries>>{{{1, {}, kOslo}, at(2s)}});
}

TEST_CASE("An answer that is quicker than the news of its row waits for it") {
  auto harness = answers();
  harness.record<1>({1, 1, kRome}, at(1s)).record<1>({1, 1, kOslo}, at(2s));
  harness.record<0>({1, {}, kToAnn, 1}, at(1s));
  CHECK(harness.output() == std::vector<testing::Timed<Deliveries>>{{{1, {}, kOslo}, at(2s)}});
}

TEST_CASE("Of early answers the one about the newest row counts, whichever comes last") {
  auto harness = answers();
  harness.record<1>({1, 2, kOslo}, at(2s)).record<1>({1, 1, kRome}, at(1s));
  harness.record<0>({1, {}, kToAnn, 1}, at(1s)).record<0>({1, kToAnn, kToBob, 2}, at(2s));
  CHECK(harness.output() == std::vector<testing::Timed<Deliveries>>{{{1, {}, kOslo}, at(2s)}});
  CHECK(harness.stored_entries() == 1);
}

TEST_CASE("An answer about a row that is gone brings nothing back") {
  auto harness = answers();
  harness.record<0>({1, {}, kToAnn, 1}, at(1s)).record<1>({1, 1, kRome}, at(1s));
  harness.record<0>({1, kToAnn, {}, 2}, at(2s)).record<1>({1, 1, kOslo}, at(3s));
  CHECK(harness.output() ==
        std::vector<testing::Timed<Deliveries>>{{{1, {}, kRome}, at(1s)}, {{1, kRome, {}}, at(2s)}});
  CHECK(harness.stored_entries() == 0);
}

TEST_CASE("A row that refers to nothing needs no answer") {
  auto harness = answers();
  harness.record<0>({1, {}, kToNobody, 1}, at(1s)).record<0>({1, kToNobody, kToAnn, 2}, at(2s));
  harness.record<1>({1, 2, kRome}, at(2s));
  CHECK(harness.output() ==
        std::vector<testing::Timed<Deliveries>>{{{1, {}, kNowhere}, at(1s)}, {{1, kNowhere, kRome}, at(2s)}});
}

namespace {

// The whole join on several workers that take turns at random, with crashes.

struct Edit {
  bool of_order;
  std::uint32_t id;
  std::uint32_t refers_to;
  std::int64_t number;
  bool deleted;
};
BOOST_DESCRIBE_STRUCT(Edit, (), (of_order, id, refers_to, number, deleted))

std::uint64_t edits_of(std::uint32_t seed) { return seed < 24 ? 1200 : 8 + seed % 24; }

Edit edit(std::uint64_t n, std::uint64_t seed) {
  const std::uint64_t r = detail::hash_u64(n ^ seed << 32);
  const bool of_order = r % 3 != 0;
  return {of_order, static_cast<std::uint32_t>((r >> 8) % (of_order ? 12 : 5)),
          static_cast<std::uint32_t>((r >> 16) % 6), static_cast<std::int64_t>(n), (r >> 24) % 5 == 0};
}

struct Matched {
  std::uint32_t order;
  std::int64_t order_number;
  std::int64_t customer_number;
};
BOOST_DESCRIBE_STRUCT(Matched, (), (order, order_number, customer_number))

std::optional<std::uint32_t> reference(const Edit& order) {
  return order.refers_to == 5 ? std::nullopt : std::optional(order.refers_to);
}
Matched matched(const Edit& order, const Edit* customer) {
  return {order.id, order.number, customer ? customer->number : -1};
}

JobGraph edits(bool left) {
  Pipeline pipeline("test");
  auto all = pipeline.source<Edit>("edits").generated_by(edit);
  const auto deleted = table_options().deleted_when(&Edit::deleted);
  auto orders = all.filter(&Edit::of_order).key_by(&Edit::id).to_table("orders", deleted);
  auto customers =
      all.filter([](const Edit& e) { return !e.of_order; }).key_by(&Edit::id).to_table("customers", deleted);
  if (left) orders.left_join_by("join", customers, reference, matched).changes().sink("out", "simulated:");
  else
    orders.join_by("join", customers, reference, [](const Edit& o, const Edit& c) { return matched(o, &c); })
        .changes()
        .sink("out", "simulated:");
  return pipeline.graph();
}

/// The number behind `field:` in a row's text, the `occurrence`-th from the end.
std::int64_t last_number(const std::string& row, const std::string& field) {
  return std::stoll(row.substr(row.rfind(field + ":") + field.size() + 1));
}

}  // namespace

TEST_CASE("Joins by foreign key on several workers agree with a naive model") {
  const std::uint32_t seed = GENERATE(range(0u, kSeeds));
  const bool left = seed % 2 == 1;
  INFO("seed " << seed);
  JobOptions job;
  job.parallelism = 1 + seed % 4;
  job.sources["edits"] =
      "generator:?events=" + std::to_string(edits_of(seed)) + "&seed=" + std::to_string(seed);
  job.state = seed % 2 == 0 ? StateMode::kHeap : StateMode::kRocksDb;
  if (job.state == StateMode::kRocksDb) job.memory_bytes = 4096;
  job.checkpoint_interval = 5ms;
  testing::SimulationOptions options;
  options.seed = seed + 1;
  if (seed % 3 == 0) options.faults = {0.0005, 0.01, 0.05, 0.2};
  auto result = testing::simulate(edits(left), job, options);

  std::map<std::uint32_t, Edit> orders, customers;
  for (std::uint64_t n = 0; n < edits_of(seed); ++n) {
    const Edit e = edit(n, seed);
    auto& table = e.of_order ? orders : customers;
    if (e.deleted) table.erase(e.id);
    else table[e.id] = e;
  }
  Texts expected;
  for (const auto& [id, order] : orders) {
    const auto key = reference(order);
    const auto customer = key ? customers.find(*key) : customers.end();
    if (customer == customers.end() && !left) continue;
    expected[std::to_string(id)] =
        testing::row_as_text(matched(order, customer == customers.end() ? nullptr : &customer->second));
  }

  // Each change goes on from the one before, and no order's row gives way to an older one.
  Texts table;
  std::map<std::string, std::int64_t> newest;
  for (const std::string& change : result.committed["out"]) {
    INFO(change);
    const std::size_t before = change.find(",before:"), after = change.find(",after:");
    const std::string key = change.substr(5, before - 5);
    const std::string was = change.substr(before + 8, after - before - 8);
    const std::string is = change.substr(after + 7, change.size() - after - 8);
    REQUIRE(was == (table.contains(key) ? table[key] : "null"));
    REQUIRE(was != is);
    if (is == "null") table.erase(key);
    else {
      table[key] = is;
      const std::int64_t number = last_number(is, "order_number");
      REQUIRE(newest[key] <= number);
      newest[key] = number;
    }
  }
  REQUIRE(table == expected);
}

}  // namespace weir
