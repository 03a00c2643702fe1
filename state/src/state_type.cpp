#include <weir/state/state_type.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <weir/state/ordered_codec.hpp>

namespace weir {

namespace {

using Kind = StateType::Kind;

/// Reads the text of a type: `name`, `name<type,…>`, `{field:type,…}` with former names as `field(former)(former):type`.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : all_(text), rest_(text) {}

  StateType parse() {
    StateType type = any();
    if (rest_.empty()) return type;
    if (rest_.front() != ' ') fail();
    StateType qualified;  // "first_rows<{…}> by 10 min": how such values are written, only their codec knows
    qualified.text = std::string(all_);
    return qualified;
  }

 private:
  [[noreturn]] void fail() const {
    throw FailJob(fmt::format("'{}' is not a type of state: stuck at '{}'", all_, rest_),
                  ExitCode::kStateUnusable);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail();
  }
  std::string word() {
    std::size_t n = 0;
    while (n < rest_.size() && std::string_view("{}<>(),:").find(rest_[n]) == std::string_view::npos) ++n;
    std::string taken(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return taken;
  }

  StateType any() {
    const std::string_view begin = rest_;
    StateType type = take('{') ? fields() : named();
    type.text = std::string(begin.substr(0, begin.size() - rest_.size()));
    return type;
  }
  StateType fields() {
    StateType type;
    type.kind = Kind::kStruct;
    if (take('}')) return type;
    do {
      type.names.push_back(word());
      type.aliases.emplace_back();
      while (take('(')) {
        type.aliases.back().push_back(word());
        expect(')');
      }
      expect(':');
      type.parts.push_back(any());
    } while (take(','));
    expect('}');
    return type;
  }
  StateType named() {
    const std::string name = word();
    StateType type = simple(name);
    if (!take('<')) return type;
    if (name == "optional") type.kind = Kind::kOptional;
    else if (name == "list") type.kind = Kind::kList;
    else if (name == "rows") type.kind = Kind::kRows;
    else if (name == "map") type.kind = Kind::kMap;
    else if (name == "broadcast") type.kind = Kind::kBroadcast;
    do {
      type.parts.push_back(any());
    } while (take(','));
    expect('>');
    const std::size_t wanted = type.kind == Kind::kMap ? 2 : 1;
    if (type.kind != Kind::kOpaque && type.parts.size() != wanted) fail();
    return type;
  }
  static StateType simple(const std::string& name) {
    StateType type;
    const auto number = [&](Kind kind, int bits) {
      type.kind = kind;
      type.bytes = static_cast<std::uint8_t>(bits / 8);
    };
    if (name == "bool") number(Kind::kBool, 8);
    else if (name == "float") number(Kind::kFloating, 32);
    else if (name == "double") number(Kind::kFloating, 64);
    else if (name == "text") type.kind = Kind::kText;
    else if (name == "event_time") number(Kind::kEventTime, 64);
    for (const int bits : {8, 16, 32, 64}) {
      if (name == fmt::format("int{}", bits)) number(Kind::kSigned, bits);
      if (name == fmt::format("uint{}", bits)) number(Kind::kUnsigned, bits);
    }
    return type;
  }

  const std::string_view all_;
  std::string_view rest_;
};

std::int64_t read_signed(const StateType& type, StateReader& in) {
  switch (type.bytes) {
    case 1:
      return in.number<std::int8_t>();
    case 2:
      return in.number<std::int16_t>();
    case 4:
      return in.number<std::int32_t>();
    default:
      return in.number<std::int64_t>();
  }
}

std::uint64_t read_unsigned(const StateType& type, StateReader& in) {
  switch (type.bytes) {
    case 1:
      return in.number<std::uint8_t>();
    case 2:
      return in.number<std::uint16_t>();
    case 4:
      return in.number<std::uint32_t>();
    default:
      return in.number<std::uint64_t>();
  }
}

double read_floating(const StateType& type, StateReader& in) {
  return type.bytes == 4 ? static_cast<double>(in.number<float>()) : in.number<double>();
}

void append_bytes(std::string& out, const void* number, std::size_t bytes) {
  out.append(static_cast<const char*>(number), bytes);
}

/// A value that a field takes which was not there before: zero, empty, absent.
void append_default(std::string& out, const StateType& type) {
  switch (type.kind) {
    case Kind::kText:
    case Kind::kList:
      return detail::append_number(out, std::uint32_t{0});
    case Kind::kOptional:
      return detail::append_number(out, std::uint8_t{0});
    case Kind::kStruct:
      for (const StateType& part : type.parts) append_default(out, part);
      return;
    default:
      out.append(type.bytes, '\0');
  }
}

bool has_default(const StateType& type) {
  if (type.kind == Kind::kStruct) {
    for (const StateType& part : type.parts)
      if (!has_default(part)) return false;
    return true;
  }
  return type.kind != Kind::kOpaque && type.kind != Kind::kRows && type.kind != Kind::kMap &&
         type.kind != Kind::kBroadcast;
}

void skip(const StateType& type, StateReader& in) {
  switch (type.kind) {
    case Kind::kText:
      in.take(in.number<std::uint32_t>());
      return;
    case Kind::kOptional:
      if (in.number<std::uint8_t>() != 0) skip(type.parts[0], in);
      return;
    case Kind::kList:
      for (auto left = in.number<std::uint32_t>(); left > 0; --left) skip(type.parts[0], in);
      return;
    case Kind::kStruct:
      for (const StateType& part : type.parts) skip(part, in);
      return;
    default:
      in.take(type.bytes);
  }
}

/// Where in a struct the field lies that `to` calls by its `i`th name, or by a former one; npos: nowhere.
std::size_t source_of(const StateType& from, const StateType& to, std::size_t i) {
  const auto find = [&](const std::string& name) {
    for (std::size_t f = 0; f < from.names.size(); ++f)
      if (from.names[f] == name) return f;
    return std::string::npos;
  };
  std::size_t source = find(to.names[i]);
  for (const std::string& former : to.aliases[i])
    if (source == std::string::npos) source = find(former);
  return source;
}

bool widens(const StateType& from, const StateType& to) {
  if (to.kind == Kind::kFloating && to.bytes == 8)
    return from.kind == Kind::kSigned || from.kind == Kind::kUnsigned || from.kind == Kind::kFloating;
  if (from.kind == to.kind) return from.bytes <= to.bytes;
  return from.kind == Kind::kUnsigned && to.kind == Kind::kSigned && from.bytes < to.bytes;
}

bool is_number(const StateType& type) {
  return type.kind == Kind::kSigned || type.kind == Kind::kUnsigned || type.kind == Kind::kFloating;
}

/// A type's text as it would be if no former names were declared. Those stand before the colon of a field.
std::string without_aliases(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size() && text[end] == '(') end = std::min(text.find(')', end), text.size() - 1) + 1;
    if (end > 0 && end < text.size() && text[end] == ':') text.remove_prefix(end);
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

/// Compares two types and says what is different.
class TypeComparison {
 public:
  TypeComparison(std::vector<std::string>& problems, std::vector<std::string>& changes)
      : problems_(problems), changes_(changes) {}

  void compare(const StateType& from, const StateType& to, const std::string& path) {
    if (to.kind == Kind::kOptional && from.kind != Kind::kOptional) {
      changes_.push_back(fmt::format("{}becomes optional", path));
      return compare(from, to.parts[0], path);
    }
    if (is_number(from) && is_number(to) && widens(from, to)) {
      if (from.text != to.text)
        changes_.push_back(fmt::format("{}{} widens to {}", path, from.text, to.text));
      return;
    }
    if (from.kind != to.kind || from.bytes != to.bytes ||
        (from.kind == Kind::kOpaque && without_aliases(from.text) != without_aliases(to.text))) {
      problems_.push_back(fmt::format("{}{} cannot become {}", path, from.text, to.text));
      return;
    }
    if (from.kind == Kind::kStruct) return compare_fields(from, to, path);
    if (from.kind == Kind::kMap && from.parts[0].text != to.parts[0].text)
      problems_.push_back(
          fmt::format("{}a map's key {} cannot become {}", path, from.parts[0].text, to.parts[0].text));
    for (std::size_t i = from.kind == Kind::kMap ? 1 : 0; i < from.parts.size(); ++i)
      compare(from.parts[i], to.parts[i], path);
  }

 private:
  void compare_fields(const StateType& from, const StateType& to, const std::string& path) {
    std::vector<bool> used(from.names.size(), false);
    bool moved = false;
    std::size_t last = 0;
    for (std::size_t i = 0; i < to.names.size(); ++i) {
      const std::string field = fmt::format("{}field {}: ", path, to.names[i]);
      const std::size_t source = source_of(from, to, i);
      if (source == std::string::npos) {
        if (has_default(to.parts[i])) changes_.push_back(field + "added, takes zero, empty or absent");
        else problems_.push_back(field + to.parts[i].text + " is new, and there is no default for it");
        continue;
      }
      if (used[source]) problems_.push_back(field + "two fields would come from " + from.names[source]);
      used[source] = true;
      moved = moved || source < last;
      last = source;
      if (from.names[source] != to.names[i]) changes_.push_back(field + "was " + from.names[source]);
      compare(from.parts[source], to.parts[i], field);
    }
    for (std::size_t f = 0; f < used.size(); ++f)
      if (!used[f]) changes_.push_back(fmt::format("{}field {}: dropped", path, from.names[f]));
    if (moved) changes_.push_back(path + "fields are in another order");
  }

  std::vector<std::string>& problems_;
  std::vector<std::string>& changes_;
};

void convert_value(const StateType& from, const StateType& to, StateReader& in, std::string& out);

void convert_number(const StateType& from, const StateType& to, StateReader& in, std::string& out) {
  if (to.kind == Kind::kFloating) {
    const double value = from.kind == Kind::kFloating ? read_floating(from, in)
                         : from.kind == Kind::kSigned ? static_cast<double>(read_signed(from, in))
                                                      : static_cast<double>(read_unsigned(from, in));
    if (to.bytes == 8) return append_bytes(out, &value, sizeof value);
    const auto narrow = static_cast<float>(value);
    return append_bytes(out, &narrow, sizeof narrow);
  }
  const std::uint64_t value = from.kind == Kind::kSigned ? static_cast<std::uint64_t>(read_signed(from, in))
                                                         : read_unsigned(from, in);
  append_bytes(out, &value, to.bytes);  // little-endian: the low bytes come first
}

void convert_fields(const StateType& from, const StateType& to, StateReader& in, std::string& out) {
  std::vector<std::string_view> values(from.parts.size());
  for (std::size_t f = 0; f < from.parts.size(); ++f) {
    const std::string_view before = in.rest();
    skip(from.parts[f], in);
    values[f] = before.substr(0, before.size() - in.rest().size());
  }
  for (std::size_t i = 0; i < to.parts.size(); ++i) {
    const std::size_t source = source_of(from, to, i);
    if (source == std::string::npos) {
      append_default(out, to.parts[i]);
      continue;
    }
    StateReader value(values[source]);
    convert_value(from.parts[source], to.parts[i], value, out);
  }
}

void convert_value(const StateType& from, const StateType& to, StateReader& in, std::string& out) {
  if (to.kind == Kind::kOptional && from.kind != Kind::kOptional) {
    detail::append_number(out, std::uint8_t{1});
    return convert_value(from, to.parts[0], in, out);
  }
  switch (from.kind) {
    case Kind::kSigned:
    case Kind::kUnsigned:
    case Kind::kFloating:
      return convert_number(from, to, in, out);
    case Kind::kText: {
      const std::string_view text = in.take(in.number<std::uint32_t>());
      detail::append_number(out, static_cast<std::uint32_t>(text.size()));
      out.append(text);
      return;
    }
    case Kind::kOptional: {
      const auto present = in.number<std::uint8_t>();
      detail::append_number(out, present);
      if (present != 0) convert_value(from.parts[0], to.parts[0], in, out);
      return;
    }
    case Kind::kList: {
      auto left = in.number<std::uint32_t>();
      detail::append_number(out, left);
      for (; left > 0; --left) convert_value(from.parts[0], to.parts[0], in, out);
      return;
    }
    case Kind::kStruct:
      return convert_fields(from, to, in, out);
    case Kind::kRows:
      while (!in.at_end()) {
        out.append(in.take(sizeof(std::int64_t)));
        convert_value(from.parts[0], to.parts[0], in, out);
      }
      return;
    case Kind::kMap:
      return convert_value(from.parts[1], to.parts[1], in, out);
    case Kind::kBroadcast: {
      auto left = in.number<std::uint32_t>();
      detail::append_number(out, left);
      for (; left > 0; --left) {
        const auto key_bytes = in.number<std::uint32_t>();
        detail::append_number(out, key_bytes);
        out.append(in.take(key_bytes));
        convert_value(from.parts[0], to.parts[0], in, out);
      }
      return;
    }
    case Kind::kBool:
    case Kind::kEventTime:
      out.append(in.take(from.bytes));
      return;
    case Kind::kOpaque:
      out.append(in.take(in.rest().size()));
      return;
  }
}

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

StateType StateType::parse(std::string_view text) { return TypeParser(text).parse(); }

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
    case Kind::kSigned:
    case Kind::kEventTime:
      out += fmt::to_string(read_signed(type, in));
      return;
    case Kind::kUnsigned:
      out += fmt::to_string(read_unsigned(type, in));
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

bool same_bytes(const StateType& from, const StateType& to) {
  if (from.kind != to.kind || from.bytes != to.bytes || from.parts.size() != to.parts.size()) return false;
  if (from.kind == Kind::kOpaque) return without_aliases(from.text) == without_aliases(to.text);
  for (std::size_t i = 0; i < from.names.size(); ++i)
    if (source_of(from, to, i) != i) return false;
  return std::equal(from.parts.begin(), from.parts.end(), to.parts.begin(), same_bytes);
}

StateConversion::StateConversion(StateType from, StateType to) : from_(std::move(from)), to_(std::move(to)) {
  TypeComparison(problems_, changes_).compare(from_, to_, "");
}

void StateConversion::convert(StateReader& in, std::string& out) const { convert_value(from_, to_, in, out); }

}  // namespace weir
