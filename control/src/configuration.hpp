#pragma once

#include <optional>
#include <string>
#include <vector>

#include <weir/control/command_line.hpp>

#include "flags.hpp"
#include "http_options.hpp"
#include "origin.hpp"
#include "redaction.hpp"

namespace weir {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

/// One line of `config`.
struct ShownValue {
  std::string key;
  std::string value;
  Origin origin;
};

/// What flags, environment, file and defaults amount to. Only what is without problems may be run.
struct Configuration {
  JobOptions job;
  JobGraph graph;
  std::optional<HttpOptions> http;  ///< none: off
  bool http_chosen = false;         ///< whether the user has set the address
  LogLevel log_level = LogLevel::kInfo;
  std::vector<ShownValue> shown;
  Secrets secrets;
  Problems problems;  ///< already scrubbed of secrets
  Problems warnings;  ///< what can be run, and is most likely not meant
};

/// Reads every layer, builds the graph, and checks everything against everything. Throws nothing for wrong input.
Configuration configure(const Flags& flags, const Terminal& terminal, const Program& program);

}  // namespace weir
