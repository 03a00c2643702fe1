#include <catch2/catch.hpp>

#include <weir/core/error.hpp>
#include <weir/testing/operator_harness.hpp>

#include "async_bench.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;
using Keys = std::vector<std::string>;

struct Offer {
  std::int64_t price;
  std::string_view seller;
};
BOOST_DESCRIBE_STRUCT(Offer, (), (price, seller))

/// Knows items, and answers when the test says so.
class HeldShop {
 public:
  std::vector<std::pair<std::string, LookupResult<Offer>>> requests;

  auto fetch() {
    return [this](std::string_view item, LookupResult<Offer> result) {
      requests.emplace_back(std::string(item), std::move(result));
    };
  }
  Keys asked() const {
    Keys keys;
    for (const auto& [key, result] : requests) keys.push_back(key);
    return keys;
  }
  LookupResult<Offer> take() {
    LookupResult<Offer> result = std::move(requests.front().second);
    requests.erase(requests.begin());
    return result;
  }
  void found(std::int64_t price) {
    std::string seller = "somebody";
    take().found({price, seller});
    seller.assign(seller.size(), '?');
  }
};

Priced join(const Order& order, const Offer* offer) {
  if (offer) CHECK(offer->seller == "somebody");
  return {order.id, order.item, offer ? offer->price : -1};
}

/// Orders 1, 11, 21 and so on are of one item.
std::string key_of(const Order& order) { return "kind " + std::to_string(order.id % 10); }

template <class OnFailure = FailTheJob>
JobGraph looking(HeldShop& shop, LookupOptions<OnFailure> options = {}) {
  Pipeline pipeline("looking");
  auto prices =
      pipeline.source<Order>("orders").template lookup<Priced>("prices", key_of, shop.fetch(), join, options);
  prices.sink("priced");
  if constexpr (std::is_same_v<OnFailure, KeepFailedRows>) prices.failed().sink("failed");
  return pipeline.graph();
}

double lookups(AsyncBench& bench, const std::string& result) {
  double sum = 0;
  for (const MetricSample& sample : bench.metrics.collect())
    if (sample.name == "weir_lookups_total" && sample.labels.back().second == result) sum += sample.value;
  return sum;
}

}  // namespace

TEST_CASE("A lookup joins each row with what is known of its key") {
  HeldShop shop;
  AsyncBench bench(looking(shop));
  bench.orders({1, 2});
  CHECK(shop.asked() == Keys{"kind 1", "kind 2"});
  shop.found(70);
  shop.take().missing();
  CHECK(bench.step() == Log{"1=70@1", "2=-1@2"});
}

TEST_CASE("What is known is not asked for again until it is too old") {
  HeldShop shop;
  AsyncBench bench(looking(shop, lookup_options().ttl(10s).missing_ttl(2s)));
  bench.orders({1, 2});
  shop.found(70);
  shop.take().missing();
  bench.step();
  bench.orders({11, 12});
  CHECK(bench.step() == Log{"11=70@11", "12=-1@12"});
  bench.after(2s);
  bench.orders({21, 22});
  bench.step();
  CHECK(shop.asked() == Keys{"kind 2"});
  shop.found(5);
  bench.step();
  bench.after(8s);
  bench.orders({31, 32});
  CHECK(shop.asked() == Keys{"kind 1"});
  CHECK(lookups(bench, "cached") == 4);
  CHECK(lookups(bench, "requested") == 4);
}

TEST_CASE("Rows that want a key that is being asked for wait for the same answer") {
  HeldShop shop;
  AsyncBench bench(looking(shop));
  bench.orders({1, 11, 2, 21});
  CHECK(shop.asked() == Keys{"kind 1", "kind 2"});
  shop.found(3);
  CHECK(bench.step() == Log{"1=3@1", "11=3@11"});
  shop.found(4);
  CHECK(bench.step() == Log{"2=4@2", "21=3@21"});
  CHECK(lookups(bench, "joined") == 2);
}

TEST_CASE("The least recently used keys are forgotten first") {
  HeldShop shop;
  AsyncBench bench(looking(shop, lookup_options().cache_entries(2)));
  for (const std::uint64_t id : {1, 2}) {
    bench.orders({id});
    shop.found(7);
    bench.step();
  }
  bench.orders({11, 3});  // 1 is used again, so 2 goes when 3 comes
  shop.found(7);
  bench.step();
  bench.orders({21, 13, 12});
  CHECK(shop.asked() == Keys{"kind 2"});
}

TEST_CASE("Without a cache only requests under way are shared") {
  HeldShop shop;
  AsyncBench bench(looking(shop, lookup_options().cache_entries(0)));
  bench.orders({1, 11});
  shop.found(7);
  bench.step();
  bench.orders({21});
  CHECK(shop.asked() == Keys{"kind 1"});
}

TEST_CASE("A failed lookup fails all rows that waited for it, and their retries share a request again") {
  HeldShop shop;
  AsyncBench bench(
      looking(shop, lookup_options().requests(
                        async_options().retry(retries(2).first_delay(10ms).jitter(0)).failed_rows())));
  bench.orders({1, 11});
  shop.take().fail("down");
  bench.step();
  bench.after(10ms);
  CHECK(shop.asked() == Keys{"kind 1"});
  shop.take().refuse("gone");
  CHECK(bench.step() == Log{"!1 gone (2)", "!11 gone (2)"});
}

TEST_CASE("A request that is let go, or never answered, does not block its key for ever") {
  HeldShop shop;
  AsyncBench bench(looking(shop, lookup_options().requests(async_options().timeout(1s).failed_rows())));
  bench.orders({1});
  shop.requests.clear();
  CHECK(bench.step().front().find("!1 the request was let go") == 0);
  bench.orders({1});
  const auto never = shop.take();
  CHECK(bench.after(1s) == Log{"!1 no result within 1000 ms (1, timed out)"});
  bench.orders({11});
  CHECK(shop.asked() == Keys{"kind 1"});
  shop.found(8);
  never.found({9, "somebody"});  // too late to matter
  CHECK(bench.step() == Log{"11=8@11"});
  bench.orders({21});
  CHECK(bench.step() == Log{"21=8@21"});
}

TEST_CASE("What a join throws is a failure of its row") {
  Pipeline pipeline("throwing");
  pipeline.source<Order>("orders")
      .lookup<Priced>(
          "prices", key_of, [](std::string_view, LookupResult<Offer> result) { result.missing(); },
          [](const Order&, const Offer*) -> Priced { throw std::runtime_error("no such kind"); },
          lookup_options().requests(
              async_options().on_failure([](const Order& order, const AsyncFailure& failure) {
                CHECK(failure.reason == "no such kind");
                return Priced{order.id, order.item, -2};
              })))
      .sink("priced");
  AsyncBench bench(pipeline.graph());
  bench.orders({1});
  CHECK(bench.step() == Log{"1=-2@1"});
}

TEST_CASE("After a restart the cache is cold, and rows in flight are looked up again") {
  HeldShop shop;
  AsyncBench bench(looking(shop));
  bench.orders({1});
  shop.found(7);
  bench.step();
  bench.orders({2});
  shop.requests.clear();
  bench.restart();
  bench.step();
  CHECK(shop.asked() == Keys{"kind 2"});
  bench.orders({11});
  CHECK(shop.asked() == Keys{"kind 2", "kind 1"});
}

TEST_CASE("Answers may come when the operator is gone") {
  HeldShop shop;
  AsyncBench bench(looking(shop));
  bench.orders({1, 2});
  bench.destroy();
  shop.found(1);
  shop.requests.clear();
}

}  // namespace weir
