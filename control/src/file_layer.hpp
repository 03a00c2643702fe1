#pragma once

#include <map>
#include <string>
#include <vector>

#include "origin.hpp"
#include "redaction.hpp"

namespace weir {

struct Program;

/// What the configuration file says, with canonical keys and substitutions done.
struct FileLayer {
  std::vector<RawValue> values;
  std::vector<std::string> hidden;  ///< secret values found on the way
  Problems problems;
};

/// `name` is how messages call the file.
FileLayer read_file_layer(const std::string& path, const std::string& name,
                          const std::map<std::string, std::string>& variables, const Program& program);

}  // namespace weir
