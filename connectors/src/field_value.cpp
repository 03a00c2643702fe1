#include "field_value.hpp"

#include <limits>

#include <fmt/core.h>

namespace weir {

namespace {

template <class T>
bool store_as(std::int64_t value, void* to) {
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    if (value < 0) return false;
  } else if constexpr (sizeof(T) < sizeof(value)) {
    if (value < std::int64_t{std::numeric_limits<T>::min()} ||
        value > std::int64_t{std::numeric_limits<T>::max()})
      return false;
  }
  *static_cast<T*>(to) = static_cast<T>(value);
  return true;
}

}  // namespace

std::string_view wanted(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return "true or false";
    case FieldType::kInt8:
      return "a whole number (int8)";
    case FieldType::kInt16:
      return "a whole number (int16)";
    case FieldType::kInt32:
      return "a whole number (int32)";
    case FieldType::kInt64:
      return "a whole number (int64)";
    case FieldType::kUInt8:
      return "a whole number (uint8)";
    case FieldType::kUInt16:
      return "a whole number (uint16)";
    case FieldType::kUInt32:
      return "a whole number (uint32)";
    case FieldType::kUInt64:
      return "a whole number (uint64)";
    case FieldType::kFloat:
      return "a number (float)";
    case FieldType::kDouble:
      return "a number (double)";
    case FieldType::kText:
    case FieldType::kOwnedText:
      return "text";
    case FieldType::kEventTime:
      return "milliseconds since 1970 or an ISO-8601 time";
    case FieldType::kStruct:
      return "an object";
  }
  return "a value";
}

bool is_integer(FieldType type) { return type >= FieldType::kInt8 && type <= FieldType::kUInt64; }

std::string complaint(std::string_view field, std::string_view value, std::string_view what) {
  return fmt::format("field `{}`: `{}` is {}", field, shown(value), what);
}

bool store_integer(FieldType type, std::int64_t value, void* to) {
  switch (type) {
    case FieldType::kInt8:
      return store_as<std::int8_t>(value, to);
    case FieldType::kInt16:
      return store_as<std::int16_t>(value, to);
    case FieldType::kInt32:
      return store_as<std::int32_t>(value, to);
    case FieldType::kUInt8:
      return store_as<std::uint8_t>(value, to);
    case FieldType::kUInt16:
      return store_as<std::uint16_t>(value, to);
    case FieldType::kUInt32:
      return store_as<std::uint32_t>(value, to);
    case FieldType::kUInt64:
      return store_as<std::uint64_t>(value, to);
    default:
      return store_as<std::int64_t>(value, to);
  }
}

bool store_unsigned(FieldType type, std::uint64_t value, void* to) {
  if (type == FieldType::kUInt64) {
    *static_cast<std::uint64_t*>(to) = value;
    return true;
  }
  return value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) &&
         store_integer(type, static_cast<std::int64_t>(value), to);
}

}  // namespace weir
