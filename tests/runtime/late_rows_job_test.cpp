#include <catch2/catch.hpp>

#include "job_fixture.hpp"

namespace weir {

namespace {

/// Every hundredth sample is a minute behind the others: more than a batch holds, so that it is late on machines of any speed.
Sample straggling_sample(std::uint64_t n, std::uint64_t seed, Arena& arena) {
  Sample made = sample(n, seed, arena);
  if (n % 100 == 7) made.time = made.time - Duration{60'000};
  return made;
}

}  // namespace

TEST_CASE("A job on threads counts each row, or hands it over as late and says so in its metrics") {
  for (const std::int64_t bound : {0, 100, 60'300}) {
    INFO("bound " << bound);
    Pipeline pipeline("late");
    auto counts = pipeline.source<Sample>("samples", "generator:?events=30000&partitions=4&rate=100000")
                      .generated_by(straggling_sample)
                      .event_time(&Sample::time, bounded_out_of_orderness(Duration{bound}))
                      .key_by(&Sample::sensor)
                      .window(tumbling(Duration{1000}))
                      .late_rows()
                      .aggregate("counts-by-second", count());
    counts.sink("counts", "collect:");
    counts.late().sink("late", "collect:");
    Machine machine;
    RunningJob job(pipeline.graph(), quick_options(2), machine.world());
    REQUIRE(job.wait_until([](const JobStatus& status) { return status.state == JobState::kDone; }));
    std::size_t counted = 0;
    for (const std::string& row : machine.rows.sorted("counts"))
      counted += std::stoul(row.substr(row.find("value:") + 6));
    const std::size_t late = machine.rows.sorted("late").size();
    CHECK(counted + late == 30'000);
    double said = 0;
    for (const MetricSample& metric : machine.metrics.collect())
      if (metric.name == "weir_operator_late_records_total") said += metric.value;
    CHECK(said == static_cast<double>(late));
    CHECK((late > 0) == (bound < 60'000));
  }
}

}  // namespace weir
