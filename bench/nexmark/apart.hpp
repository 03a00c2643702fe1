#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

namespace nexmark {

template <class Value>
struct Apart {
  Value value;
  double peak_mebibytes;
};

/// What `function` gives in a child process, so that memory and processor time are its own; nothing if it throws, which is printed.
template <class Function, class Value = std::invoke_result_t<Function>>
std::optional<Apart<Value>> run_apart(Function function) {
  static_assert(std::is_trivially_copyable_v<Value>, "it travels through a pipe");
  std::fflush(nullptr);  // a child would print it, too
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      const Value value = function();
      code = write(ends[1], &value, sizeof value) == sizeof value ? 0 : 1;
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}\n", e.what());
    }
    std::fflush(nullptr);
    _exit(code);
  }
  close(ends[1]);
  Apart<Value> result{};
  const bool told = child > 0 && read(ends[0], &result.value, sizeof result.value) == sizeof result.value;
  close(ends[0]);
  rusage usage{};
  int status = 0;
  const bool ended = child > 0 && wait4(child, &status, 0, &usage) == child && status == 0;
  if (!told || !ended) return std::nullopt;
  result.peak_mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return result;
}

}  // namespace nexmark
