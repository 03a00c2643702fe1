#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "origin.hpp"

namespace weir {

struct Program;

enum class Command { kRun, kGraph, kCheck, kConfig, kState, kSavepoint, kVersion, kHelp };

/// What `state` and `savepoint` are asked for.
struct StateQuestion {
  std::vector<std::string> words;  ///< the action, and the places it is about
  std::string at;  ///< a directory of checkpoints, or a savepoint; empty: the job's own checkpoints
  std::string of;  ///< OPERATOR or OPERATOR/STATE
  std::string key;
  std::string prefix;
  std::string by = "key";         ///< of state top: key, state or operator
  std::string base;               ///< of savepoint write: what stays as it is but the states that are written
  std::vector<std::string> rows;  ///< of savepoint write: files, or OPERATOR/STATE=FILE
  std::uint64_t limit = 0;        ///< 0: the action's own
};

/// What the command line says, not yet checked against anything but its own grammar.
struct Flags {
  Command command = Command::kRun;
  bool json = false;            ///< config, version
  std::string format = "text";  ///< graph
  StateQuestion state;
  std::vector<RawValue> values;  ///< with canonical keys
  Problems problems;
};

Flags read_flags(const std::vector<std::string>& arguments, const Program& program);

}  // namespace weir
