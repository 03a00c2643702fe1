#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <catch2/catch.hpp>

#include "job_fixture.hpp"

namespace weir {
namespace {

constexpr uid_t kNobody = 65534;

/// Runs `work` in a process that gets no thread, and gives what it returns. Limits do not bind the superuser, so it is somebody
/// else. The answer starts with the exit status when that is not 0.
std::string without_threads(std::string (*work)()) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (geteuid() == 0 && setuid(kNobody) != 0) _exit(90);
    const rlimit none{1, 1};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) _exit(91);
    const std::string text = work();
    if (write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(92);
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (status == 0) return text;
  return (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                              : "exit " + std::to_string(WEXITSTATUS(status))) +
         ": " + text;
}

TEST_CASE("A job for whose workers there is no thread ends with a message", "[job][threads]") {
  const std::string text = without_threads([] {
    Machine machine;
    JobOptions options = quick_options(3);
    options.restart.limit = 1;
    Job job(summing(), options, machine.world());
    const ExitCode code = job.run();
    return std::to_string(static_cast<int>(code)) + " " + job.status().last_failure;
  });
  CHECK(text.rfind("1 the system gives no thread for 'worker-", 0) == 0);
  CHECK(text.find("--parallelism") != std::string::npos);
}

TEST_CASE("Work that finds no thread is refused, and waiting does not wait for it",
          "[environment][threads]") {
  const std::string text = without_threads([]() -> std::string {
    const auto environment = make_real_environment();
    try {
      environment->run_blocking("commit", [] {});
    } catch (const RestartJob& refused) {
      environment->await_blocking();
      return refused.what();
    }
    return "a thread was given";
  });
  CHECK(text.rfind("the system gives no thread for 'commit': ", 0) == 0);
}

}  // namespace
}  // namespace weir
