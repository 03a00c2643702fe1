#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Takes a parameter out of a connector's address, leaving the rest of the text as it was given. Returns its value, not decoded;
/// nothing when the address does not have it.
std::optional<std::string> take_parameter(std::string& address, std::string_view name);

}  // namespace weir
