#include "standard_output.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

#include "example_program.hpp"

namespace weir {

namespace {

/// What a child that runs `body` ends with, as by waitpid().
template <class Body>
int status_of_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

int run_example(std::vector<const char*> arguments) {
  JobScript script;
  const Program program = example_program(script);
  arguments.insert(arguments.begin(), "flight-delays");
  return run_command_line(static_cast<int>(arguments.size()), const_cast<char**>(arguments.data()), program);
}

void become_stdout(const char* path) {
  const int fd = open(path, O_WRONLY);
  dup2(fd, STDOUT_FILENO);
  close(fd);
}

/// A pipe that nobody reads.
void become_stdout_without_reader() {
  int ends[2];
  if (pipe(ends) != 0) _exit(99);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[0]);
  close(ends[1]);
}

const std::vector<std::vector<const char*>> kPrinting = {{"--help"},
                                                         {"version"},
                                                         {"version", "--json"},
                                                         {"config"},
                                                         {"config", "--json"},
                                                         {"graph"},
                                                         {"graph", "--format", "dot"},
                                                         {"graph", "--format", "mermaid"},
                                                         {"help"}};

}  // namespace

TEST_CASE("an answer that a full device cuts off is an error with a code of its own") {
  for (const auto& command : kPrinting) {
    INFO(command[0]);
    const int status = status_of_child([&] {
      become_stdout("/dev/full");
      return run_example(command);
    });
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == static_cast<int>(kAnswerCut));
  }
}

TEST_CASE("an answer that nobody reads any more ends as by SIGPIPE, or with a code where that is ignored") {
  for (const auto& command : kPrinting) {
    INFO(command[0]);
    const int status = status_of_child([&] {
      become_stdout_without_reader();
      return run_example(command);
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGPIPE);
  }
  const int status = status_of_child([&] {
    signal(SIGPIPE, SIG_IGN);
    become_stdout_without_reader();
    return run_example({"config"});
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == static_cast<int>(kAnswerCut));
}

TEST_CASE("a standard output that is closed is an error, and no file gets its number") {
  const int status = status_of_child([&] {
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    const int code = run_example({"config"});
    const int next = open("/dev/null", O_RDONLY);
    return next > STDERR_FILENO ? code : 99;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == static_cast<int>(kAnswerCut));
}

TEST_CASE("what is wrong besides outweighs that the answer is cut") {
  const int status = status_of_child([&] {
    become_stdout("/dev/full");
    return run_example({"config", "--state", "disk"});
  });
  CHECK(WEXITSTATUS(status) == static_cast<int>(ExitCode::kUsage));
}

TEST_CASE("an answer of several buffers ends at the first write that fails, and says why") {
  StandardOutput out(open("/dev/full", O_WRONLY), true);
  std::size_t written = 0;
  try {
    for (; written < 10'000'000; written += 10) out.stream() << "0123456789";
    FAIL("went on");
  } catch (const FailJob& e) {
    CHECK(e.code() == kAnswerCut);
    CHECK(std::string(e.what()) ==
          "the answer is cut off: standard output cannot be written: No space left on device");
  }
  CHECK(written < 100'000);
}

TEST_CASE("any stream that fails is noticed") {
  JobScript script;
  const Program program = example_program(script);
  std::ofstream full("/dev/full");
  std::ostringstream err;
  const Terminal terminal{full, err, {{"WEIR_HTTP", "off"}}};
  CHECK(run_command_line({"graph"}, terminal, program) == static_cast<int>(kAnswerCut));
  CHECK(err.str() == "flight-delays: the answer is cut off: standard output cannot be written\n");
}

}  // namespace weir
