#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

inline constexpr const char* kHidden = "***";

/// An address, or what was meant as one, that may be shown: what stands before an `@` in front of its host (of `user:password@` the
/// password), and the values of secret parameters, are ***, also in addresses that are values of parameters. What it hides is
/// appended to `hidden`, as it is written and percent-decoded.
std::string redacted_address(std::string_view text, std::vector<std::string>* hidden = nullptr);

}  // namespace weir
