#include <weir/state/state_type.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "state_numbers.hpp"

namespace weir {

namespace {

using Kind = StateType::Kind;

/// Reads the text of a type: `name`, `name<type,…>`, `{field:type,…}` with a former name as `field(former):type`.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : all_(text), rest_(text) {}

  StateType parse() {
    StateType type = any();
    if (!rest_.empty()) fail();
    return type;
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
      if (take('(')) {
        type.aliases.back() = word();
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
    else if (name == "split" || name == "union") type.kind = Kind::kOperatorList;
    else if (name == "expiring" || name == "expiring_by_event_time") type.kind = Kind::kExpiring;
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

bool same_clock(const StateType& a, const StateType& b) {
  return a.text.substr(0, a.text.find('<')) == b.text.substr(0, b.text.find('<'));
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
    case Kind::kExpiring:
      detail::append_number(out, kNoTime);
      return append_default(out, type.parts[0]);
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
  return type.kind != Kind::kOpaque && type.kind != Kind::kOperatorList && type.kind != Kind::kRows &&
         type.kind != Kind::kMap && type.kind != Kind::kBroadcast;
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
    case Kind::kExpiring:
      in.take(sizeof kNoTime);
      return skip(type.parts[0], in);
    default:
      in.take(type.bytes);
  }
}

/// Where in a struct the field lies that `to` calls by its `i`th name, or by its former one; npos: nowhere.
std::size_t source_of(const StateType& from, const StateType& to, std::size_t i) {
  const auto find = [&](const std::string& name) {
    for (std::size_t f = 0; f < from.names.size(); ++f)
      if (from.names[f] == name) return f;
    return std::string::npos;
  };
  const std::size_t same = find(to.names[i]);
  return same != std::string::npos || to.aliases[i].empty() ? same : find(to.aliases[i]);
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

/// Compares two types and says what is different.
class TypeComparison {
 public:
  TypeComparison(std::vector<std::string>& problems, std::vector<std::string>& changes)
      : problems_(problems), changes_(changes) {}

  void compare(const StateType& from, const StateType& to, const std::string& path) {
    if (from.kind == Kind::kExpiring || to.kind == Kind::kExpiring) return compare_expiring(from, to, path);
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
        (from.kind == Kind::kOpaque && from.text != to.text)) {
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
  void compare_expiring(const StateType& from, const StateType& to, const std::string& path) {
    const bool did = from.kind == Kind::kExpiring, does = to.kind == Kind::kExpiring;
    if (!did)
      changes_.push_back(path + "expires from now on; what is there lives for its time from this restore on");
    else if (!does) changes_.push_back(path + "does not expire any more");
    else if (!same_clock(from, to))
      changes_.push_back(path +
                         "expires by another clock; what is there lives for its time from this restore on");
    compare(did ? from.parts[0] : from, does ? to.parts[0] : to, path);
  }
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

void convert_expiring(const StateType& from, const StateType& to, StateReader& in, std::string& out) {
  const bool did = from.kind == Kind::kExpiring, does = to.kind == Kind::kExpiring;
  const std::int64_t written = did ? in.number<std::int64_t>() : kNoTime;
  if (does) detail::append_number(out, did && same_clock(from, to) ? written : kNoTime);
  convert_value(did ? from.parts[0] : from, does ? to.parts[0] : to, in, out);
}

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
  if (from.kind == Kind::kExpiring || to.kind == Kind::kExpiring) return convert_expiring(from, to, in, out);
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
    case Kind::kOperatorList:
    case Kind::kOpaque:
      out.append(in.take(in.rest().size()));
      return;
    case Kind::kExpiring:
      return;  // dealt with above
  }
}

}  // namespace

StateType StateType::parse(std::string_view text) { return TypeParser(text).parse(); }

StateConversion::StateConversion(StateType from, StateType to) : from_(std::move(from)), to_(std::move(to)) {
  TypeComparison(problems_, changes_).compare(from_, to_, "");
}

void StateConversion::convert(StateReader& in, std::string& out) const { convert_value(from_, to_, in, out); }

}  // namespace weir
