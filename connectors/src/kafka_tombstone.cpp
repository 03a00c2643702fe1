#include "kafka_tombstone.hpp"

#include <charconv>
#include <cstddef>

#include "field_value.hpp"

namespace weir::kafka {

namespace {

void* value_of(const Field& field, std::byte* row) {
  void* at = row + field.offset;
  return field.optional ? field.emplace(at) : at;
}

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool store_key(FieldType type, std::string_view key, Batch& batch, void* to) {
  if (type == FieldType::kText || type == FieldType::kOwnedText) {
    store_text(type, key, batch, to);
    return true;
  }
  std::int64_t number = 0;
  if (type == FieldType::kEventTime) return parse(key, static_cast<EventTime*>(to)->millis);
  if (parse(key, number)) return store_integer(type, number, to);
  std::uint64_t large = 0;
  return parse(key, large) && store_unsigned(type, large, to);
}

}  // namespace

bool TombstoneRows::suits_key(const Field& field) {
  return field.type == FieldType::kText || field.type == FieldType::kOwnedText ||
         field.type == FieldType::kEventTime || is_integer(field.type);
}

bool TombstoneRows::append(std::string_view key, Batch& batch, std::string& reason) const {
  auto* row = static_cast<std::byte*>(batch.append_default());
  if (!store_key(key_.type, key, batch, value_of(key_, row))) {
    batch.drop_last();
    reason = complaint(key_.name, key,
                       std::string("not ") + std::string(wanted(key_.type)) +
                           ", as the key of a message without value (a tombstone) must be");
    return false;
  }
  *static_cast<bool*>(value_of(deleted_, row)) = true;
  return true;
}

}  // namespace weir::kafka
