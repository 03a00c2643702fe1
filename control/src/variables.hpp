#pragma once

#include <map>
#include <string>
#include <vector>

#include "origin.hpp"

namespace weir {

struct Program;

/// What WEIR_ variables say. Those for sources and sinks keep the variable's own ending as name ("sources.FLIGHT_LIST") until the
/// graph is known: see resolve_bindings().
struct Variables {
  std::vector<RawValue> values;
  Problems problems;
};

Variables read_variables(const std::map<std::string, std::string>& environment, const Program& program);

}  // namespace weir
