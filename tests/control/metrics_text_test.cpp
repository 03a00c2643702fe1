#include "metrics_text.hpp"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include <catch2/catch.hpp>

#include "example_program.hpp"
#include "exposition_checker.hpp"
#include "http_client.hpp"

namespace weir {

namespace {

JobStatus running_status() {
  JobStatus status;
  status.state = JobState::kRunning;
  status.restarts = 2;
  status.last_commit = 17;
  status.sources = {{"flights", 4, 1'000, 3, EventTime{1'767'225'590'000}, 0.25, 5},
                    {"ended", 1, 7, 0, EventTime::max(), 1.0, {}},
                    {"new", 1, 0, 0, EventTime::min(), {}, {}}};
  status.sources[0].slowest = {
      {"3", EventTime::min(), false}, {"1", EventTime{1'500}, false}, {"0", EventTime{2'000}, true}};
  return status;
}

std::vector<MetricSample> everything() {
  MetricRegistry registry;
  registry
      .counter("weir_operator_records_in_total", "Records that came in.",
               {{"operator", "hourly"}, {"worker", "0"}})
      .add(5);
  registry
      .counter("weir_operator_records_in_total", "Records that came in.",
               {{"operator", "hourly"}, {"worker", "1"}})
      .add(6);
  registry
      .gauge("weir_odd", "A \"help\" with \\ and\na line break.",
             {{"name", "quote \" backslash \\ line\nbreak äöü"}})
      .set(-1.5);
  registry.gauge("weir_large", "Large.").set(1e300);
  auto samples = registry.collect();
  add_missing(samples, job_samples(running_status(), Duration{2'500}, EventTime{1'767'225'600'000}));
  add_missing(samples, process_samples());
  add_missing(samples, {build_sample("flight-delays")});
  return samples;
}

}  // namespace

TEST_CASE("numbers are exposed in Prometheus' text format") {
  const Exposition read(metrics_text(everything()));
  CHECK(read.types.at("weir_operator_records_in_total") == "counter");
  CHECK(read.values.at(R"(weir_operator_records_in_total{operator="hourly",worker="0"})") == 5);
  CHECK(read.values.at(R"(weir_operator_records_in_total{operator="hourly",worker="1"})") == 6);
  CHECK(read.values.at(R"(weir_odd{name="quote \" backslash \\ line\nbreak äöü"})") == -1.5);
  CHECK(read.helps.at("weir_odd") == R"(A "help" with \\ and\na line break.)");
  CHECK(read.values.at("weir_large") == 1e300);
  const std::string of_partition = "weir_source_partition_watermark_timestamp_seconds";
  CHECK(read.values.at(of_partition + R"({source="flights",partition="3"})") == -HUGE_VAL);
  CHECK(read.values.at(of_partition + R"({source="flights",partition="1"})") == 1.5);
  CHECK(read.values.count(of_partition + R"({source="flights",partition="0"})") ==
        0);  // idle: it holds back nobody
  CHECK(read.values.at(R"(weir_job_state{state="running"})") == 1);
  CHECK(read.values.at(R"(weir_job_state{state="failed"})") == 0);
  CHECK(read.values.at("weir_job_uptime_seconds") == 2.5);
  CHECK(read.values.at("weir_job_restarts_total") == 2);
  CHECK(read.values.at("weir_job_last_commit_epoch") == 17);
  CHECK(read.values.at(R"(weir_source_records_total{source="flights"})") == 1'000);
  CHECK(read.values.at(R"(weir_source_watermark_timestamp_seconds{source="flights"})") == 1'767'225'590);
  CHECK(read.values.at(R"(weir_source_watermark_lag_seconds{source="flights"})") == 10);
  CHECK(read.values.at(R"(weir_source_watermark_timestamp_seconds{source="ended"})") == INFINITY);
  CHECK(read.values.at(R"(weir_source_watermark_lag_seconds{source="ended"})") == 0);
  CHECK(read.values.count(R"(weir_source_watermark_timestamp_seconds{source="new"})") == 0);
  CHECK(read.values.at(R"(weir_source_lag_records{source="flights"})") == 5);
  CHECK(read.values.at(R"(weir_source_progress_ratio{source="flights"})") == 0.25);
  CHECK(read.types.at("weir_build_info") == "gauge");
}

TEST_CASE("the independent checker sees what is wrong") {
  for (const char* text :
       {"weir_x 1", "weir_x 1\n", "# TYPE weir_x counter\nweir_x one\n",
        "# TYPE weir_x counter\nweir_x{a=b} 1\n", "# TYPE weir_x counter\nweir_x 1\nweir_x 2\n",
        "# TYPE weir_x counter\n# TYPE weir_x gauge\n", "# TYPE weir_x counter\nweir_y 1\n",
        "# TYPE weir_x counter\nweir_x{a=\"line\nbreak\"} 1\n"}) {
    INFO(text);
    CHECK_THROWS_AS(Exposition(text), std::runtime_error);
  }
}

TEST_CASE("the process is described from /proc") {
  const Exposition read(metrics_text(process_samples()));
  CHECK(read.values.at("process_resident_memory_bytes") > 1e6);
  CHECK(read.values.at("process_virtual_memory_bytes") > read.values.at("process_resident_memory_bytes"));
  CHECK(read.values.at("process_open_fds") >= 3);
  CHECK(read.values.at("process_max_fds") >= read.values.at("process_open_fds"));
  CHECK(read.values.at("process_threads") >= 1);
  CHECK(read.values.at("process_cpu_seconds_total") >= 0);
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(read.values.at("process_start_time_seconds") < now + 2);
  CHECK(read.values.at("process_start_time_seconds") > now - 3'600);
}

TEST_CASE("what the registry knows is not told again from the job's status") {
  MetricRegistry registry;
  registry.counter("weir_job_restarts_total", "Attempts after the first one.").add(9);
  auto samples = registry.collect();
  add_missing(samples, job_samples(running_status(), Duration{0}, EventTime{0}));
  const Exposition read(metrics_text(samples));
  CHECK(read.values.at("weir_job_restarts_total") == 9);
}

TEST_CASE("promtool finds nothing to complain about") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    WARN("SKIPPED: promtool is not installed");
    return;
  }
  TempPlace place;
  const std::string file = place.write("metrics", metrics_text(everything()));
  const std::string report = place.path("report");
  const int code = std::system(("promtool check metrics < " + file + " > " + report + " 2>&1").c_str());
  std::ifstream stream(report);
  const std::string said((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  INFO(said);
  CHECK(code == 0);
}

TEST_CASE("a running job can be scraped") {
  Shell shell;
  shell.variables.erase("WEIR_HTTP");
  shell.script.status = running_status;
  std::string answer;
  shell.script.body = [&](JobWorld& world) {
    world.metrics.counter("weir_checkpoints_total", "Checkpoints.", {{"result", "completed"}}).add(3);
    const std::string mark = "http://127.0.0.1:";
    const std::size_t at = shell.err().find(mark);
    REQUIRE(at != std::string::npos);
    answer = get(static_cast<std::uint16_t>(std::stoi(shell.err().substr(at + mark.size()))), "/metrics");
    return ExitCode::kDone;
  };
  REQUIRE(shell.run({"--http", "127.0.0.1:0"}) == 0);
  CHECK(status_of(answer) == 200);
  const Exposition read(body_of(answer));
  CHECK(read.values.at(R"(weir_checkpoints_total{result="completed"})") == 3);
  CHECK(read.values.at("weir_job_restarts_total") == 2);
  CHECK(read.types.count("weir_build_info") == 1);
}

TEST_CASE("a port that is taken ends the start, unless nobody asked for it") {
  Shell shell;
  shell.variables.erase("WEIR_HTTP");
  int codes[2] = {-1, -1};
  std::string complaint;
  shell.script.body = [&](JobWorld&) {
    // While this job holds its port, another one wants it.
    const std::string mark = "http://127.0.0.1:";
    const std::size_t at = shell.err().find(mark);
    REQUIRE(at != std::string::npos);
    const std::string port = std::to_string(std::stoi(shell.err().substr(at + mark.size())));
    Shell other;
    other.variables.erase("WEIR_HTTP");
    codes[0] = other.run({"--http", "127.0.0.1:" + port});
    complaint = other.err();
    CHECK(other.script.runs == 0);
    return ExitCode::kDone;
  };
  REQUIRE(shell.run({"--http", "127.0.0.1:0"}) == 0);
  CHECK(codes[0] == 3);
  CHECK(complaint.find("--http off") != std::string::npos);

  // The default port is free or not; in both cases the job runs, and a second one beside it does too.
  Shell first, second;
  first.variables.erase("WEIR_HTTP");
  second.variables.erase("WEIR_HTTP");
  first.script.body = [&](JobWorld&) {
    codes[1] = second.run({});
    return ExitCode::kDone;
  };
  CHECK(first.run({}) == 0);
  CHECK(codes[1] == 0);
  CHECK(second.script.runs == 1);
  CHECK(second.err().find("warn  going on without HTTP: cannot serve HTTP on 127.0.0.1:8480") !=
        std::string::npos);
}

}  // namespace weir
