#pragma once

#include <string>
#include <vector>

namespace weir {

/// Where a value was given, weakest first.
enum class Layer { kDefault, kFile, kVariable, kFlag };

struct Origin {
  Layer layer = Layer::kDefault;
  std::string where;  ///< "--parallelism", "WEIR_PARALLELISM", "weir.yaml:3"; empty for defaults
};

/// A value as it was given, before it means anything.
struct RawValue {
  std::string key;    ///< "parallelism", "sources.flights", "connectors.kafka.sasl.username"
  std::string text;   ///< with substitutions done: may be secret
  std::string shown;  ///< fit for people: references unexpanded, secrets as ***
  Origin origin;
};

/// Everything that is wrong, each a line for people that says where and what is allowed.
using Problems = std::vector<std::string>;

const char* to_string(Layer layer);

}  // namespace weir
