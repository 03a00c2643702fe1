#include "kafka_key.hpp"

#include <cstdint>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/order.hpp>

namespace weir::kafka {

namespace {

template <class Number>
std::string_view decimal(const void* at, std::string& scratch) {
  scratch = fmt::format("{}", canonical(*static_cast<const Number*>(at)));
  return scratch;
}

}  // namespace

std::optional<std::string_view> key_text(const Field& field, const void* row, std::string& scratch) {
  const void* at = static_cast<const char*>(row) + field.offset;
  if (field.optional) at = field.get(at);
  if (!at) return std::nullopt;
  switch (field.type) {
    case FieldType::kBool:
      return *static_cast<const bool*>(at) ? "true" : "false";
    case FieldType::kInt8:
      return scratch = std::to_string(*static_cast<const std::int8_t*>(at));
    case FieldType::kUInt8:
      return scratch = std::to_string(*static_cast<const std::uint8_t*>(at));
    case FieldType::kInt16:
      return decimal<std::int16_t>(at, scratch);
    case FieldType::kInt32:
      return decimal<std::int32_t>(at, scratch);
    case FieldType::kInt64:
      return decimal<std::int64_t>(at, scratch);
    case FieldType::kUInt16:
      return decimal<std::uint16_t>(at, scratch);
    case FieldType::kUInt32:
      return decimal<std::uint32_t>(at, scratch);
    case FieldType::kUInt64:
      return decimal<std::uint64_t>(at, scratch);
    case FieldType::kFloat:
      return decimal<float>(at, scratch);
    case FieldType::kDouble:
      return decimal<double>(at, scratch);
    case FieldType::kEventTime:
      return decimal<std::int64_t>(&static_cast<const EventTime*>(at)->millis, scratch);
    case FieldType::kText: {
      const auto text = *static_cast<const std::string_view*>(at);
      return text.data() ? text : std::string_view("");  // an empty key is not an absent one
    }
    case FieldType::kOwnedText:
      return *static_cast<const std::string*>(at);
    case FieldType::kStruct:
      break;
  }
  WEIR_ASSERT(false, "a struct was refused as a key when the address was read");
  return std::nullopt;
}

}  // namespace weir::kafka
