#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// "; did you mean 'parallelism'?" or, when nothing is near, "; known are a, b, c", cut short when there are many.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace weir
