#include "json_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <weir/core/hash.hpp>
#include <weir/state/codec.hpp>

namespace weir {

namespace {

using Kind = StateType::Kind;
using Json = simdjson::dom::element;
using JsonType = simdjson::dom::element_type;

/// Whole numbers up to here are exact as doubles.
constexpr double kExactMost = 9007199254740992.0;

std::string shown(const Json& value) {
  constexpr std::size_t kMost = 64;
  std::string text = simdjson::minify(value);
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return text;
}

[[noreturn]] void refuse(const JsonPlace& place, const std::string& why) {
  throw BadJson(place.text() + ": " + why);
}

[[noreturn]] void refuse_type(const JsonPlace& place, const StateType& type, const Json& value) {
  refuse(place, fmt::format("{} is not {}", shown(value), type.text));
}

/// A whole number between the two, however it is spelled.
template <class Number>
Number whole(const StateType& type, const Json& value, const JsonPlace& place) {
  constexpr auto kLeast = std::numeric_limits<Number>::min();
  constexpr auto kMost = std::numeric_limits<Number>::max();
  if (value.is<std::int64_t>()) {
    const std::int64_t number = value.get<std::int64_t>();
    if (std::in_range<Number>(number)) return static_cast<Number>(number);
  } else if (value.is<std::uint64_t>()) {
    const std::uint64_t number = value.get<std::uint64_t>();
    if (std::in_range<Number>(number)) return static_cast<Number>(number);
  } else if (value.type() == JsonType::DOUBLE) {
    const double number = value.get<double>();
    if (number != std::floor(number)) refuse_type(place, type, value);
    if (std::abs(number) <= kExactMost && number >= static_cast<double>(kLeast) &&
        number <= static_cast<double>(kMost))
      return static_cast<Number>(number);
  }
  if (value.is_number())
    refuse(place,
           fmt::format("{} is not in the range of {}, {} to {}", shown(value), type.text, kLeast, kMost));
  refuse_type(place, type, value);
}

template <class... Numbers>
void append_whole(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  ((type.bytes == sizeof(Numbers) ? detail::append_number(out, whole<Numbers>(type, value, place)) : void()),
   ...);
}

void append_floating(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  if (!value.is_number()) refuse_type(place, type, value);
  const double number = value.get<double>();
  if (type.bytes == sizeof(double)) return detail::append_number(out, number);
  if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max()))
    refuse_type(place, type, value);
  detail::append_number(out, static_cast<float>(number));
}

void append_text(std::string& out, std::string_view text) {
  detail::append_number(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

template <class Append>
std::uint32_t for_elements(const StateType& type, const Json& value, const JsonPlace& place, Append append) {
  if (!value.is_array()) refuse_type(place, type, value);
  std::uint32_t n = 0;
  for (const Json element : value.get<simdjson::dom::array>()) append(element, JsonPlace{"", &place, n}), ++n;
  return n;
}

void append_list(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  std::string elements;
  const std::uint32_t n = for_elements(type, value, place, [&](const Json& element, const JsonPlace& at) {
    append_state(elements, type.parts[0], element, at);
  });
  detail::append_number(out, n);
  out.append(elements);
}

/// Finds the members of an object by name; each once, and no others.
std::vector<std::optional<Json>> members(const StateType& type, const Json& value, const JsonPlace& place) {
  if (!value.is_object()) refuse_type(place, type, value);
  std::vector<std::optional<Json>> found(type.names.size());
  for (const auto& [name, member] : value.get<simdjson::dom::object>()) {
    std::size_t i = 0;
    while (i < type.names.size() && type.names[i] != name) ++i;
    if (i == type.names.size()) refuse(place, fmt::format("there is no field {} in {}", name, type.text));
    if (found[i]) refuse(place, fmt::format("field {} is there twice", name));
    found[i] = member;
  }
  return found;
}

void append_struct(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  const auto found = members(type, value, place);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) append_state(out, type.parts[i], *found[i], {type.names[i], &place});
    else if (type.parts[i].kind == Kind::kOptional) detail::append_number(out, std::uint8_t{0});
    else refuse(place, fmt::format("field {} is missing", type.names[i]));
  }
}

/// `[{"time":…,"row":…}, …]`
void append_rows(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  StateType timed;
  timed.text = fmt::format("{{time:event_time,row:{}}}", type.parts[0].text);
  timed.names = {"time", "row"};
  timed.parts = {StateType::parse("event_time"), type.parts[0]};
  for_elements(type, value, place,
               [&](const Json& element, const JsonPlace& at) { append_struct(out, timed, element, at); });
}

/// `{"written":…,"value":…}`; an entry without a time lives for its time from the restore on.
void append_expiring(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  StateType entry;
  entry.text = type.text;
  entry.names = {"written", "value"};
  const auto found = members(entry, value, place);
  if (!found[1]) refuse(place, "field value is missing");
  if (found[0] && !found[0]->is_null())
    append_state(out, StateType::parse("event_time"), *found[0], {"written", &place});
  else detail::append_number(out, EventTime::min().millis);
  append_state(out, type.parts[0], *found[1], {"value", &place});
}

void append_hexadecimal(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  if (!value.is_string()) refuse_type(place, type, value);
  const std::string_view digits = value.get<std::string_view>();
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (digits.size() % 2 != 0 || digits.find_first_not_of(kDigits) != std::string_view::npos)
    refuse(place, fmt::format("{} is not the hexadecimal digits of a {}", shown(value), type.text));
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<char>(kDigits.find(digits[i]) << 4 | kDigits.find(digits[i + 1])));
}

/// The bytes of a number as StateCodec writes them, turned so that they compare as the number does.
void append_ordered_number(std::string& out, const StateType& type, std::string_view little_endian) {
  std::string bytes(little_endian.rbegin(), little_endian.rend());
  const bool sign = type.kind != Kind::kUnsigned && type.kind != Kind::kBool;
  if (type.kind == Kind::kFloating && bytes.find_first_not_of('\0', 1) == std::string::npos &&
      bytes[0] == '\x80')
    bytes[0] = '\0';  // minus zero and zero are one key
  if (type.kind == Kind::kFloating && (bytes[0] & '\x80') != 0)
    for (char& byte : bytes) byte = static_cast<char>(~byte);
  else if (sign) bytes[0] = static_cast<char>(bytes[0] ^ '\x80');
  out.append(bytes);
}

template <class... Numbers>
std::uint64_t number_to_hash(const StateType& type, StateReader& in) {
  std::uint64_t number = 0;
  ((type.bytes == sizeof(Numbers) ? void(number = static_cast<std::uint64_t>(in.number<Numbers>())) : void()),
   ...);
  return number;
}

}  // namespace

std::string JsonPlace::text() const {
  if (!outer) return std::string(name);
  return name.empty() ? fmt::format("{}[{}]", outer->text(), element)
                      : fmt::format("{}.{}", outer->text(), name);
}

void append_state(std::string& out, const StateType& type, const Json& value, const JsonPlace& place) {
  switch (type.kind) {
    case Kind::kBool:
      if (!value.is_bool()) refuse_type(place, type, value);
      return detail::append_number(out, static_cast<std::uint8_t>(value.get<bool>().value()));
    case Kind::kSigned:
    case Kind::kEventTime:
      return append_whole<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(out, type, value, place);
    case Kind::kUnsigned:
      return append_whole<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(out, type, value, place);
    case Kind::kFloating:
      return append_floating(out, type, value, place);
    case Kind::kText:
      if (!value.is_string()) refuse_type(place, type, value);
      return append_text(out, value.get<std::string_view>());
    case Kind::kOptional:
      detail::append_number(out, static_cast<std::uint8_t>(!value.is_null()));
      return value.is_null() ? void() : append_state(out, type.parts[0], value, place);
    case Kind::kList:
    case Kind::kOperatorList:
      return append_list(out, type, value, place);
    case Kind::kExpiring:
      return append_expiring(out, type, value, place);
    case Kind::kStruct:
      return append_struct(out, type, value, place);
    case Kind::kRows:
      return append_rows(out, type, value, place);
    case Kind::kMap:
      return append_state(out, type.parts[1], value, place);
    case Kind::kBroadcast:
    case Kind::kOpaque:
      return append_hexadecimal(out, type, value, place);
  }
}

void append_ordered(std::string& out, const StateType& type, StateReader& in) {
  switch (type.kind) {
    case Kind::kText:
      for (const char c : in.take(in.number<std::uint32_t>())) {
        out.push_back(c);
        if (c == '\0') out.push_back('\xff');
      }
      out.append(2, '\0');
      return;
    case Kind::kOptional: {
      const bool present = in.number<std::uint8_t>() != 0;
      out.push_back(present ? '\1' : '\0');
      if (present) append_ordered(out, type.parts[0], in);
      return;
    }
    case Kind::kStruct:
      for (const StateType& part : type.parts) append_ordered(out, part, in);
      return;
    default:
      append_ordered_number(out, type, in.take(type.bytes));
  }
}

bool is_key(const StateType& type) {
  switch (type.kind) {
    case Kind::kBool:
    case Kind::kSigned:
    case Kind::kUnsigned:
    case Kind::kText:
    case Kind::kEventTime:
      return true;
    case Kind::kStruct:
      return std::all_of(type.parts.begin(), type.parts.end(), is_key);
    default:
      return false;
  }
}

std::uint64_t hash_of_key(const StateType& type, StateReader& in) {
  switch (type.kind) {
    case Kind::kText:
      return hash_bytes(in.take(in.number<std::uint32_t>()));
    case Kind::kStruct: {
      std::uint64_t hash = 0;
      for (const StateType& part : type.parts) hash = detail::hash_u64(hash ^ hash_of_key(part, in));
      return hash;
    }
    case Kind::kUnsigned:
    case Kind::kBool:
      return detail::hash_u64(
          number_to_hash<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(type, in));
    default:
      return detail::hash_u64(
          number_to_hash<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(type, in));
  }
}

}  // namespace weir
