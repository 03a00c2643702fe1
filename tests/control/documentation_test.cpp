#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "example_program.hpp"
#include "keys.hpp"
#include "metrics_text.hpp"
#include "project_directory.hpp"
#include "standard_output.hpp"
#include "version.hpp"

namespace weir {

namespace {

std::string project_file(const std::string& name) {
  std::ifstream stream(testing::project_directory() / name);
  REQUIRE(stream.is_open());
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// First cells, between backticks, of the rows of all tables below a heading.
std::multiset<std::string> first_cells(const std::string& text, const std::string& heading) {
  std::multiset<std::string> cells;
  const std::size_t begin = text.find("\n## " + heading + "\n");
  INFO(heading);
  REQUIRE(begin != std::string::npos);
  std::istringstream lines(text.substr(begin + 1, text.find("\n## ", begin + 1) - begin));
  const std::regex row(R"(\| `([^`]+)`.*)");
  std::smatch match;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, match, row)) cells.insert(match[1]);
  return cells;
}

std::string reference_row(const ConfigKey& key) {
  const std::string flag = key.placeholder.empty() ? fmt::format("--{}", key.name)
                                                   : fmt::format("--{} {}", key.name, key.placeholder);
  return fmt::format("| `{}` | `{}` | `{}` | {} | {} | {} |\n", key.name, flag, variable_of(key.name),
                     key.default_text.empty() ? "none" : key.default_text, key.allowed, key.help);
}

}  // namespace

TEST_CASE("the configuration reference says what the code's table says") {
  const std::string text = project_file("docs/configuration.md");
  std::multiset<std::string> names;
  for (const ConfigKey& key : keys()) {
    const std::string row = reference_row(key);
    INFO(row);
    CHECK(text.find("\n" + row) != std::string::npos);
    names.emplace(key.name);
  }
  CHECK(first_cells(text, "Keys") == names);
  std::multiset<std::string> flags;
  for (const NamedKey& key : named_keys()) {
    const std::string row = fmt::format("| `--{} {}` | `{}_<NAME>` | `{}` | {} |\n", key.flag,
                                        key.placeholder, variable_of(key.flag), key.section, key.help);
    INFO(row);
    CHECK(text.find("\n" + row) != std::string::npos);
    flags.insert(fmt::format("--{} {}", key.flag, key.placeholder));
  }
  CHECK(first_cells(text, "Sources and sinks") == flags);
}

TEST_CASE("every metric that this room exposes is in the list, with its type") {
  const std::string text = project_file("docs/metrics.md");
  JobStatus status;
  status.sources = {{"flights", 1, 1, 0, EventTime{1}, 0.5, 1}};
  status.sources[0].slowest = {{"0", EventTime{1}, false}};
  auto samples = job_samples(status, Duration{1}, EventTime{1});
  add_missing(samples, process_samples());
  samples.push_back(build_sample("x"));
  CHECK(samples.size() > 20);
  for (const MetricSample& sample : samples) {
    INFO(sample.name);
    const std::string labels = [&] {
      std::string names;
      for (const auto& [name, value] : sample.labels) names += (names.empty() ? "" : ", ") + name;
      return names;
    }();
    const char* type = sample.type == MetricSample::Type::kCounter ? "counter" : "gauge";
    CHECK(text.find(fmt::format("\n| `{}` | {} | {} |", sample.name, type, labels)) != std::string::npos);
  }
}

TEST_CASE("names in the list of metrics follow Prometheus' conventions") {
  const std::string text = project_file("docs/metrics.md");
  const std::regex row(R"(\n\| `([^`]*)` \| (\w+) \|)");
  int rows = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it, ++rows) {
    const std::string name = (*it)[1];
    INFO(name);
    CHECK(std::regex_match(name, std::regex("(weir|process)(_[a-z0-9]+)+")));
    CHECK(((*it)[2] == "counter") == (name.size() > 6 && name.substr(name.size() - 6) == "_total"));
  }
  CHECK(rows > 30);
}

TEST_CASE("the list of exit codes is whole") {
  const std::string text = project_file("docs/exit-codes.md");
  const std::pair<ExitCode, const char*> codes[] = {{ExitCode::kDone, "done"},
                                                    {ExitCode::kJobFailed, "job failed"},
                                                    {ExitCode::kUsage, "wrong use or configuration"},
                                                    {ExitCode::kCannotConnect, "cannot connect"},
                                                    {ExitCode::kFenced, "fenced"},
                                                    {ExitCode::kStateUnusable, "state unusable"},
                                                    {kAnswerCut, "answer cut off"}};
  for (const auto& [code, name] : codes) {
    INFO(name);
    CHECK(text.find(fmt::format("\n| {} | {} |", static_cast<int>(code), name)) != std::string::npos);
  }
  CHECK(text.find("\n| 130 |") != std::string::npos);
  CHECK(text.find("\n| 143 |") != std::string::npos);
}

TEST_CASE("the version is the project's") {
  CHECK(project_file("CMakeLists.txt").find(fmt::format("project(weir VERSION {} ", kVersion)) !=
        std::string::npos);
}

}  // namespace weir
