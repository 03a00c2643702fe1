#include "nearest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/core/nearest_word.hpp>

namespace weir {

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  if (const auto near = nearest_word(word, known)) return fmt::format("; did you mean '{}'?", *near);
  if (known.empty()) return "; there are none";
  constexpr std::size_t kMost = 12;
  if (known.size() > kMost)
    return fmt::format("; known are {}, …", fmt::join(known.begin(), known.begin() + kMost, ", "));
  return fmt::format("; known are {}", fmt::join(known, ", "));
}

}  // namespace weir
