#include <catch2/catch.hpp>

#include "job_fixture.hpp"

namespace weir {

TEST_CASE("A job on threads counts each row, or hands it over as late and says so in its metrics") {
  for (std::int64_t bound = 0; bound <= 300; bound += 100) {
    INFO("bound " << bound);
    Pipeline pipeline("late");
    // The rate keeps batches small: within a batch no row is late by its neighbours.
    auto counts = pipeline.source<Sample>("samples", "generator:?events=30000&partitions=4&rate=100000")
                      .generated_by(sample)
                      .event_time(&Sample::time, bounded_out_of_orderness(Duration{bound}))
                      .key_by(&Sample::sensor)
                      .window(tumbling(Duration{1000}))
                      .late_rows()
                      .aggregate("counts-by-second", count());
    counts.sink("counts", "collect:");
    counts.late().sink("late", "collect:");
    Machine machine;
    JobOptions options = quick_options(2);
    options.linger = Duration{1};
    RunningJob job(pipeline.graph(), options, machine.world());
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
    if (bound >= 255) CHECK(late == 0);  // as far as samples are out of order
    if (bound == 0) CHECK(late > 0);
  }
}

}  // namespace weir
