#pragma once

#include <string>

namespace weir {

/// As in CMakeLists.txt.
inline constexpr const char* kVersion = "0.1.0";

/// "GCC 12.2.0"
std::string compiler();

/// `weir 0.1.0 (job flight-delays, GCC 12.2.0)`, and the same as a JSON object.
std::string version_text(const std::string& job);
std::string version_json(const std::string& job);

}  // namespace weir
