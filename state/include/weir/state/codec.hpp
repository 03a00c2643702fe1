#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/arena.hpp>
#include <weir/core/error.hpp>
#include <weir/core/order.hpp>
#include <weir/core/schema.hpp>
#include <weir/state/field_aliases.hpp>

namespace weir {

/// How state is written: numbers little-endian at their width, text with a 4-byte length, optionals with a presence
/// byte, vectors with a 4-byte count, described structs field by field. Documented in docs/formats/state.md; never changes for a type.
/// Specialise for your own types: `encode`, `decode` and `type`.
template <class T>
struct StateCodec;

template <class T>
std::string state_type();

/// Reads encoded state. Throws FailJob(kStateUnusable) instead of reading past the end.
class StateReader {
 public:
  StateReader(std::string_view bytes, Arena& arena) : rest_(bytes), arena_(&arena) {}
  /// Decoded text points into `bytes`.
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size())
      throw FailJob("state entry is shorter than its type says", ExitCode::kStateUnusable);
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  template <class Number>
  Number number() {
    Number n;
    std::memcpy(&n, take(sizeof n).data(), sizeof n);
    return n;
  }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  /// Decoded text as it may be kept: copied into the arena where there is one.
  std::string_view text(std::string_view decoded) { return arena_ ? arena_->copy(decoded) : decoded; }

 private:
  std::string_view rest_;
  Arena* arena_ = nullptr;
};

namespace detail {

static_assert(std::endian::native == std::endian::little, "state is written little-endian");

template <class Number>
void append_number(std::string& out, Number n) {
  char bytes[sizeof n];
  std::memcpy(bytes, &n, sizeof n);
  out.append(bytes, sizeof n);
}

template <class T>
inline constexpr bool kIsNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;

}  // namespace detail

template <class T>
requires detail::kIsNumber<T>
struct StateCodec<T> {
  static void encode(std::string& out, T value) {
    // Whether a row has changed is seen by its bytes: one NaN is as good as another.
    if constexpr (std::is_floating_point_v<T>)
      if (value != value) value = canonical(value);
    detail::append_number(out, value);
  }
  static T decode(StateReader& in) { return in.number<T>(); }
  static std::string type() {
    if constexpr (std::is_same_v<T, bool>) return "bool";
    else if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? "float" : "double";
    else return (std::is_unsigned_v<T> ? "uint" : "int") + std::to_string(sizeof(T) * 8);
  }
};

template <>
struct StateCodec<EventTime> {
  static void encode(std::string& out, EventTime t) { detail::append_number(out, t.millis); }
  static EventTime decode(StateReader& in) { return {in.number<std::int64_t>()}; }
  static std::string type() { return "event_time"; }
};

template <class T>
requires std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>
struct StateCodec<T> {
  static void encode(std::string& out, std::string_view text) {
    detail::append_number(out, static_cast<std::uint32_t>(text.size()));
    out.append(text);
  }
  static T decode(StateReader& in) {
    const std::string_view text = in.take(in.number<std::uint32_t>());
    if constexpr (std::is_same_v<T, std::string>) return std::string(text);
    else return in.text(text);
  }
  static std::string type() { return "text"; }
};

template <class T>
struct StateCodec<std::optional<T>> {
  static void encode(std::string& out, const std::optional<T>& value) {
    detail::append_number(out, static_cast<std::uint8_t>(value.has_value()));
    if (value) StateCodec<T>::encode(out, *value);
  }
  static std::optional<T> decode(StateReader& in) {
    if (in.number<std::uint8_t>() == 0) return std::nullopt;
    return StateCodec<T>::decode(in);
  }
  static std::string type() { return "optional<" + state_type<T>() + ">"; }
};

template <class T>
struct StateCodec<std::vector<T>> {
  static void encode(std::string& out, const std::vector<T>& values) {
    detail::append_number(out, static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) StateCodec<T>::encode(out, value);
  }
  static std::vector<T> decode(StateReader& in) {
    std::vector<T> values;
    for (auto n = in.number<std::uint32_t>(); n > 0; --n) values.push_back(StateCodec<T>::decode(in));
    return values;
  }
  static std::string type() { return "list<" + state_type<T>() + ">"; }
};

template <Described T>
struct StateCodec<T> {
  using Fields = FieldsOf<T>;
  static void encode(std::string& out, const T& row) {
    boost::mp11::mp_for_each<Fields>([&](auto field) {
      StateCodec<std::remove_cvref_t<decltype(row.*field.pointer)>>::encode(out, row.*field.pointer);
    });
  }
  static T decode(StateReader& in) {
    T row{};
    boost::mp11::mp_for_each<Fields>([&](auto field) {
      row.*field.pointer = StateCodec<std::remove_cvref_t<decltype(row.*field.pointer)>>::decode(in);
    });
    return row;
  }
  static std::string type() {
    std::string text = "{";
    boost::mp11::mp_for_each<Fields>([&](auto field) {
      using F = std::remove_cvref_t<decltype(std::declval<T&>().*field.pointer)>;
      if (text.size() > 1) text += ",";
      text += detail::named_with_aliases<T>(field.name) + ":" + state_type<F>();
    });
    return text + "}";
  }
};

/// Canonical text of a state's type, for manifests: "{count:int64,total:double}".
template <class T>
std::string state_type() {
  static_assert(
      requires { sizeof(StateCodec<T>); },
      "weir: state holds numbers, enums, text, times, std::optional and std::vector of such, structs "
      "described "
      "with BOOST_DESCRIBE_STRUCT, and types with a StateCodec of their own");
  if constexpr (requires { sizeof(StateCodec<T>); }) return StateCodec<T>::type();
  else return {};
}

/// Copies what `value` points to into `arena`, an Arena or anything else with copy(std::string_view), so that it may outlive the
/// batch it came from.
template <class T, class TextArena>
void own_text(T& value, TextArena& arena) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    value = arena.copy(value);
  } else if constexpr (detail::is_optional<T>::value) {
    if (value) own_text(*value, arena);
  } else if constexpr (Described<T> && kHoldsViews<T>) {
    boost::mp11::mp_for_each<FieldsOf<T>>([&](auto field) { own_text(value.*field.pointer, arena); });
  }
}

}  // namespace weir
