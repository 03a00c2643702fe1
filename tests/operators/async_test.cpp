#include <catch2/catch.hpp>

#include <weir/core/error.hpp>
#include <weir/testing/operator_harness.hpp>

#include "async_bench.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;
using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("Ordered results leave in the order of their rows, whatever order the answers have") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  bench.orders({1, 2, 3});
  CHECK(service.ids() == Ids{1, 2, 3});
  service.answer(3);
  service.answer(2);
  CHECK(bench.step() == Log{});
  service.answer(1);
  CHECK(bench.step() == Log{"1=100@1", "2=200@2", "3=300@3"});
}

TEST_CASE("Unordered results leave as they come") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().unordered()));
  bench.orders({1, 2, 3});
  service.answer(3);
  CHECK(bench.step() == Log{"3=300@3"});
  service.answer(1);
  service.answer(2);
  CHECK(bench.step() == Log{"1=100@1", "2=200@2"});
}

TEST_CASE("Unordered results overtake each other, but no watermark") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().unordered()));
  bench.orders({1, 2}).watermark(2).orders({3, 4}).watermark(4).orders({5});
  service.answer(5);
  service.answer(4);
  service.answer(2);
  CHECK(bench.step() == Log{"2=200@2"});
  service.answer(1);
  CHECK(bench.step() == Log{"1=100@1", "w2", "4=400@4"});
  service.answer(3);
  CHECK(bench.step() == Log{"3=300@3", "w4", "5=500@5"});
}

TEST_CASE("A watermark leaves when all rows that came before it have, late ones included") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  bench.watermark(10);
  CHECK(bench.step() == Log{"w10"});
  bench.orders({3}).watermark(20).orders({30});
  service.answer(30);
  CHECK(bench.step() == Log{});
  service.answer(3);
  CHECK(bench.step() == Log{"3=300@3", "w20", "30=3000@30"});
}

TEST_CASE("A result may be any number of rows") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  bench.orders({1, 2, 3});
  service.take(1).result.complete(std::vector<Priced>{});
  service.take(2).result.complete(std::vector<Priced>{{2, "item 2", 7}, {2, "item 2", 8}});
  service.answer(3);
  CHECK(bench.step() == Log{"2=7@2", "2=8@2", "3=300@3"});
}

TEST_CASE("A huge result leaves in portions") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  bench.orders({1});
  service.take(1).result.complete(std::vector<Priced>(20'000, Priced{1, "item 1", 5}));
  CHECK(bench.step().size() == 20'000);  // the harness' test of portions is the model test's
}

TEST_CASE("Only the first call on a result counts") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  bench.orders({1});
  const auto request = service.take(1);
  request.result.complete(Priced{1, "item 1", 1});
  request.result.complete(Priced{1, "item 1", 2});
  request.result.fail("too late");
  CHECK(bench.step() == Log{"1=1@1"});
  CHECK(bench.wakes == 1);
}

TEST_CASE("No more rows than the capacity are asked for; the rest waits, and rows are refused meanwhile") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().unordered().capacity(2)));
  bench.orders({1, 2, 3, 4, 5});
  CHECK(service.ids() == Ids{1, 2});
  CHECK_FALSE(bench.accepts_rows());
  service.answer(2);
  bench.step();
  CHECK(service.ids() == Ids{1, 3});
  service.answer(1);
  service.answer(3);
  bench.step();
  CHECK(service.ids() == Ids{4, 5});
  CHECK_FALSE(bench.accepts_rows());
  service.answer(4);
  bench.step();
  CHECK(bench.accepts_rows());
}

TEST_CASE("A result that waits for its turn takes up capacity") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().capacity(2)));
  bench.orders({1, 2, 3});
  service.answer(2);
  bench.step();
  CHECK(service.ids() == Ids{1});
}

TEST_CASE("With requests in flight and nothing due, the operator wants no time of its worker") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().timeout(5s)));
  bench.orders({1});
  CHECK(bench.next() == bench.environment.wall + 5s);
  const int before = bench.wakes;
  service.answer(1);
  CHECK(bench.wakes == before + 1);
  CHECK(bench.next() == EventTime::min());
  bench.step();
  CHECK(bench.next() == EventTime::max());
}

TEST_CASE("A row without a result within its time fails the job, naming operator, time and reason") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().timeout(5s)));
  bench.orders({12});
  CHECK(bench.after(4999ms) == Log{});
  CHECK_THROWS_WITH(
      bench.after(1ms),
      "'prices' has no result for a row of event time 12 after 1 request: no result within 5000 ms");
}

TEST_CASE("An answer that comes after its row was given up is ignored") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().timeout(5s).failed_rows()));
  bench.orders({1});
  const auto late = service.take(1);
  CHECK(bench.after(5s) == Log{"!1 no result within 5000 ms (1, timed out)"});
  late.result.complete(Priced{1, "item 1", 1});
  CHECK(bench.step() == Log{});
}

TEST_CASE("Failed requests are made again after growing delays, as often as allowed") {
  HeldService service;
  const auto retry = retries(4).first_delay(100ms).factor(3).max_delay(500ms).jitter(0);
  AsyncBench bench(pricing(service.start(), async_options().retry(retry).failed_rows()));
  bench.orders({1});
  for (const Duration delay : {100ms, 300ms, 500ms}) {
    service.fail(1);
    CHECK(bench.step() == Log{});
    CHECK(bench.after(delay - 1ms) == Log{});
    CHECK(service.requests.empty());
    bench.after(1ms);
    CHECK(service.ids() == Ids{1});
  }
  service.fail(1, "out of order");
  CHECK(bench.step() == Log{"!1 out of order (4)"});
  CHECK(bench.next() == EventTime::max());
}

TEST_CASE("Chance shortens delays by up to the jitter") {
  const auto retry = retries(9).first_delay(1000ms).jitter(0.25);
  CHECK(retry.delay(1, 0) == 1000ms);
  CHECK(retry.delay(1, ~std::uint64_t{0}) == 750ms);
  CHECK(retry.delay(3, std::uint64_t{1} << 63) == 3500ms);
  CHECK(retry.delay(60, 0) == 30s);
}

TEST_CASE("A retry may succeed, and keeps its row's place") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().retry(retries(2).first_delay(10ms).jitter(0))));
  bench.orders({1, 2});
  service.answer(2);
  service.fail(1);
  CHECK(bench.step() == Log{});
  CHECK(bench.after(10ms) == Log{});
  service.answer(1);
  CHECK(bench.step() == Log{"1=100@1", "2=200@2"});
}

TEST_CASE("What is refused is not asked for again") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().retry(retries(5)).failed_rows()));
  bench.orders({1});
  service.take(1).result.refuse("no such order");
  CHECK(bench.step() == Log{"!1 no such order (1)"});
}

TEST_CASE("A request that takes too long is made again while the row has time") {
  HeldService service;
  const auto options = async_options()
                           .timeout(1s)
                           .attempt_timeout(300ms)
                           .retry(retries(9).first_delay(100ms).factor(1).jitter(0))
                           .failed_rows();
  AsyncBench bench(pricing(service.start(), options));
  bench.orders({1});
  const auto first = service.take(1);
  bench.after(300ms);
  CHECK(service.requests.empty());
  bench.after(100ms);
  CHECK(service.ids() == Ids{1});
  first.result.complete(Priced{1, "item 1", 1});  // of the attempt that was given up
  CHECK(bench.step() == Log{});
  bench.after(300ms);
  bench.after(100ms);
  CHECK(service.asked == 3);
  CHECK(bench.after(200ms) == Log{"!1 no result within 1000 ms (3, timed out)"});
}

TEST_CASE("A retry that could only begin after the row's end is not waited for") {
  HeldService service;
  AsyncBench bench(
      pricing(service.start(),
              async_options().timeout(1s).retry(retries(3).first_delay(2s).jitter(0)).failed_rows()));
  bench.orders({1});
  service.fail(1, "down");
  CHECK(bench.step() == Log{"!1 down (1)"});
}

TEST_CASE("A request that is let go has failed") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().failed_rows()));
  bench.orders({1});
  service.requests.clear();
  CHECK(bench.step() == Log{"!1 the request was let go without an answer (1)"});
}

TEST_CASE("A function may make the result of a failed row, in the row's place") {
  HeldService service;
  AsyncBench bench(pricing(service.start(),
                           async_options().on_failure([](const Order& order, const AsyncFailure& failure) {
                             CHECK(failure.reason == "no luck");
                             return Priced{order.id, order.item, -1};
                           })));
  bench.orders({1, 2, 3});
  service.answer(3);
  service.fail(2);
  CHECK(bench.step() == Log{});
  service.answer(1);
  CHECK(bench.step() == Log{"1=100@1", "2=-1@2", "3=300@3"});
}

TEST_CASE(
    "Rows in flight, waiting and paused are asked for again after a restart, from their first attempt on") {
  HeldService service;
  AsyncBench bench(
      pricing(service.start(), async_options().capacity(3).timeout(3h).retry(retries(2).first_delay(1h))));
  bench.orders({1, 2, 3, 4});
  service.answer(2);  // waits for its turn: asked for again
  service.fail(3);
  bench.step();
  const auto old = service.take(1);
  service.requests.clear();
  bench.restart();
  bench.step();
  CHECK(service.ids() == Ids{1, 2, 3});
  old.result.complete(Priced{1, "item 1", 7});  // the old operator is gone
  CHECK(bench.step() == Log{});
  service.fail(3);
  for (const std::uint64_t id : {1, 2}) service.answer(id);
  CHECK(bench.step() == Log{"1=100@1", "2=200@2"});
  service.answer(4);
  bench.after(1h);
  service.answer(3);
  CHECK(bench.step() == Log{"3=300@3", "4=400@4"});
  CHECK(bench.snapshot().empty());
}

TEST_CASE("After a restart watermarks still wait for the rows that came before them") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().unordered()));
  bench.orders({1}).watermark(10).orders({11}).watermark(20);
  service.requests.clear();
  bench.restart();
  bench.watermark(20).orders({21});
  bench.step();
  service.answer(21);
  service.answer(11);
  CHECK(bench.step() == Log{});
  service.answer(1);
  CHECK(bench.step() == Log{"1=100@1", "w10", "11=1100@11", "w20", "21=2100@21"});
}

TEST_CASE("After a restart a row that comes before any watermark holds all of them back") {
  HeldService service;
  AsyncBench bench(pricing(service.start(), async_options().unordered()));
  bench.watermark(10).orders({11});
  bench.step();
  service.requests.clear();
  bench.restart();
  bench.orders({5}).watermark(20);  // late where it comes from, and not for us to say
  bench.step();
  service.answer(11);
  CHECK(bench.step() == Log{"11=1100@11"});
  service.answer(5);
  CHECK(bench.step() == Log{"5=500@5", "w20"});
}

TEST_CASE("Another number of workers shares the rows in flight out among itself") {
  for (const std::uint32_t after : {1U, 2U, 3U, 5U}) {
    INFO(after << " workers afterwards");
    HeldService service;
    const JobGraph graph = pricing(service.start());
    std::vector<std::string> states;
    for (const std::uint32_t worker : {0U, 1U, 2U}) {
      AsyncBench bench(graph);
      bench.begin({}, worker, 3);
      bench.orders({worker * 10 + 1, worker * 10 + 2, worker * 10 + 3});
      states.push_back(bench.snapshot());
    }
    service.requests.clear();
    Ids all;
    for (std::uint32_t worker = 0; worker < after; ++worker) {
      AsyncBench bench(graph);
      bench.begin(states, worker, after);
      bench.step();
      const Ids mine = service.ids();
      service.requests.clear();
      CHECK(mine.size() <= 9 / after + 1);
      if (after == 3) CHECK(mine == Ids{worker * 10 + 1, worker * 10 + 2, worker * 10 + 3});
      all.insert(all.end(), mine.begin(), mine.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all == Ids{1, 2, 3, 11, 12, 13, 21, 22, 23});
  }
}

TEST_CASE("Rows in flight of another program's format are refused") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  CHECK_THROWS_AS(bench.begin({std::string("\x09junk")}), FailJob);
}

TEST_CASE("The end of the input waits for the rows in flight") {
  HeldService service;
  AsyncBench bench(pricing(service.start()));
  bench.orders({1}).watermark(EventTime::max().millis);
  CHECK_FALSE(bench.end());
  service.answer(1);
  CHECK(bench.step().front() == "1=100@1");
  CHECK(bench.end());
}

TEST_CASE("A result may be completed when the operator is gone") {
  HeldService service;
  auto bench = std::make_unique<AsyncBench>(pricing(service.start()));
  bench->orders({1, 2});
  bench->destroy();
  const int wakes = bench->wakes;
  service.answer(1);
  CHECK(bench->wakes == wakes);
  bench.reset();
  service.answer(2);
  service.requests.clear();
}

TEST_CASE("A start may answer at once") {
  AsyncBench bench(pricing([](const Order& order, const AsyncResult<Priced>& result) {
    result.complete(Priced{order.id, order.item, 1});
  }));
  bench.orders({1, 2});
  CHECK(bench.step() == Log{"1=1@1", "2=1@2"});
}

TEST_CASE("What a start throws ends the attempt") {
  AsyncBench bench(
      pricing([](const Order&, const AsyncResult<Priced>&) { throw std::runtime_error("bug"); }));
  CHECK_THROWS_WITH(bench.orders({1}), "bug");
}

TEST_CASE("Requests are counted by how they ended") {
  HeldService service;
  AsyncBench bench(
      pricing(service.start(), async_options().retry(retries(2).first_delay(0ms)).failed_rows()));
  bench.orders({1, 2});
  service.answer(1);
  service.fail(2);
  bench.step();
  service.fail(2);
  bench.step();
  std::map<std::string, double> counted;
  for (const MetricSample& sample : bench.metrics.collect())
    if (sample.name == "weir_async_requests_total") counted[sample.labels.back().second] += sample.value;
  CHECK(counted == std::map<std::string, double>{{"completed", 1}, {"failed", 1}, {"retried", 1}});
}

TEST_CASE("Options that cannot work are refused where they are written") {
  CHECK_THROWS_AS(async_options().capacity(0), FailJob);
  CHECK_THROWS_AS(async_options().timeout(0ms), FailJob);
  CHECK_THROWS_AS(async_options().attempt_timeout(-1ms), FailJob);
  CHECK_THROWS_AS(retries(0), FailJob);
  CHECK_THROWS_AS(retries(1).factor(0.5), FailJob);
  CHECK_THROWS_AS(retries(1).jitter(1.5), FailJob);
  CHECK_THROWS_AS(lookup_options().ttl(-1s), FailJob);
}

}  // namespace weir
