#include <random>

#include <catch2/catch.hpp>

#include "hot_keys.hpp"
#include "job_fixture.hpp"

namespace weir {

TEST_CASE("The keys seen most are found among many, with their shares") {
  HotKeySketch sketch;
  std::mt19937_64 random(11);
  for (int n = 0; n < 50'000; ++n) {
    // A third is key 1, a tenth is key 2, the rest are a hundred thousand others.
    const std::uint64_t draw = random() % 30;
    const std::uint64_t key = draw < 10 ? 1 : draw < 13 ? 2 : 3 + random() % 100'000;
    sketch.add(key, [&] { return std::to_string(key); });
  }
  const auto hottest = sketch.hottest(2);
  REQUIRE(hottest.size() == 2);
  CHECK(hottest[0].second == "1");
  CHECK(hottest[0].first == Approx(1.0 / 3).margin(0.06));
  CHECK(hottest[1].second == "2");
  CHECK(hottest[1].first == Approx(0.1).margin(0.06));
}

TEST_CASE("A key that was hot long ago is forgotten") {
  HotKeySketch sketch;
  for (int n = 0; n < 20'000; ++n) sketch.add(1, [] { return "old"; });
  for (int n = 0; n < 60'000; ++n) sketch.add(2, [] { return "new"; });
  CHECK(sketch.hottest(1)[0].second == "new");
  CHECK(sketch.hottest(1)[0].first > 0.9);
}

TEST_CASE("A job reports the key that takes most of an operator's rows") {
  Pipeline pipeline("skewed");
  pipeline.source<Sample>("samples", "generator:?events=200000&partitions=1")
      .generated_by([](std::uint64_t n, std::uint64_t, Arena& arena) {
        return Sample{n % 5 < 3 ? std::string_view("busy") : arena.copy("other " + std::to_string(n % 997)),
                      EventTime{static_cast<std::int64_t>(n)}, 1};
      })
      .event_time(&Sample::time, bounded_out_of_orderness(Duration{300}))
      .key_by(&Sample::sensor)
      .window(tumbling(Duration{1000}))
      .late_rows()  // so that rows travel one by one
      .aggregate("sums", sum(&Sample::value))
      .sink("results", "collect:");
  Machine machine;
  Job job(pipeline.graph(), quick_options(), machine.world());
  REQUIRE(job.run() == ExitCode::kDone);
  const JobStatus status = job.status();
  REQUIRE(!status.hot_keys.empty());
  CHECK(status.hot_keys[0].operator_name == "sums");
  CHECK(status.hot_keys[0].key == "\"busy\"");
  CHECK(status.hot_keys[0].share == Approx(0.6).margin(0.1));
}

}  // namespace weir
