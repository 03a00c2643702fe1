#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/core.h>
#include <simdjson.h>

#include "choices.hpp"
#include "escaped_bytes.hpp"
#include "field_value.hpp"
#include "input_kind.hpp"
#include "iso_time.hpp"
#include "json_format.hpp"
#include "plain_json.hpp"
#include "read_number.hpp"
#include "similar_name.hpp"

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
    std::string similar = {};   ///< a key that is no field, and would be this one but for its style
  };
  std::vector<Slot> slots;
  /// Slot that the n-th key of the last object led to; kUnknown for keys that are no field.
  std::vector<std::uint32_t> order;
  std::uint64_t objects = 0;
  std::vector<std::string> unknown;  ///< some keys that are no field
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

  /// Looks at a key that is no field: is it meant to be one?
  void look_at(std::string_view key) {
    if (unknown.size() == kMostUnknown || std::find(unknown.begin(), unknown.end(), key) != unknown.end())
      return;
    unknown.emplace_back(key);
    for (Slot& slot : slots)
      if (are_similar(slot.field->name, key)) slot.similar = key;
  }
  static constexpr std::size_t kMostUnknown = 100;
};

/// So many records of a reader are looked at for what they lack.
constexpr std::uint64_t kLookedAt = 1000;

std::string_view trimmed(std::string_view token) {
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

/// Reads all JSON there is, and says what is wrong with the rest.
class GeneralJsonDecoder final : public RowDecoder {
 public:
  explicit GeneralJsonDecoder(const RowSchema& schema, std::shared_ptr<SourceNotes> notes = nullptr)
      : root_(schema, ""), notes_(std::move(notes)) {}

  bool decode(std::string_view payload, Batch& batch, std::string& reason) override {
    batch_ = &batch;
    reason_ = &reason;
    auto* row = static_cast<std::byte*>(batch.append_default());
    if (decode_document(payload, row)) return true;
    batch.drop_last();
    return false;
  }

  bool has_seen(std::size_t field) const { return root_.slots[field].seen_in > 0; }
  /// Some keys that no field is called by.
  const std::vector<std::string>& unknown_keys() const { return root_.unknown; }

 private:
  bool fail(std::string text) {
    *reason_ = std::move(text);
    return false;
  }
  bool not_json(simdjson::error_code error) {
    if (error == simdjson::UTF8_ERROR) return fail("not valid UTF-8");
    if (std::string what = other_than_object(payload_); !what.empty()) return fail(std::move(what));
    if (!trimmed(payload_).ends_with('}'))
      return fail("a JSON object that does not end; is it cut off, or written over several lines?");
    return fail(fmt::format("not a JSON object: {}", simdjson::error_message(error)));
  }

  bool decode_document(std::string_view payload, std::byte* row) {
    payload_ = payload;
    // simdjson reads past the end of its input, so the bytes move into a buffer that has room for that.
    const std::size_t needed = payload.size() + simdjson::SIMDJSON_PADDING;
    if (padded_bytes_ < needed) {
      padded_bytes_ = needed * 2;
      padded_ = std::make_unique<char[]>(padded_bytes_);
      if (const auto error = parser_.allocate(padded_bytes_)) return not_json(error);
    }
    if (payload.empty()) return not_json(simdjson::EMPTY);
    std::memcpy(padded_.get(), payload.data(), payload.size());
    // It complains in other words when a closing brace of an earlier record follows.
    std::memset(padded_.get() + payload.size(), 0, simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    if (const auto error = parser_.iterate(padded_.get(), payload.size(), padded_bytes_).get(document))
      return not_json(error);
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return not_json(error);
    if (!decode_object(object, root_, row)) return false;
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return fail(text_after_object());
    return true;
  }

  std::string text_after_object() const {
    constexpr std::string_view kWhat = "text after the end of the JSON object";
    if (payload_.find('\r') == std::string_view::npos) return std::string(kWhat);
    return fmt::format("{}; {}", kWhat, kEndWithCr);
  }

  bool decode_object(ondemand::object& object, Plan& plan, std::byte* to) {
    const std::uint64_t number = ++plan.objects;
    std::size_t found = 0, key_index = 0;
    for (auto each : object) {
      ondemand::field pair;
      if (const auto error = std::move(each).get(pair)) return not_json(error);
      const std::uint32_t index = slot_of(pair, plan, key_index++);
      if (index == Plan::kUnknown) {
        if (number <= kLookedAt) plan.look_at(unknown_key_);
        continue;
      }
      Plan::Slot& slot = plan.slots[index];
      if (slot.seen_in == number) return fail(fmt::format("field `{}` is there twice", slot.path));
      slot.seen_in = number;
      ++found;
      if (!decode_field(pair.value(), slot, to + slot.field->offset)) return false;
    }
    if (found == 0 && &plan == &root_ && is_enveloped(object)) return false;
    return found == plan.slots.size() || fill_missing(object, plan, number, to);
  }

  /// Once more, for a complaint.
  static std::vector<std::string> keys_of(ondemand::object& object) {
    std::vector<std::string> keys;
    if (object.reset().error()) return keys;
    for (auto each : object) {
      std::string_view key;
      if (each.unescaped_key().get(key)) return keys;
      keys.emplace_back(key);
    }
    return keys;
  }

  bool is_enveloped(ondemand::object& object) {
    const std::vector<std::string> keys = keys_of(object);
    std::string envelope = envelope_around(
        [&](std::string_view key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); });
    return !envelope.empty() && !fail(std::move(envelope));
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
    unknown_key_ = {};
    if (raw[size] == '\\' && std::move(pair).unescaped_key().get(key)) return Plan::kUnknown;
    const std::uint32_t index = plan.find(key);
    if (index != Plan::kUnknown) expected = index;
    else unknown_key_ = key;
    return index;
  }

  bool fill_missing(ondemand::object& object, Plan& plan, std::uint64_t number, std::byte* to) {
    for (Plan::Slot& slot : plan.slots) {
      if (slot.seen_in == number) continue;
      if (!slot.field->optional) return missing(slot, object);
      if (!slot.similar.empty()) note_similar(slot);
      slot.field->reset(to + slot.field->offset);
    }
    return true;
  }

  bool missing(const Plan::Slot& slot, ondemand::object& object) {
    const std::vector<std::string> keys = keys_of(object);
    const auto similar = std::find_if(
        keys.begin(), keys.end(), [&](const std::string& key) { return are_similar(slot.field->name, key); });
    if (similar == keys.end()) return fail(fmt::format("field `{}` is missing", slot.path));
    return fail(fmt::format("field `{}` is missing; there is a key `{}`, but names have to be the same",
                            slot.path, shown(*similar)));
  }
  void note_similar(const Plan::Slot& slot) {
    if (!notes_) return;
    notes_->once(
        "similar " + slot.path,
        fmt::format("there are records without the optional field `{}`, but with the key `{}`; names have "
                    "to be the same, so the field is absent: rename one of them",
                    slot.path, shown(slot.similar)));
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
      const std::string_view raw = text;
      if (value.get_string().get(text)) return decode_odd_text(raw, slot, to);
      // An escaped half of a surrogate pair is JSON, but no text.
      if (!simdjson::validate_utf8(text)) return decode_odd_text(raw, slot, to);
    } else if (value.get_raw_json_string().error()) {
      return mistyped(slot, token);
    }
    store_text(slot.field->type, text, *batch_, to);
    return true;
  }

  /// What the encoder writes for bytes that are no UTF-8 comes back as these bytes.
  bool decode_odd_text(std::string_view raw, Plan::Slot& slot, void* to) {
    std::string bytes;
    if (!unescape_with_bytes(raw, bytes)) return fail(complaint(slot.path, raw, "not a valid JSON string"));
    store_text(slot.field->type, bytes, *batch_, to);
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
    // Of an object or an array the token is its first brace, which says little.
    if (token.front() == '{' || token.front() == '[')
      return fail(fmt::format("field `{}`: {} is not {}", slot.path,
                              token.front() == '{' ? "an object" : "an array", wanted(slot.field->type)));
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
  const std::shared_ptr<SourceNotes> notes_;
  std::string_view payload_;
  std::string_view unknown_key_;
  ondemand::parser parser_;
  std::unique_ptr<char[]> padded_;
  std::size_t padded_bytes_ = 0;
  Batch* batch_ = nullptr;
  std::string* reason_ = nullptr;
};

/// Tries the short way first.
class JsonDecoder final : public RowDecoder {
 public:
  JsonDecoder(const RowSchema& schema, std::shared_ptr<SourceNotes> notes)
      : schema_(schema), notes_(std::move(notes)), plain_(schema), general_(schema, notes_) {}

  bool decode(std::string_view payload, Batch& batch, std::string& reason) override {
    if (!plain_.decode(payload, batch, batch.append_default())) {
      batch.drop_last();
      if (!general_.decode(payload, batch, reason)) return false;
    }
    if (records_ < kLookedAt && ++records_ == kLookedAt) note_fields_never_seen();
    return true;
  }

 private:
  void note_fields_never_seen() {
    if (!notes_) return;
    for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
      if (plain_.has_seen(i) || general_.has_seen(i)) continue;
      std::vector<std::string> keys;
      for (const std::string& key : general_.unknown_keys()) keys.push_back(shown(key));
      keys.resize(std::min(keys.size(), kMostKeysShown));
      notes_->once(
          fmt::format("never {}", schema_.fields[i].name),
          fmt::format("none of the first {} records has the optional field `{}`{}", kLookedAt,
                      schema_.fields[i].name,
                      keys.empty() ? "" : fmt::format("; their keys that are no field: {}", joined(keys))));
    }
  }

  static constexpr std::size_t kMostKeysShown = 20;

  const RowSchema& schema_;
  const std::shared_ptr<SourceNotes> notes_;
  PlainJson plain_;
  GeneralJsonDecoder general_;
  std::uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<RowDecoder> make_json_decoder(const RowSchema& schema, std::shared_ptr<SourceNotes> notes) {
  return std::make_unique<JsonDecoder>(schema, std::move(notes));
}

std::unique_ptr<RowDecoder> make_general_json_decoder(const RowSchema& schema) {
  return std::make_unique<GeneralJsonDecoder>(schema);
}

}  // namespace weir
