#pragma once

#include <string>
#include <string_view>

namespace weir {

struct TokenFile {
  std::string token;
  std::string problem;  ///< empty: fine
};

inline constexpr std::size_t kTokenBytesMin = 16;

/// Reads a bearer token: the file's content without white space around it.
TokenFile read_token_file(const std::string& path);

/// Compares in a time that depends on the length of `given` only.
bool same_token(std::string_view expected, std::string_view given);

}  // namespace weir
