#include "progress.hpp"

#include <condition_variable>
#include <mutex>
#include <sstream>

#include <catch2/catch.hpp>

#include "console.hpp"
#include "example_program.hpp"

namespace weir {

namespace {

JobStatus bounded_status() {
  JobStatus status;
  status.state = JobState::kRunning;
  status.bounded = true;
  status.sources = {{"flights", 3, 1'234'000, 0, EventTime{1'767'225'600'000}, 0.999, {}},
                    {"airports", 1, 567, 0, EventTime::max(), 0.5, {}}};
  return status;
}

}  // namespace

TEST_CASE("the progress line tells records, rate, the slowest watermark and the share that is read") {
  CHECK(progress_line(bounded_status(), 345'678.9, 120) ==
        "1,234,567 records  345,678/s  watermark 2026-01-01 00:00:00  87 %");
  CHECK(progress_line(bounded_status(), {}, 120) == "1,234,567 records  watermark 2026-01-01 00:00:00  87 %");
  JobStatus status = bounded_status();
  status.state = JobState::kFinishing;
  status.sources[0].progress.reset();
  status.sources[1].progress = 0.9999;
  CHECK(progress_line(status, 0, 120) ==
        "1,234,567 records  0/s  watermark 2026-01-01 00:00:00  99 %  finishing");
  CHECK(progress_line({}, {}, 120) == "0 records  watermark -  created");
}

TEST_CASE("the progress line leaves the terminal's last column free") {
  for (const std::size_t columns : {0u, 1u, 10u, 40u, 57u, 58u, 200u})
    CHECK(progress_line(bounded_status(), {}, columns).size() <= (columns == 0 ? 0 : columns - 1));
}

TEST_CASE("log lines are written above the progress line") {
  std::ostringstream err;
  const Secrets secrets;
  Console console(err, LogLevel::kInfo, secrets);
  console.show_progress("half");
  console.log(LogLevel::kInfo, "hello");
  console.show_progress("");
  console.log(LogLevel::kInfo, "bye");
  console.show_progress("");
  const std::string text = err.str();
  CHECK(text.find("\r\x1b[Khalf\r\x1b[K20") == 0);
  CHECK(text.find("hello\nhalf\r\x1b[K20") != std::string::npos);
  CHECK(text.size() - text.find("bye\n") == 4);
}

namespace {

/// What stderr gets from a run that lasts until the status has been asked for `asks` times, or not at all.
std::string watched(bool terminal, bool bounded, const std::string& variable, const std::string& value) {
  Shell shell;
  shell.err_is_terminal = terminal;
  if (!variable.empty()) shell.variables[variable] = value;
  std::mutex mutex;
  std::condition_variable asked;
  int asks = 0;
  shell.script.status = [&] {
    std::lock_guard lock(mutex);
    ++asks;
    asked.notify_all();
    JobStatus status = bounded_status();
    status.bounded = bounded;
    return status;
  };
  const bool expects_progress = terminal && value != "dumb";
  shell.script.body = [&](JobWorld&) {
    std::unique_lock lock(mutex);
    if (expects_progress) asked.wait_for(lock, std::chrono::seconds(20), [&] { return asks >= 3; });
    return ExitCode::kDone;
  };
  REQUIRE(shell.run({}) == 0);
  return shell.err();
}

}  // namespace

TEST_CASE("progress is shown on terminals, for bounded runs, in colour unless NO_COLOR") {
  const std::string shown = watched(true, true, "", "");
  CHECK(shown.find("\r\x1b[K\x1b[36m1,234,567 records") != std::string::npos);
  // Nothing is left of it below the summary.
  CHECK(shown.rfind("\x1b[K") < shown.rfind("running: "));
  const std::string plain = watched(true, true, "NO_COLOR", "1");
  CHECK(plain.find("\r\x1b[K1,234,567 records") != std::string::npos);
  CHECK(plain.find("\x1b[36m") == std::string::npos);
}

TEST_CASE("progress is silent elsewhere") {
  CHECK(watched(false, true, "", "").find('\x1b') == std::string::npos);
  CHECK(watched(true, false, "", "").find('\x1b') == std::string::npos);
  CHECK(watched(true, true, "TERM", "dumb").find('\x1b') == std::string::npos);
}

}  // namespace weir
