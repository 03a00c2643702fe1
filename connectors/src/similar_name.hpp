#pragma once

#include <string>
#include <string_view>

namespace weir {

/// A name without what people write in one way or another: `Dep_Time`, `depTime`, ` dep-time` and `dep time` are all `deptime`.
inline std::string without_style(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ' || c == '\t') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain;
}

inline bool are_similar(std::string_view a, std::string_view b) {
  return a != b && without_style(a) == without_style(b);
}

}  // namespace weir
