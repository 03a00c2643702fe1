#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The one of `known` that `word` was probably meant to be; empty when none is close.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// "a, b, c"
std::string joined(const std::vector<std::string>& words);

}  // namespace weir
