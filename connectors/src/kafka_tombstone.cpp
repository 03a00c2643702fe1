#include "kafka_tombstone.hpp"

#include <charconv>
#include <cstddef>

#include <fmt/format.h>
#include <simdjson.h>

#include "field_value.hpp"
#include "iso_time.hpp"

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

bool is_text(FieldType type) { return type == FieldType::kText || type == FieldType::kOwnedText; }

bool store_text_key(FieldType type, std::string_view key, Batch& batch, void* to) {
  if (is_text(type)) {
    store_text(type, key, batch, to);
    return true;
  }
  std::int64_t number = 0;
  if (type == FieldType::kEventTime) return parse(key, static_cast<EventTime*>(to)->millis);
  if (parse(key, number)) return store_integer(type, number, to);
  std::uint64_t large = 0;
  return parse(key, large) && store_unsigned(type, large, to);
}

bool store_json_scalar(FieldType type, simdjson::dom::element value, Batch& batch, void* to) {
  std::string_view text;
  if (!value.get_string().get(text))
    return store_text_key(type, text, batch, to) ||
           (type == FieldType::kEventTime && parse_iso_time(text, *static_cast<EventTime*>(to)));
  std::int64_t number = 0;
  if (is_text(type)) return false;
  if (!value.get_int64().get(number)) {
    if (type != FieldType::kEventTime) return store_integer(type, number, to);
    static_cast<EventTime*>(to)->millis = number;
    return true;
  }
  std::uint64_t large = 0;
  return type != FieldType::kEventTime && !value.get_uint64().get(large) && store_unsigned(type, large, to);
}

bool looks_like_json(std::string_view key) {
  const auto first = key.find_first_not_of(" \t\r\n");
  return first != key.npos && (key[first] == '"' || key[first] == '{' || key[first] == '[');
}

}  // namespace

bool TombstoneRows::suits_key(const Field& field) {
  return field.type == FieldType::kText || field.type == FieldType::kOwnedText ||
         field.type == FieldType::kEventTime || is_integer(field.type);
}

bool TombstoneRows::append(std::string_view key, Batch& batch, std::string& reason) const {
  auto* row = static_cast<std::byte*>(batch.append_default());
  reason = store(key, batch, value_of(key_, row));
  if (!reason.empty()) {
    batch.drop_last();
    return false;
  }
  *static_cast<bool*>(value_of(deleted_, row)) = true;
  return true;
}

std::string TombstoneRows::store(std::string_view key, Batch& batch, void* to) const {
  if (format_ == KeyFormat::kJson) return store_json(key, batch, to);
  if (format_ == KeyFormat::kUnsaid && looks_like_json(key))
    return complaint(
        key_.name, key,
        "what the key of a message without value (a tombstone) looks like: JSON. Add key_format=json to "
        "the source's address, or key_format=text if the field itself holds such text");
  if (store_text_key(key_.type, key, batch, to)) return {};
  const std::string confluent = confluent_complaint(key);
  return complaint(key_.name, key,
                   fmt::format("not {}, as the key of a message without value (a tombstone) must be{}{}",
                               wanted(key_.type), confluent.empty() ? "" : ": it ", confluent));
}

std::string TombstoneRows::store_json(std::string_view key, Batch& batch, void* to) const {
  static thread_local simdjson::dom::parser parser;
  const auto wrong = [&](std::string_view what) {
    return complaint(key_.name, key,
                     fmt::format("{}, as the key of a message without value (a tombstone)", what));
  };
  simdjson::dom::element value;
  if (parser.parse(key.data(), key.size()).get(value)) {
    const std::string confluent = confluent_complaint(key);
    return wrong(confluent.empty() ? "not JSON" : "not JSON, and " + confluent);
  }
  simdjson::dom::object object;
  simdjson::dom::element payload;
  if (!value.get_object().get(object) && object.size() == 2 && !object["payload"].get(payload) &&
      !object["schema"].error())
    value = payload;
  if (!value.get_object().get(object)) {
    // A part of a key would delete what other keys name.
    if (object.size() != 1)
      return wrong(
          fmt::format("an object with {} members where one is wanted, `{}`", object.size(), key_.name));
    if (object[key_.name].get(value))
      return wrong(fmt::format("an object without the member `{}`", key_.name));
  }
  if (store_json_scalar(key_.type, value, batch, to)) return {};
  return wrong(fmt::format("not {} in JSON", wanted(key_.type)));
}

std::string confluent_complaint(std::string_view bytes) {
  if (bytes.size() < 5 || bytes[0] != '\0') return {};
  std::uint32_t id = 0;
  for (const char byte : bytes.substr(1, 4)) id = id << 8 | static_cast<unsigned char>(byte);
  return fmt::format(
      "begins with Confluent's five bytes (a zero and schema {}): it was written by a schema registry's "
      "serializer, as "
      "Avro, Protobuf or JSON Schema. Let its producer write plain JSON, or convert the topic",
      id);
}

}  // namespace weir::kafka
