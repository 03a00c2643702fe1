#pragma once

#include <iosfwd>
#include <memory>
#include <string>

#include "configuration.hpp"

namespace weir {

/// What goes to stderr while a job runs: log lines, and below them a progress line that is redrawn. Any thread.
///
/// A log line is `2026-01-01T00:00:00.000Z info  text`, always one line: control characters in the text are escaped, secrets
/// are taken out. Lines that cannot be written are counted, and the count is logged once there is room again.
class Console {
 public:
  /// `err` and `secrets` outlive the console.
  Console(std::ostream& err, LogLevel level, const Secrets& secrets);
  ~Console();

  void log(LogLevel level, const std::string& text);
  /// Says why the process ends with another code than 0: an error that is logged at every level, also where logging is off.
  void log_reason(const std::string& text);
  /// Replaces the progress line; empty: there is none any more.
  void show_progress(const std::string& line);

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace weir
