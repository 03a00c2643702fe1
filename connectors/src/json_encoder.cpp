#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <simdjson.h>

#include <weir/core/utf8.hpp>

#include "escaped_bytes.hpp"
#include "field_value.hpp"
#include "json_format.hpp"
#include "number_text.hpp"
#include "plain_text.hpp"

namespace weir {

namespace {

/// What a byte of text needs: 0 nothing, 1 an escape, 2 a look at the UTF-8 around it.
constexpr std::array<std::uint8_t, 256> make_care() {
  std::array<std::uint8_t, 256> care{};
  for (std::size_t c = 0; c < 0x20; ++c) care[c] = 1;
  care['"'] = care['\\'] = 1;
  for (std::size_t c = 0x80; c < 0x100; ++c) care[c] = 2;
  return care;
}
constexpr std::array<std::uint8_t, 256> kCare = make_care();

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

/// Text with bytes that are no UTF-8, each of them as an escape.
void append_bytes(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    if (size > 1) out += text.substr(0, size);
    else if (size == 0) append_byte_escape(out, static_cast<unsigned char>(text.front()));
    else if (kCare[static_cast<unsigned char>(text.front())] == 1) append_escape(out, text.front());
    else out += text.front();
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

/// Text that is not just copied.
void append_odd_text(std::string& out, std::string_view text) {
  std::uint8_t care = 0;
  for (const char c : text) care |= kCare[static_cast<unsigned char>(c)];
  out += '"';
  if ((care & 2) != 0 && !simdjson::validate_utf8(text)) {
    append_bytes(out, text);
  } else if ((care & 1) == 0) {
    out += text;
  } else {
    for (const char c : text) {
      if (kCare[static_cast<unsigned char>(c)] == 1) append_escape(out, c);
      else out += c;
    }
  }
  out += '"';
}

void append_text(std::string& out, std::string_view text) {
  const PlainText plain = plain_text(text.data(), text.data() + text.size());
  if (plain.end != text.data() + text.size() || plain.beyond_ascii()) return append_odd_text(out, text);
  out += '"';
  out += text;
  out += '"';
}

template <class Real>
void append_real(std::string& out, Real value) {
  // JSON has no word for what is not a number, and many readers take -0 for the integer 0.
  if (!std::isfinite(value)) out += "null";
  else if (value == 0 && std::signbit(value)) out += "-0.0";
  else append_number(out, value);
}

class JsonEncoder final : public RowEncoder {
 public:
  explicit JsonEncoder(const RowSchema& schema) : plan_(schema) {}
  void encode(const void* row, std::string& out) override {
    append_object(plan_, static_cast<const std::byte*>(row), out);
  }

 private:
  struct Plan {
    struct Slot {
      const Field* field;
      std::string prefix;  ///< `{"name":` or `,"name":`
      std::unique_ptr<Plan> nested;
    };
    std::vector<Slot> slots;

    explicit Plan(const RowSchema& schema) {
      for (const Field& field : schema.fields)
        slots.push_back({&field, (slots.empty() ? "{\"" : ",\"") + std::string(field.name) + "\":",
                         field.nested ? std::make_unique<Plan>(*field.nested) : nullptr});
    }
  };

  static void append_object(const Plan& plan, const std::byte* base, std::string& out) {
    if (plan.slots.empty()) out += '{';
    for (const Plan::Slot& slot : plan.slots) {
      out += slot.prefix;
      const void* at = base + slot.field->offset;
      if (slot.field->optional) at = slot.field->get(at);
      if (at == nullptr) out += "null";
      else append_value(slot, at, out);
    }
    out += '}';
  }

  static void append_value(const Plan::Slot& slot, const void* at, std::string& out) {
    switch (slot.field->type) {
      case FieldType::kBool:
        out += *static_cast<const bool*>(at) ? "true" : "false";
        return;
      case FieldType::kFloat:
        return append_real(out, *static_cast<const float*>(at));
      case FieldType::kDouble:
        return append_real(out, *static_cast<const double*>(at));
      case FieldType::kText:
      case FieldType::kOwnedText:
        return append_text(out, text_at(slot.field->type, at));
      case FieldType::kStruct:
        return append_object(*slot.nested, static_cast<const std::byte*>(at), out);
      default:
        return append_integer_field(out, slot.field->type, at);
    }
  }

  Plan plan_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_json_encoder(const RowSchema& schema) {
  return std::make_unique<JsonEncoder>(schema);
}

}  // namespace weir
