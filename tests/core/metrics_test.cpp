#include <catch2/catch.hpp>

#include <weir/core/metrics.hpp>

namespace weir {

TEST_CASE("A metric asked for twice by name and labels is the same, so that counts go on over restarts") {
  MetricRegistry registry;
  registry.counter("rows_total", "Rows.", {{"worker", "0"}}).add(3);
  registry.counter("rows_total", "Rows.", {{"worker", "1"}}).add(5);
  registry.counter("rows_total", "Rows.", {{"worker", "0"}}).add(4);
  registry.gauge("depth", "Depth.").set(2.5);
  const auto samples = registry.collect();
  REQUIRE(samples.size() == 3);
  CHECK(samples[0].value == 7);
  CHECK(samples[1].value == 5);
  CHECK(samples[1].labels == MetricLabels{{"worker", "1"}});
  CHECK(samples[2].value == 2.5);
  CHECK(samples[2].type == MetricSample::Type::kGauge);
}

TEST_CASE("Metrics stay where they are when others join them") {
  MetricRegistry registry;
  Counter& first = registry.counter("first_total", "");
  for (int n = 0; n < 1000; ++n) registry.counter("other_total", "", {{"n", std::to_string(n)}});
  CHECK(&registry.counter("first_total", "") == &first);
}

}  // namespace weir
