#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/core/nearest_word.hpp>

namespace weir {

/// "; did you mean `json`?", or nothing when no choice is near.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string>& choices) {
  const auto near = nearest_word(word, choices);
  return near ? fmt::format("; did you mean `{}`?", *near) : "";
}

/// "a, b, c"
inline std::string joined(const std::vector<std::string>& choices) {
  return fmt::format("{}", fmt::join(choices, ", "));
}

}  // namespace weir
