#include <fstream>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "run_directory.hpp"
#include "scratch_directory.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

/// What dead processes left: directories with files in them, so that removing them takes a while.
void leave_dead_runs(const fs::path& parent) {
  for (int run = 0; run < 3; ++run) {
    const fs::path live = parent / ("run-dead" + std::to_string(run)) / "worker-0" / "live";
    fs::create_directories(live);
    for (int file = 0; file < 20; ++file) std::ofstream(live / std::to_string(file)) << file;
    std::ofstream(parent / ("run-dead" + std::to_string(run)) / "LOCK") << "";
  }
}

/// Makes a run's directory at the very moment at which the others do, and says whether it is there and stays.
[[noreturn]] void start(int ready, const std::string& parent) {
  char go = 0;
  if (::read(ready, &go, 1) < 0) ::_exit(9);
  try {
    const RunDirectory run(parent);
    std::ofstream(run.path() / "staging" / "mine") << "x";
    ::usleep(3000);  // the others are still cleaning up
    const bool stays = fs::exists(run.path() / "staging" / "mine") && fs::exists(run.path() / "LOCK");
    ::_exit(stays ? 0 : 1);
  } catch (const std::exception&) {
    ::_exit(2);
  }
}

}  // namespace

TEST_CASE(
    "Processes that start together in one state directory all begin, whoever cleans up behind dead ones") {
  constexpr int kRounds = 40;
  constexpr int kProcesses = 4;
  for (int round = 0; round < kRounds; ++round) {
    const ScratchDirectory directory;
    leave_dead_runs(directory.path());
    int gate[2];
    REQUIRE(::pipe(gate) == 0);
    std::vector<pid_t> children;
    for (int n = 0; n < kProcesses; ++n) {
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        ::close(gate[1]);
        start(gate[0], directory.string());
      }
      children.push_back(child);
    }
    ::close(gate[0]);
    ::close(gate[1]);  // all at once
    for (const pid_t child : children) {
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      INFO("round " << round << "; 1: its directory was removed, 2: it did not begin");
      CHECK(status == 0);
    }
    const RunDirectory after(directory.string());
    CHECK(std::distance(fs::directory_iterator(directory.path()), {}) == 1);
  }
}

}  // namespace weir
