#pragma once

#include <string>
#include <vector>

#include "origin.hpp"

namespace weir {

struct Program;

enum class Command { kRun, kGraph, kCheck, kConfig, kVersion, kHelp };

/// What the command line says, not yet checked against anything but its own grammar.
struct Flags {
  Command command = Command::kRun;
  bool json = false;             ///< config, version
  std::string format = "text";   ///< graph
  std::vector<RawValue> values;  ///< with canonical keys
  Problems problems;
};

Flags read_flags(const std::vector<std::string>& arguments, const Program& program);

}  // namespace weir
