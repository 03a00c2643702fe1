#include <cstring>
#include <vector>

#include <fmt/core.h>
#include <simdjson.h>

#include "field_value.hpp"
#include "iso_time.hpp"
#include "json_format.hpp"
#include "plain_json.hpp"
#include "read_number.hpp"

namespace weir {

namespace {

namespace ondemand = simdjson::ondemand;

/// What the decoder keeps for one struct of the row: its fields, and the order in which the last record had
/// them.
struct Plan {
  struct Slot {
    const Field* field;
    std::string path;  ///< "address.city", for messages
    Plan* nested = nullptr;
    std::uint64_t seen_in = 0;  ///< the number of the object that had the field last
  };
  std::vector<Slot> slots;
  /// Slot that the n-th key of the last object led to; kUnknown for keys that are no field.
  std::vector<std::uint32_t> order;
  std::uint64_t objects = 0;
  std::vector<std::unique_ptr<Plan>> children;

  static constexpr std::uint32_t kUnknown = ~std::uint32_t{0};

  Plan(const RowSchema& schema, const std::string& prefix) {
    for (const Field& field : schema.fields) {
      Slot slot{&field, prefix + std::string(field.name)};
      if (field.type == FieldType::kStruct) {
        children.push_back(std::make_unique<Plan>(*field.nested, slot.path + "."));
        slot.nested = children.back().get();
      }
      slots.push_back(std::move(slot));
    }
  }

  std::uint32_t find(std::string_view name) const {
    for (std::uint32_t i = 0; i < slots.size(); ++i)
      if (slots[i].field->name == name) return i;
    return kUnknown;
  }
};

std::string_view trimmed(std::string_view token) {
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

/// Reads all JSON there is, and says what is wrong with the rest.
class GeneralJsonDecoder final : public RowDecoder {
 public:
  explicit GeneralJsonDecoder(const RowSchema& schema) : root_(schema, "") {}

  bool decode(std::string_view payload, Batch& batch, std::string& reason) override {
    batch_ = &batch;
    reason_ = &reason;
    auto* row = static_cast<std::byte*>(batch.append_default());
    if (decode_document(payload, row)) return true;
    batch.drop_last();
    return false;
  }

 private:
  bool fail(std::string text) {
    *reason_ = std::move(text);
    return false;
  }
  bool not_json(simdjson::error_code error) {
    if (error == simdjson::UTF8_ERROR) return fail("not valid UTF-8");
    return fail(fmt::format("not a JSON object: {}", simdjson::error_message(error)));
  }

  bool decode_document(std::string_view payload, std::byte* row) {
    // simdjson reads past the end of its input, so the bytes move into a buffer that has room for that.
    const std::size_t needed = payload.size() + simdjson::SIMDJSON_PADDING;
    if (padded_bytes_ < needed) {
      padded_bytes_ = needed * 2;
      padded_ = std::make_unique<char[]>(padded_bytes_);
      if (const auto error = parser_.allocate(padded_bytes_)) return not_json(error);
    }
    if (payload.empty()) return fail("nothing where a JSON object is expected");
    std::memcpy(padded_.get(), payload.data(), payload.size());
    // It complains in other words when a closing brace of an earlier record follows.
    std::memset(padded_.get() + payload.size(), 0, simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    if (const auto error = parser_.iterate(padded_.get(), payload.size(), padded_bytes_).get(document))
      return not_json(error);
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return not_json(error);
    if (!decode_object(object, root_, row)) return false;
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
      return fail("text after the end of the JSON object");
    return true;
  }

  bool decode_object(ondemand::object& object, Plan& plan, std::byte* to) {
    const std::uint64_t number = ++plan.objects;
    std::size_t found = 0, key_index = 0;
    for (auto each : object) {
      ondemand::field pair;
      if (const auto error = std::move(each).get(pair)) return not_json(error);
      const std::uint32_t index = slot_of(pair, plan, key_index++);
      if (index == Plan::kUnknown) continue;
      Plan::Slot& slot = plan.slots[index];
      if (slot.seen_in == number) return fail(fmt::format("field `{}` is there twice", slot.path));
      slot.seen_in = number;
      ++found;
      if (!decode_field(pair.value(), slot, to + slot.field->offset)) return false;
    }
    return found == plan.slots.size() || fill_missing(plan, number, to);
  }

  /// Records mostly have their keys in the order of the record before: then one comparison finds the field.
  std::uint32_t slot_of(ondemand::field& pair, Plan& plan, std::size_t key_index) {
    if (key_index >= plan.order.size()) plan.order.resize(key_index + 1, Plan::kUnknown);
    std::uint32_t& expected = plan.order[key_index];
    const char* raw = pair.key().raw();
    if (expected != Plan::kUnknown) {
      const std::string_view name = plan.slots[expected].field->name;
      const auto readable = static_cast<std::size_t>(padded_.get() + padded_bytes_ - raw);
      if (name.size() < readable && std::memcmp(raw, name.data(), name.size()) == 0 &&
          raw[name.size()] == '"')
        return expected;
    }
    std::size_t size = 0;
    while (raw[size] != '"' && raw[size] != '\\') ++size;
    std::string_view key(raw, size);
    if (raw[size] == '\\' && std::move(pair).unescaped_key().get(key)) return Plan::kUnknown;
    const std::uint32_t index = plan.find(key);
    if (index != Plan::kUnknown) expected = index;
    return index;
  }

  bool fill_missing(Plan& plan, std::uint64_t number, std::byte* to) {
    for (Plan::Slot& slot : plan.slots) {
      if (slot.seen_in == number) continue;
      if (!slot.field->optional) return fail(fmt::format("field `{}` is missing", slot.path));
      slot.field->reset(to + slot.field->offset);
    }
    return true;
  }

  bool decode_field(ondemand::value& value, Plan::Slot& slot, void* to) {
    const std::string_view token = value.raw_json_token();
    if (token.front() == 'n') {
      if (trimmed(token) != "null") return mistyped(slot, token);
      if (!slot.field->optional)
        return fail(fmt::format("field `{}` is null, which only optional fields may be", slot.path));
      slot.field->reset(to);
      return true;
    }
    return decode_value(value, token, slot, slot.field->optional ? slot.field->emplace(to) : to);
  }

  bool decode_value(ondemand::value& value, std::string_view token, Plan::Slot& slot, void* to) {
    switch (slot.field->type) {
      case FieldType::kBool:
        if (value.get_bool().get(*static_cast<bool*>(to))) return mistyped(slot, token);
        return true;
      case FieldType::kFloat:
      case FieldType::kDouble:
        return decode_number(token, slot, to);
      case FieldType::kText:
      case FieldType::kOwnedText:
        return decode_text(value, token, slot, to);
      case FieldType::kEventTime:
        return decode_time(value, token, slot, to);
      case FieldType::kStruct: {
        ondemand::object object;
        if (token.front() != '{' || value.get_object().get(object)) return mistyped(slot, token);
        return decode_object(object, *slot.nested, static_cast<std::byte*>(to));
      }
      default:
        return decode_number(token, slot, to);
    }
  }

  bool decode_number(std::string_view token, Plan::Slot& slot, void* to) {
    const std::string_view text = trimmed(token);
    if (!is_json_number(text))
      return looks_like_number(text) ? not_of_json(slot, text) : mistyped(slot, token);
    const FieldType type = slot.field->type;
    const bool real = type == FieldType::kFloat || type == FieldType::kDouble;
    switch (real ? read_real(text, type, to) : read_integer(text, type, to)) {
      case NumberRead::kStored:
        return true;
      case NumberRead::kOutOfRange:
        return out_of_range(slot, text);
      default:
        return mistyped(slot, text);
    }
  }

  bool decode_text(ondemand::value& value, std::string_view token, Plan::Slot& slot, void* to) {
    token = trimmed(token);
    if (token.size() < 2 || token.front() != '"' || token.back() != '"') return mistyped(slot, token);
    std::string_view text = token.substr(1, token.size() - 2);
    if (std::memchr(text.data(), '\\', text.size()) != nullptr) {
      if (value.get_string().get(text)) return fail(complaint(slot.path, token, "not a valid JSON string"));
      // An escaped half of a surrogate pair is JSON, but no text.
      if (!simdjson::validate_utf8(text)) return fail(complaint(slot.path, token, "not valid UTF-8"));
    } else if (value.get_raw_json_string().error()) {
      return mistyped(slot, token);
    }
    store_text(slot.field->type, text, *batch_, to);
    return true;
  }

  bool decode_time(ondemand::value& value, std::string_view token, Plan::Slot& slot, void* to) {
    auto& time = *static_cast<EventTime*>(to);
    if (token.front() != '"') return decode_number(token, slot, &time.millis);
    std::string_view text;
    if (value.get_string().get(text) || !parse_iso_time(text, time)) return mistyped(slot, token);
    return true;
  }

  bool mistyped(const Plan::Slot& slot, std::string_view token) {
    return fail(complaint(slot.path, trimmed(token), fmt::format("not {}", wanted(slot.field->type))));
  }
  bool out_of_range(const Plan::Slot& slot, std::string_view token) {
    return fail(
        complaint(slot.path, trimmed(token), fmt::format("out of range for {}", wanted(slot.field->type))));
  }
  bool not_of_json(const Plan::Slot& slot, std::string_view token) {
    return fail(complaint(slot.path, token,
                          "not a number of JSON, which has no `+` in front, no leading zeros, and digits on "
                          "both sides of a point"));
  }

  Plan root_;
  ondemand::parser parser_;
  std::unique_ptr<char[]> padded_;
  std::size_t padded_bytes_ = 0;
  Batch* batch_ = nullptr;
  std::string* reason_ = nullptr;
};

/// Tries the short way first.
class JsonDecoder final : public RowDecoder {
 public:
  explicit JsonDecoder(const RowSchema& schema) : plain_(schema), general_(schema) {}

  bool decode(std::string_view payload, Batch& batch, std::string& reason) override {
    if (plain_.decode(payload, batch, batch.append_default())) return true;
    batch.drop_last();
    return general_.decode(payload, batch, reason);
  }

 private:
  PlainJson plain_;
  GeneralJsonDecoder general_;
};

}  // namespace

std::unique_ptr<RowDecoder> make_json_decoder(const RowSchema& schema) {
  return std::make_unique<JsonDecoder>(schema);
}

std::unique_ptr<RowDecoder> make_general_json_decoder(const RowSchema& schema) {
  return std::make_unique<GeneralJsonDecoder>(schema);
}

}  // namespace weir
