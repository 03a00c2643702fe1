#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "golden_copy.hpp"
#include "golden_dump.hpp"
#include "golden_pipeline.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  REQUIRE(in);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// What the input says, without the engine.
struct Expected {
  std::int64_t total = 0, largest = 0, count = 0;
};
std::map<std::string, Expected> expected() {
  std::map<std::string, Expected> all;
  Arena arena;
  for (std::uint64_t n = 0; n < kGoldenEvents; ++n) {
    const Sample s = sample(n, 1, arena);
    if (s.sensor.size() != 8) continue;
    Expected& e = all[std::string(s.sensor)];
    e.total += s.value;
    e.largest = std::max(e.largest, s.value);
    ++e.count;
  }
  return all;
}

}  // namespace

TEST_CASE("The golden checkpoint holds what it held when it was made") {
  const GoldenCopy golden;
  const std::vector<std::string> held = dump(golden.checkpoint, golden.scratch / "look");
  const std::vector<std::string> wanted = lines_of(golden.kept / "dump.txt");
  REQUIRE(held.size() == wanted.size());
  for (std::size_t n = 0; n < held.size(); ++n) CHECK(held[n] == wanted[n]);
}

TEST_CASE("A pipeline goes on from the golden checkpoint, with any number of workers and in both modes") {
  const GoldenCopy golden;
  Machine machine;
  JobOptions options = golden.options(GENERATE(1, 2, 3));
  options.state = GENERATE(StateMode::kHeap, StateMode::kRocksDb);
  Job job(golden_pipeline(), options, machine.world_on_disk());
  const ExitCode code = job.run();
  INFO(job.status().last_failure);
  REQUIRE(code == ExitCode::kDone);
  const std::vector<std::string> rows = all_rows(machine);
  CHECK(rows == lines_of(golden.kept / "rows-after.txt"));

  std::size_t reports = 0;
  for (const auto& [sensor, e] : expected()) {
    const std::string begin = "reports {sensor:" + sensor + ",text:total " + std::to_string(e.total) +
                              ", largest " + std::to_string(e.largest) + ", count " +
                              std::to_string(e.count) + ", ";
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.starts_with(begin); });
    INFO(begin);
    REQUIRE(row != rows.end());
    CHECK_THAT(*row, Catch::Contains(", lasting " + std::to_string(e.count)));
    CHECK_THAT(*row, Catch::Contains(", rules 5, "));
    ++reports;
  }
  CHECK(reports == 10);
}

TEST_CASE(
    "What the golden checkpoint's job had committed, and what follows from it, are all windows of the "
    "input") {
  const GoldenCopy golden;
  std::vector<std::string> sums, wanted;
  for (const char* file : {"rows-before.txt", "rows-after.txt"})
    for (const std::string& line : lines_of(golden.kept / file))
      if (line.starts_with("sums-out ")) sums.push_back(line.substr(9));
  std::sort(sums.begin(), sums.end());
  for (const std::string& row : expected_sums(kGoldenEvents))
    if (row.find(',') == std::string("{key:sensor 1").size()) wanted.push_back(row);
  CHECK(sums == wanted);
}

}  // namespace weir
