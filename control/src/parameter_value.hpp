#pragma once

#include <optional>
#include <string>

#include <weir/control/settings.hpp>

namespace weir {

/// The value that `text` means for a parameter of that kind; nothing when it means none.
std::optional<Settings::Value> parse_parameter(ParameterKind kind, const std::string& text);

}  // namespace weir
