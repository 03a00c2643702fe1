#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <regex>
#include <thread>

#include <catch2/catch.hpp>

#include "console.hpp"
#include "example_program.hpp"
#include "version.hpp"

namespace weir {

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("run is what happens without a command") {
  Shell shell;
  CHECK(shell.run({}) == 0);
  CHECK(shell.run({"run"}) == 0);
  CHECK(shell.run({"--state", "heap"}) == 0);
  CHECK(shell.run({"run", "--state", "heap"}) == 0);
  CHECK(shell.run({"--state", "heap", "run"}) == 0);
  CHECK(shell.script.runs == 5);
  CHECK(shell.script.graph_name == "flight-delays");
}

TEST_CASE("the job's exit code is the process'") {
  Shell shell;
  for (const ExitCode code : {ExitCode::kDone, ExitCode::kJobFailed, ExitCode::kCannotConnect,
                              ExitCode::kFenced, ExitCode::kStateUnusable}) {
    shell.script.body = [&](JobWorld&) { return code; };
    CHECK(shell.run({}) == static_cast<int>(code));
    shell.script.body = [&](JobWorld&) -> ExitCode { throw FailJob("no way", code); };
    CHECK(shell.run({}) == static_cast<int>(code));
    CHECK(contains(shell.err(), "error no way"));
  }
  shell.script.body = [&](JobWorld&) -> ExitCode { throw std::runtime_error("odd"); };
  CHECK(shell.run({}) == 1);
}

TEST_CASE("a log line has a time in UTC, a level and one line of text") {
  Shell shell;
  shell.script.body = [](JobWorld& world) {
    world.log("first\nsecond\x1b[2J\tend");
    return ExitCode::kDone;
  };
  CHECK(shell.run({}) == 0);
  std::istringstream lines(shell.err());
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trace|debug|info |warn |error) .*)");
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(std::regex_match(line, form));
  CHECK(count == 3);
  CHECK(contains(shell.err(), "Z info  first\\nsecond\\x1b[2J\\tend\n"));
  CHECK(shell.run({"--log-level", "warn"}) == 0);
  CHECK(shell.err() == "");
}

TEST_CASE("why a job failed is said at every log level, once") {
  for (const char* level : {"trace", "info", "warn", "error", "off"}) {
    INFO(level);
    Shell shell;
    shell.script.body = [](JobWorld& world) {
      world.attempt_failed("attempt failed: unlucky");
      world.job_failed("job failed: no broker answers");
      return ExitCode::kCannotConnect;
    };
    CHECK(shell.run({"--log-level", level}) == 3);
    const std::string reason = "Z error job failed: no broker answers\n";
    const std::size_t at = shell.err().find(reason);
    REQUIRE(at != std::string::npos);
    CHECK(shell.err().find("no broker", at + reason.size()) == std::string::npos);
    const bool shows_warnings = *level != 'e' && *level != 'o';
    CHECK(contains(shell.err(), "Z warn  attempt failed: unlucky\n") == shows_warnings);
    shell.script.body = [](JobWorld&) -> ExitCode {
      throw FailJob("state of another job", ExitCode::kStateUnusable);
    };
    CHECK(shell.run({"--log-level", level}) == 5);
    CHECK(contains(shell.err(), "Z error state of another job\n"));
  }
}

TEST_CASE("a log that could not be written goes on when it can be, and says what is missing") {
  std::ofstream full("/dev/full");
  const Secrets none;
  std::stringbuf room;
  std::ostream err(full.rdbuf());
  Console console(err, LogLevel::kInfo, none);
  console.log(LogLevel::kInfo, "first");
  console.log(LogLevel::kInfo, "second");
  err.rdbuf(&room);
  console.log(LogLevel::kInfo, "third");
  CHECK(contains(room.str(), "Z warn  2 lines before this one could not be written\n"));
  CHECK(contains(room.str(), "Z info  third\n"));
}

TEST_CASE("what was done is summed up at the end") {
  Shell shell;
  shell.script.status = [] {
    JobStatus status;
    status.state = JobState::kDone;
    status.sources = {{"flights", 4, 1'234'567, 0, EventTime::max(), 1.0, {}}};
    return status;
  };
  CHECK(shell.run({}) == 0);
  CHECK(contains(shell.err(), "info  done: 1,234,567 records in 0 ms"));
}

TEST_CASE("check opens everything and changes nothing") {
  Shell shell;
  const std::string state = shell.place.path("data/state");
  const std::vector<std::string> dirs = {"--state-dir", state, "--checkpoint-dir",
                                         shell.place.path("data/checkpoints")};
  std::vector<std::string> arguments = dirs;
  arguments.insert(arguments.begin(), "check");
  CHECK(shell.run(arguments) == 0);
  CHECK(contains(shell.out(), "ok  source flights: memory:flights, 4 partitions\n"));
  CHECK(contains(shell.out(), "ok  sink delays: memory:delays\n"));
  CHECK(contains(shell.out(), "ok  sink late-flights: memory:late\n"));
  CHECK(contains(shell.out(), "ok  --state-dir " + state));
  CHECK(contains(shell.out(), "ok  everything"));
  CHECK_FALSE(std::filesystem::exists(shell.place.path("data")));
  CHECK(shell.script.runs == 0);
}

TEST_CASE("check says everything that cannot be reached, and exits with 3") {
  Shell shell;
  CHECK(shell.run({"check", "--source", "flights=down:x", "--sink", "delays=down:y"}) == 3);
  CHECK(contains(shell.err(), "there are 2 problems"));
  CHECK(contains(shell.err(), "source flights: no broker answers at down:x"));
  CHECK(contains(shell.err(), "sink delays: no broker answers at down:y"));
  CHECK(contains(shell.out(), "ok  sink late-flights"));
}

TEST_CASE("check exits with 2 when something is wrong besides") {
  Shell shell;
  const std::string file = shell.place.write("file", "");
  CHECK(shell.run({"check", "--source", "flights=down:x", "--sink", "delays=odd:y", "--state-dir",
                   file + "/state", "--top", "x"}) == 2);
  CHECK(contains(shell.err(), "there are 4 problems"));
  CHECK(contains(shell.err(), "source flights: no broker answers"));
  CHECK(contains(shell.err(), "sink delays: unknown scheme 'odd'"));
  CHECK(contains(shell.err(), "cannot be written: " + file + " is not a directory"));
  CHECK(contains(shell.err(), "--top: 'x'"));
}

TEST_CASE("check opens the dead letters' sink and leaves the runtime its own parameters") {
  Shell shell;
  CHECK(shell.run({"check", "--source", "flights=memory:x?rate=100", "--on-error", "flights=dead_letter",
                   "--sink", "flights.dead_letter=down:dead"}) == 3);
  CHECK(contains(shell.out(), "ok  source flights: memory:x, 4 partitions"));
  CHECK(contains(shell.err(), "sink flights.dead_letter: no broker answers"));
  CHECK(shell.run({"check", "--source", "flights=generator:?events=10"}) == 2);
  CHECK(contains(shell.err(), "source flights: the pipeline brings no generator for it"));
}

TEST_CASE("graph prints the pipeline in the form that is asked for") {
  Shell shell;
  CHECK(shell.run({"graph"}) == 0);
  CHECK(shell.out().find("job flight-delays") == 0);
  CHECK(shell.run({"graph", "--format", "dot"}) == 0);
  CHECK(shell.out().find("digraph") == 0);
  CHECK(shell.run({"graph", "--format", "mermaid"}) == 0);
  CHECK(shell.out().find("flowchart LR") == 0);
  CHECK(shell.run({"graph", "--format", "png"}) == 2);
  CHECK(contains(shell.err(), "--format: 'png' is not text, dot or mermaid"));
}

TEST_CASE("config shows each value and where it comes from") {
  Shell shell;
  shell.place.write("weir.yaml",
                    "memory: 2GiB\nconnectors: {kafka: {client.id: me, sasl.password: '${env:HOME}'}}\n");
  shell.variables["WEIR_STATE"] = "heap";
  CHECK(shell.run({"config", "--parallelism", "3"}) == 0);
  const auto row = [&](const std::string& key, const std::string& value, const std::string& origin) {
    INFO(key << " in\n" << shell.out());
    CHECK(std::regex_search(shell.out(), std::regex("(^|\n)" + key + " +" + value + " +" + origin + "\n")));
  };
  row("parallelism", "3", "--parallelism");
  row("state", "heap", "WEIR_STATE");
  row("memory", "2GiB", "weir\\.yaml:1");
  row("until", "forever", "default");
  row("sources\\.flights", "memory:flights", "default");
  row("connectors\\.kafka\\.client\\.id", "me", "weir\\.yaml:2");
  row("connectors\\.kafka\\.sasl\\.password", "\\$\\{env:HOME\\}", "weir\\.yaml:2");
  row("parameters\\.top", "10", "default");
  row("config", "weir\\.yaml", "default");
  CHECK(shell.run({"config", "--json"}) == 0);
  CHECK(contains(shell.out(), R"({"key":"memory","value":"2GiB","layer":"file","where":"weir.yaml:1"})"));
  CHECK(contains(shell.out(), R"({"key":"state","value":"heap","layer":"env","where":"WEIR_STATE"})"));
  CHECK(shell.run({"config", "--state", "disk"}) == 2);
  CHECK(contains(shell.out(), "disk"));
  CHECK(contains(shell.err(), "'disk' is not heap or rocksdb"));
}

TEST_CASE("version says what runs, also while the configuration is broken") {
  Shell shell;
  shell.place.write("weir.yaml", "nonsense: 1\n");
  CHECK(shell.run({"version"}) == 0);
  CHECK(shell.out() == "weir " + std::string(kVersion) + " (job flight-delays, " + compiler() + ")\n");
  CHECK(shell.run({"--version"}) == 0);
  CHECK(shell.run({"version", "--json"}) == 0);
  CHECK(shell.out() == "{\"weir\":\"" + std::string(kVersion) +
                           "\",\"job\":\"flight-delays\",\"compiler\":\"" + compiler() + "\"}\n");
}

TEST_CASE("help shows every flag and fits the screen") {
  Shell shell;
  CHECK(shell.run({"--help"}) == 0);
  const std::string help = shell.out();
  for (const char* part :
       {"flight-delays: mean delay by hour", "--parallelism N", "--source NAME=URI",
        "--out-of-orderness TIME", "[15min]", "--late-output", "Examples", "Exit codes", "--http ADDRESS"}) {
    INFO(part);
    CHECK(contains(help, part));
  }
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 100);
  }
  CHECK(shell.run({"check", "-h"}) == 0);
  CHECK(shell.out() == help);
  CHECK(shell.run({"help"}) == 0);
  CHECK(shell.out() == help);
}

TEST_CASE("the first SIGTERM or SIGINT asks the job to stop") {
  for (const int signal : {SIGTERM, SIGINT}) {
    Shell shell;
    std::mutex mutex;
    std::condition_variable changed;
    int stops = 0;
    shell.script.on_stop = [&] {
      std::lock_guard lock(mutex);
      ++stops;
      changed.notify_all();
    };
    shell.script.body = [&](JobWorld&) {
      ::kill(getpid(), signal);
      std::unique_lock lock(mutex);
      REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return stops == 1; }));
      return ExitCode::kDone;
    };
    CHECK(shell.run({}) == 0);
    CHECK(contains(shell.err(), signal == SIGTERM ? "SIGTERM: stopping" : "SIGINT: stopping"));
    CHECK(stops == 1);
  }
}

TEST_CASE("a signal that comes before the job runs is not lost, one that comes at its end not deadly") {
  Shell shell;
  std::atomic<int> stops{0};
  shell.script.on_stop = [&] { ++stops; };
  const JobMaker make = shell.program.make_job;
  shell.program.make_job = [&](JobGraph graph, JobOptions options, JobWorld world) {
    ::kill(getpid(), SIGTERM);
    return make(std::move(graph), std::move(options), std::move(world));
  };
  shell.script.body = [&](JobWorld&) {
    while (stops == 0) std::this_thread::yield();
    return ExitCode::kDone;
  };
  CHECK(shell.run({}) == 0);
  CHECK(stops == 1);
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGTERM) == 0);
}

TEST_CASE("the second signal ends the process at once, with 128 and its number") {
  const pid_t child = fork();
  if (child == 0) {
    Shell shell;
    shell.script.on_stop = [] { ::kill(getpid(), SIGINT); };
    shell.script.body = [](JobWorld&) -> ExitCode {
      ::kill(getpid(), SIGTERM);
      while (true) pause();
    };
    shell.run({});
    _exit(99);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 128 + SIGINT);
}

TEST_CASE("a peer that has gone away is an error code, not the end") {
  Shell shell;
  shell.script.body = [](JobWorld&) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    close(ends[0]);
    const bool failed = write(ends[1], "x", 1) == -1 && errno == EPIPE;
    close(ends[1]);
    return failed ? ExitCode::kDone : ExitCode::kJobFailed;
  };
  CHECK(shell.run({}) == 0);
}

}  // namespace weir
