// What docs/streams.md shows, compiled.
#include <string>

#include <catch2/catch.hpp>

#include <weir/testing/simulation.hpp>
#include <weir/weir.hpp>

#include "documented.hpp"

namespace {

using namespace std::chrono_literals;

struct Order {
  std::string_view shop;
  weir::EventTime placed;
  std::int64_t cents;
  std::string_view goods;  // "tea,cake"
};
BOOST_DESCRIBE_STRUCT(Order, (), (shop, placed, cents, goods))

struct Label {
  std::string_view shop;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(Label, (), (shop, text))

struct Good {
  std::string_view shop;
  std::string_view name;
};
BOOST_DESCRIBE_STRUCT(Good, (), (shop, name))

void build(weir::Pipeline& pipeline) {
  auto orders = pipeline.source<Order>("orders", "file:orders/*.jsonl")
                    .event_time(&Order::placed, weir::bounded_out_of_orderness(1min))
                    .idle_after(30s);

  auto large = orders.filter([](const Order& order) { return order.cents >= 10'000; });

  auto labels = large.map([](const Order& order, weir::Arena& arena) {
    return Label{order.shop, arena.copy(std::to_string(order.cents / 100) + " EUR")};
  });

  auto goods = orders.flat_map<Good>([](const Order& order, auto&& collect) {
    std::string_view rest = order.goods;
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find(','));
      collect(Good{order.shop, name});
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
  });

  orders.key_by(&Order::shop)
      .window(weir::tumbling(1h))
      .aggregate("takings", weir::sum(&Order::cents))
      .sink("takings-by-hour", "print:");

  labels.sink("labels", "file:labels/?format=jsonl");
  goods.key_by([](const Good& good) { return good.name; })
      .window(weir::tumbling(24h))
      .aggregate("sold", weir::count())
      .sink("sold-by-day", "discard:");
}

}  // namespace

TEST_CASE("docs/streams.md shows what is compiled here") {
  check_that_page_is_compiled("docs/streams.md", "tests/documented/streams_test.cpp");
}

TEST_CASE("the pipeline of docs/streams.md is fit to run") {
  weir::Pipeline pipeline("shops");
  build(pipeline);
  CHECK(weir::problems(pipeline.graph()).empty());
  CHECK(weir::warnings(pipeline.graph()).empty());
}

TEST_CASE("without event_time every operator that goes by it is warned of, by its name") {
  weir::Pipeline pipeline("timeless");
  auto orders = pipeline.source<Order>("orders").key_by(&Order::shop);
  auto timed = pipeline.source<Order>("timed").ingestion_time().key_by(&Order::shop);
  orders.window(weir::tumbling(1h)).aggregate("hourly", weir::count()).sink("a");
  orders.window(weir::session(5min)).aggregate("visits", weir::count()).sink("b");
  orders.join(timed)
      .between(-1min, 1min)
      .inner<Good>("joined",
                   [](const Order& l, const Order& r) {
                     return Good{l.shop, r.goods};
                   })
      .sink("c");
  timed.window(weir::tumbling(1h)).aggregate("timed-hourly", weir::count()).sink("d");
  orders.count_window(5).aggregate("fives", weir::count()).sink("e");
  orders.window(weir::session_processing_time(5min)).aggregate("clock-visits", weir::count()).sink("f");
  orders.join_latest(timed)
      .inner<Good>("latest",
                   [](const Order& l, const Order& r) {
                     return Good{l.shop, r.goods};
                   })
      .sink("g");
  const auto warned = weir::warnings(pipeline.graph());
  CHECK(warned.size() == 3);
  for (const char* name : {"'hourly'", "'visits'", "'joined'"}) {
    INFO(name);
    CHECK(std::any_of(warned.begin(), warned.end(),
                      [&](const std::string& text) { return text.find(name) != std::string::npos; }));
  }
}
