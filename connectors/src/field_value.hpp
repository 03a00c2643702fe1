#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/utf8.hpp>

namespace weir {

/// What a field wants, in words for messages: "a whole number (int32)".
std::string_view wanted(FieldType type);

bool is_integer(FieldType type);

/// "field `name`: `value` is …"
std::string complaint(std::string_view field, std::string_view value, std::string_view what);

/// Stores at `to`, a field of integer type `type` that is not wider than 64 bits. False when out of the
/// type's range.
bool store_integer(FieldType type, std::int64_t value, void* to);
/// The same for values above the range of std::int64_t: only std::uint64_t can hold one.
bool store_unsigned(FieldType type, std::uint64_t value, void* to);
/// Text that lives elsewhere: copied into the batch's arena, or into the field's own string.
inline void store_text(FieldType type, std::string_view text, Batch& batch, void* to) {
  if (type == FieldType::kText) *static_cast<std::string_view*>(to) = batch.arena().copy(text);
  else static_cast<std::string*>(to)->assign(text);
}

inline std::string_view text_at(FieldType type, const void* at) {
  return type == FieldType::kText ? *static_cast<const std::string_view*>(at)
                                  : std::string_view(*static_cast<const std::string*>(at));
}

}  // namespace weir
