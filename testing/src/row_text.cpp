#include "row_text.hpp"

#include <fmt/format.h>

namespace weir::testing {

namespace {

template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}

std::string value_text(const Field& field, const void* value) {
  switch (field.type) {
    case FieldType::kBool:
      return as<bool>(value) ? "true" : "false";
    case FieldType::kInt8:
      return fmt::format("{}", static_cast<int>(as<std::int8_t>(value)));
    case FieldType::kInt16:
      return fmt::format("{}", as<std::int16_t>(value));
    case FieldType::kInt32:
      return fmt::format("{}", as<std::int32_t>(value));
    case FieldType::kInt64:
      return fmt::format("{}", as<std::int64_t>(value));
    case FieldType::kUInt8:
      return fmt::format("{}", static_cast<unsigned>(as<std::uint8_t>(value)));
    case FieldType::kUInt16:
      return fmt::format("{}", as<std::uint16_t>(value));
    case FieldType::kUInt32:
      return fmt::format("{}", as<std::uint32_t>(value));
    case FieldType::kUInt64:
      return fmt::format("{}", as<std::uint64_t>(value));
    case FieldType::kFloat:
      return fmt::format("{}", as<float>(value));
    case FieldType::kDouble:
      return fmt::format("{}", as<double>(value));
    case FieldType::kText:
      return std::string(as<std::string_view>(value));
    case FieldType::kOwnedText:
      return as<std::string>(value);
    case FieldType::kEventTime:
      return fmt::format("{}", as<EventTime>(value).millis);
    case FieldType::kStruct:
      return row_text(*field.nested, value);
  }
  return "?";
}

}  // namespace

std::string row_text(const RowSchema& schema, const void* row) {
  std::string text = "{";
  for (const Field& field : schema.fields) {
    const void* value = static_cast<const std::byte*>(row) + field.offset;
    if (field.optional) value = field.get(value);
    if (text.size() > 1) text += ",";
    text += fmt::format("{}:{}", field.name, value ? value_text(field, value) : "null");
  }
  return text + "}";
}

}  // namespace weir::testing
