#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make `b` of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word that was probably meant, if any is near enough: at most a third of its letters are wrong, and never more than four.
std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace weir
