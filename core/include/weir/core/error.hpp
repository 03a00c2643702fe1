#pragma once

#include <stdexcept>
#include <string>

namespace weir {

/// What a process ends with. Part of the interface: supervisors act on it, so never renumber.
enum class ExitCode : int {
  kDone = 0,
  kJobFailed = 1,
  kUsage = 2,
  kCannotConnect = 3,
  kFenced = 4,
  kStateUnusable = 5,
};

/// A message as it is carried: control characters that came with quoted data are made visible, so that a NUL does not cut off
/// what follows it. Line ends and tabs stay.
std::string printable(const std::string& message);

/// This attempt is over; the next one, from the last commit, may succeed (a broker that went away).
class RestartJob : public std::runtime_error {
 public:
  explicit RestartJob(const std::string& message) : std::runtime_error(printable(message)) {}
};

/// A restart cannot help. Carries what the process ends with.
class FailJob : public std::runtime_error {
 public:
  explicit FailJob(const std::string& message, ExitCode code = ExitCode::kJobFailed)
      : std::runtime_error(printable(message)), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Another instance has taken over this one's transactional id: it owns the job now.
class Fenced : public FailJob {
 public:
  explicit Fenced(const std::string& message) : FailJob(message, ExitCode::kFenced) {}
};

}  // namespace weir
