#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <weir/core/schema.hpp>

namespace weir::kafka {

/// Text of one field of a row, as a message key: numbers in decimal, times in milliseconds. `scratch` may
/// hold the text; the view is valid until row or scratch change. nullopt for an absent optional field.
std::optional<std::string_view> key_text(const Field& field, const void* row, std::string& scratch);

}  // namespace weir::kafka
