#include <algorithm>

#include <fmt/format.h>

#include <weir/state/state_type.hpp>

#include "state_numbers.hpp"

namespace weir {

namespace {

using Kind = StateType::Kind;

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
    const double value =
        from.kind == Kind::kFloating ? read_floating(from, in) : read_wide(from, in).as_double();
    if (to.bytes == 8) return append_bytes(out, &value, sizeof value);
    const auto narrow = static_cast<float>(value);
    return append_bytes(out, &narrow, sizeof narrow);
  }
  std::string value;
  StateCodec<WideInteger>::encode(value, read_wide(from, in));
  out.append(value, 0, to.bytes);  // little-endian: the low bytes come first
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

bool same_bytes(const StateType& from, const StateType& to) {
  if (from.kind != to.kind || from.bytes != to.bytes || from.parts.size() != to.parts.size()) return false;
  if (from.kind == Kind::kExpiring && !same_clock(from, to)) return false;
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
