#include <algorithm>

#include <fmt/format.h>

#include <weir/state/ordered_codec.hpp>
#include <weir/state/state_type.hpp>

#include "state_numbers.hpp"

namespace weir {

namespace {

using Kind = StateType::Kind;

void append_elements(std::string& out, const StateType& type, StateReader& in) {
  out += '[';
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    append_json(out, type, in);
    if (left > 1) out += ',';
  }
  out += ']';
}

void append_rows(std::string& out, const StateType& row, StateReader& in) {
  out += '[';
  for (bool first = true; !in.at_end(); first = false) {
    if (!first) out += ',';
    out += fmt::format(R"({{"time":{},"row":)", in.number<std::int64_t>());
    append_json(out, row, in);
    out += '}';
  }
  out += ']';
}

void append_hexadecimal(std::string& out, std::string_view bytes) {
  out += '"';
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  out += '"';
}

/// A number as StateCodec would have written it.
std::string from_ordered(const StateType& type, StateReader& in) {
  std::string bytes(in.take(type.bytes));
  const bool sign = type.kind != Kind::kUnsigned && type.kind != Kind::kBool;
  const bool negative = sign && (bytes[0] & '\x80') == 0;
  if (type.kind == Kind::kFloating && negative)
    for (char& byte : bytes) byte = static_cast<char>(~byte);
  else if (sign) bytes[0] = static_cast<char>(bytes[0] ^ '\x80');
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else out += c;
  }
  out += '"';
}

void append_json(std::string& out, const StateType& type, StateReader& in) {
  switch (type.kind) {
    case Kind::kBool:
      out += in.number<std::uint8_t>() != 0 ? "true" : "false";
      return;
    case Kind::kEventTime:
      out += fmt::to_string(read_signed(type, in));
      return;
    case Kind::kSigned:
    case Kind::kUnsigned:
      out += read_wide(type, in).text();
      return;
    case Kind::kFloating: {
      const double value = read_floating(type, in);
      out += value - value == 0 ? fmt::to_string(value) : "null";  // JSON has neither infinity nor NaN
      return;
    }
    case Kind::kText:
      return append_json_text(out, in.take(in.number<std::uint32_t>()));
    case Kind::kOptional:
      if (in.number<std::uint8_t>() == 0) out += "null";
      else append_json(out, type.parts[0], in);
      return;
    case Kind::kList:
    case Kind::kOperatorList:
      return append_elements(out, type.parts[0], in);
    case Kind::kStruct:
      out += '{';
      for (std::size_t i = 0; i < type.parts.size(); ++i) {
        if (i > 0) out += ',';
        append_json_text(out, type.names[i]);
        out += ':';
        append_json(out, type.parts[i], in);
      }
      out += '}';
      return;
    case Kind::kRows:
      return append_rows(out, type.parts[0], in);
    case Kind::kMap:
      return append_json(out, type.parts[1], in);
    case Kind::kExpiring:
      out += R"({"written":)";
      if (const auto written = in.number<std::int64_t>(); written == kNoTime) out += "null";
      else out += fmt::to_string(written);
      out += R"(,"value":)";
      append_json(out, type.parts[0], in);
      out += '}';
      return;
    case Kind::kBroadcast:
    case Kind::kOpaque:
      return append_hexadecimal(out, in.take(in.rest().size()));
  }
}

void append_ordered_json(std::string& out, const StateType& type, StateReader& in) {
  switch (type.kind) {
    case Kind::kText:
      return append_json_text(out, OrderedCodec<std::string>::decode(in));
    case Kind::kOptional:
      if (in.take(1)[0] == '\0') out += "null";
      else append_ordered_json(out, type.parts[0], in);
      return;
    case Kind::kStruct:
      out += '{';
      for (std::size_t i = 0; i < type.parts.size(); ++i) {
        if (i > 0) out += ',';
        append_json_text(out, type.names[i]);
        out += ':';
        append_ordered_json(out, type.parts[i], in);
      }
      out += '}';
      return;
    default: {
      const std::string plain = from_ordered(type, in);
      StateReader number(plain);
      return append_json(out, type, number);
    }
  }
}

}  // namespace weir
