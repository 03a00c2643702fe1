#pragma once

#include <string>
#include <vector>

#include "measure.hpp"

namespace CLI {
class App;
}

namespace nexmark {

/// What the commands that measure are told: which queries, how often, and how they run.
struct RunFlags {
  BenchOptions options;
  std::vector<std::string> names{"all"};
  int runs = 1;
  bool json = false;

  /// Declares them; fields hold the defaults before, and after parsing what was said.
  void add_to(CLI::App& app);
};

/// "200ms", "1s", "1min", or "off": nothing. Throws CLI::ValidationError.
std::optional<weir::Duration> parse_interval(const std::string& text);
const char* name_of(weir::StateMode state);

}  // namespace nexmark
