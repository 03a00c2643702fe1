#pragma once

#include <map>
#include <string>

#include "origin.hpp"

namespace weir {

/// A text of the configuration file with its references filled in.
struct Substituted {
  std::string text;
  bool had_reference = false;
  std::vector<std::string> values;  ///< what was filled in
  Problems problems;                ///< without the place; the caller knows it
};

/// Replaces ${env:NAME} by a variable's value and ${file:/path} by a file's content without its last line break. `$$` stands for `$`.
Substituted substitute(const std::string& text, const std::map<std::string, std::string>& variables);

}  // namespace weir
