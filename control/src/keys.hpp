#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weir/control/settings.hpp>

namespace weir {

/// One value that every pipeline understands. The same name serves as flag, environment variable and key of the file.
struct ConfigKey {
  std::string_view name;          ///< "checkpoint-interval"
  std::string_view placeholder;   ///< for --help: "TIME"; empty for a flag without a value
  std::string_view default_text;  ///< as shown to people
  std::string_view group;         ///< heading in --help
  std::string_view help;
  std::string_view allowed;  ///< for messages and the reference: "heap or rocksdb"
  bool in_file = true;       ///< whether the file may hold it
};

/// All keys with one value, in the order in which they are shown.
const std::vector<ConfigKey>& keys();
const ConfigKey* find_key(std::string_view name);

/// A key with one value for each source or sink: `--source flights=URI`, `WEIR_SOURCE_FLIGHTS`, `sources: {flights: URI}`.
struct NamedKey {
  std::string_view flag;     ///< "source"
  std::string_view section;  ///< "sources", in the file and in canonical keys
  std::string_view placeholder;
  std::string_view help;
};
const std::vector<NamedKey>& named_keys();

/// "checkpoint-interval" → "WEIR_CHECKPOINT_INTERVAL"; `.` becomes `_` too.
std::string variable_of(std::string_view name);

/// Sentences about parameters a program declares and weir cannot offer: malformed names, names that are weir's, wrong defaults.
std::vector<std::string> problems(const std::vector<Parameter>& parameters);

const char* to_string(ParameterKind kind);
/// "a duration like 100ms, …"
std::string allowed_values(ParameterKind kind);

}  // namespace weir
