#pragma once

#include <cstdint>
#include <string_view>

#include <weir/core/schema.hpp>

namespace weir {

/// What became of the text of a number.
enum class NumberRead : std::uint8_t { kStored, kMalformed, kNotWhole, kOutOfRange };

/// Stores a decimal number in a field of an integer type, or, as milliseconds, of EventTime. Exact: the text is never rounded, so that
/// 9007199254740993.0 is what it says and 1.00000000000000000001 is not whole. Takes what CSV does: leading zeros, `5.`, `.5e1`.
NumberRead read_integer(std::string_view text, FieldType type, void* to);

/// Stores a decimal number in a float or double: the nearest that there is, zero or a denormal when it is too small for others.
NumberRead read_real(std::string_view text, FieldType type, void* to);
/// The same, and `nan`, `inf`, `infinity` in any case, with a minus sign or without.
NumberRead read_any_real(std::string_view text, FieldType type, void* to);

/// A number of JSON has no leading zeros, and digits on both sides of its point.
bool is_json_number(std::string_view text);
/// Written with the signs that numbers are written with, though perhaps none.
bool looks_like_number(std::string_view text);

}  // namespace weir
