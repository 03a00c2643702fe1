#include <weir/state/state_type.hpp>

#include <fmt/format.h>

namespace weir {

namespace {

using Kind = StateType::Kind;

/// Reads the text of a type: `name`, `name<type,…>`, `(type,…)`, `{field:type,…}` with former names as `field(former)(former):type`.
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
    StateType type = take('{') ? fields() : take('(') ? side_by_side() : named();
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
  /// Values one after the other: as a struct whose fields are called by their numbers.
  StateType side_by_side() {
    StateType type;
    type.kind = Kind::kStruct;
    do {
      type.names.push_back(std::to_string(type.parts.size()));
      type.aliases.emplace_back();
      type.parts.push_back(any());
    } while (take(','));
    expect(')');
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
    for (const int bits : {8, 16, 32, 64, 128}) {
      if (name == fmt::format("int{}", bits)) number(Kind::kSigned, bits);
      if (name == fmt::format("uint{}", bits)) number(Kind::kUnsigned, bits);
    }
    return type;
  }

  const std::string_view all_;
  std::string_view rest_;
};

}  // namespace

StateType StateType::parse(std::string_view text) { return TypeParser(text).parse(); }

}  // namespace weir
