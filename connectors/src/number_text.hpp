#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <type_traits>

#include <weir/core/order.hpp>
#include <weir/core/schema.hpp>

namespace weir {

/// Appends a number as its shortest text that reads back the same. NaN has no sign.
template <class Number>
void append_number(std::string& out, Number value) {
  if constexpr (std::is_floating_point_v<Number>)
    if (value != value) value = canonical(value);
  char text[40];
  out.append(text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text));
}

/// Appends the value of an integer field or a time.
inline void append_integer_field(std::string& out, FieldType type, const void* at) {
  switch (type) {
    case FieldType::kInt8:
      return append_number(out, int{*static_cast<const std::int8_t*>(at)});
    case FieldType::kInt16:
      return append_number(out, *static_cast<const std::int16_t*>(at));
    case FieldType::kInt32:
      return append_number(out, *static_cast<const std::int32_t*>(at));
    case FieldType::kUInt8:
      return append_number(out, unsigned{*static_cast<const std::uint8_t*>(at)});
    case FieldType::kUInt16:
      return append_number(out, *static_cast<const std::uint16_t*>(at));
    case FieldType::kUInt32:
      return append_number(out, *static_cast<const std::uint32_t*>(at));
    case FieldType::kUInt64:
      return append_number(out, *static_cast<const std::uint64_t*>(at));
    case FieldType::kEventTime:
      return append_number(out, static_cast<const EventTime*>(at)->millis);
    default:
      return append_number(out, *static_cast<const std::int64_t*>(at));
  }
}

}  // namespace weir
