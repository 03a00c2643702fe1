#pragma once

#include <string>
#include <vector>

#include "origin.hpp"

namespace weir {

/// One scalar of a configuration file and the way to it.
struct YamlEntry {
  std::vector<std::string> path;  ///< {"sources", "flights", "uri"}
  std::string text;
  int line = 0;    ///< from 1
  int column = 0;  ///< from 1
};

struct YamlFile {
  std::vector<YamlEntry> entries;
  Problems problems;  ///< each begins with file:line:column
};

inline constexpr std::size_t kYamlBytesMax = 1 << 20;
inline constexpr std::size_t kYamlDepthMax = 8;

/// Reads the maps of a YAML document down to their scalars. Lists, aliases, keys given twice, values left out, a second document
/// and anything larger or deeper than the limits are problems. Never throws for what `text` holds.
YamlFile parse_yaml(const std::string& text, const std::string& file_name);
/// The same for a file; not being able to read it is a problem too.
YamlFile read_yaml(const std::string& path, const std::string& file_name);

}  // namespace weir
