#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "origin.hpp"

namespace weir {

struct Flags;
struct Program;
struct Terminal;

/// Every value that was given, the strongest for each key.
struct Layers {
  std::map<std::string, RawValue>
      single;                   ///< by key: "parallelism", "parameters.x", "connectors.kafka.client.id"
  std::vector<RawValue> named;  ///< of sources, sinks and on-error; weakest layer first
  std::vector<std::string> hidden;
  Problems problems;
  std::optional<RawValue> config_file;  ///< the file that was read
};

Layers read_layers(const Flags& flags, const Terminal& terminal, const Program& program);

}  // namespace weir
