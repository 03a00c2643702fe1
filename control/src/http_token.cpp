#include "http_token.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bounded_file.hpp"

namespace weir {

TokenFile read_token_file(const std::string& path) {
  constexpr std::size_t kMost = 4096;
  BoundedFile file = read_bounded_file(path, kMost);
  if (!file.problem.empty()) return {"", fmt::format("the token file '{}' {}", path, file.problem)};
  std::string& text = file.content;
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  text.erase(std::find_if_not(text.rbegin(), text.rend(), is_space).base(), text.end());
  if (text.size() < kTokenBytesMin)
    return {"",
            fmt::format(
                "the token in '{}' has {} bytes, at least {} are required; `openssl rand -hex 16` makes one",
                path, text.size(), kTokenBytesMin)};
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c > '~'; }))
    return {"",
            fmt::format("the token in '{}' must be one line of printable characters without spaces", path)};
  return {std::move(text), ""};
}

bool same_token(std::string_view expected, std::string_view given) {
  unsigned difference = expected.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i]) ^
                  static_cast<unsigned char>(expected.empty() ? 1 : expected[i % expected.size()]);
  return difference == 0;
}

}  // namespace weir
