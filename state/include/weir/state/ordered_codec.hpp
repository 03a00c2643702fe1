#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/order.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>

namespace weir {

/// Writes keys so that their bytes compare as they do: numbers big-endian with the sign flipped, text with an end mark, structs field by field.
/// The keys of maps in state. docs/formats/state.md.
template <class T>
struct OrderedCodec;

namespace detail {

template <class Unsigned>
void append_ordered(std::string& out, Unsigned number) {
  for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift));
}

template <class Unsigned>
Unsigned take_ordered(StateReader& in) {
  Unsigned number = 0;
  for (const char byte : in.take(sizeof number))
    number =
        static_cast<Unsigned>(static_cast<std::uint64_t>(number) << 8 | static_cast<unsigned char>(byte));
  return number;
}

template <class Unsigned>
inline constexpr Unsigned kTopBit = static_cast<Unsigned>(Unsigned{1} << (8 * sizeof(Unsigned) - 1));

}  // namespace detail

template <class T>
requires std::is_integral_v<T> || std::is_enum_v<T>
struct OrderedCodec<T> {
  using Unsigned = std::conditional_t<
      sizeof(T) == 1, std::uint8_t,
      std::conditional_t<sizeof(T) == 2, std::uint16_t,
                         std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
  static constexpr Unsigned kFlip = std::is_signed_v<T> ? detail::kTopBit<Unsigned> : Unsigned{0};
  static void encode(std::string& out, T value) {
    detail::append_ordered(out, static_cast<Unsigned>(static_cast<Unsigned>(value) ^ kFlip));
  }
  static T decode(StateReader& in) {
    return static_cast<T>(static_cast<Unsigned>(detail::take_ordered<Unsigned>(in) ^ kFlip));
  }
};

/// Negative numbers are inverted, so that the larger magnitude comes first. Zero and minus zero are one key; so are all NaN, the last.
template <class T>
requires std::is_floating_point_v<T>
struct OrderedCodec<T> {
  using Unsigned = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  static void encode(std::string& out, T value) {
    const auto bits = std::bit_cast<Unsigned>(canonical(value));
    detail::append_ordered(out, (bits & detail::kTopBit<Unsigned>) != 0 ? static_cast<Unsigned>(~bits)
                                                                        : bits | detail::kTopBit<Unsigned>);
  }
  static T decode(StateReader& in) {
    const auto bits = detail::take_ordered<Unsigned>(in);
    return std::bit_cast<T>((bits & detail::kTopBit<Unsigned>) != 0 ? bits ^ detail::kTopBit<Unsigned>
                                                                    : static_cast<Unsigned>(~bits));
  }
};

template <>
struct OrderedCodec<EventTime> {
  static void encode(std::string& out, EventTime t) { OrderedCodec<std::int64_t>::encode(out, t.millis); }
  static EventTime decode(StateReader& in) { return {OrderedCodec<std::int64_t>::decode(in)}; }
};

/// A zero byte is written as 00 ff, the end as 00 00: a text comes before every longer one that it begins. Decoding takes a text to
/// std::string; views into encoded keys are not to be had.
template <class T>
requires std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>
struct OrderedCodec<T> {
  static void encode(std::string& out, std::string_view text) {
    for (const char c : text) {
      out.push_back(c);
      if (c == '\0') out.push_back('\xff');
    }
    out.append(2, '\0');
  }
  static std::string decode(StateReader& in) {
    std::string text;
    for (;;) {
      const char c = in.take(1)[0];
      if (c == '\0' && in.take(1)[0] == '\0') return text;
      text.push_back(c);
    }
  }
};

template <class T>
struct OrderedCodec<std::optional<T>> {
  static void encode(std::string& out, const std::optional<T>& value) {
    out.push_back(value ? '\1' : '\0');
    if (value) OrderedCodec<T>::encode(out, *value);
  }
  static std::optional<T> decode(StateReader& in) {
    if (in.take(1)[0] == '\0') return std::nullopt;
    return OrderedCodec<T>::decode(in);
  }
};

template <Described T>
struct OrderedCodec<T> {
  static_assert(!kHoldsViews<T>, "weir: a map's key owns its text: use std::string in structs");
  using Fields = FieldsOf<T>;
  static void encode(std::string& out, const T& value) {
    boost::mp11::mp_for_each<Fields>([&](auto field) {
      OrderedCodec<std::remove_cvref_t<decltype(value.*field.pointer)>>::encode(out, value.*field.pointer);
    });
  }
  static T decode(StateReader& in) {
    T value{};
    boost::mp11::mp_for_each<Fields>([&](auto field) {
      value.*field.pointer = OrderedCodec<std::remove_cvref_t<decltype(value.*field.pointer)>>::decode(in);
    });
    return value;
  }
};

namespace detail {

template <class Key, class Prefix, std::size_t... kFields>
void append_fields(std::string& out, const Prefix& prefix, std::index_sequence<kFields...>) {
  using Fields = FieldsOf<Key>;
  static_assert(sizeof...(kFields) <= boost::mp11::mp_size<Fields>::value,
                "weir: a prefix has no more parts than the map's key has fields");
  [[maybe_unused]] const auto append = [&](auto field, const auto& part) {
    using Field = std::remove_cvref_t<decltype(std::declval<Key&>().*field.pointer)>;
    OrderedCodec<Field>::encode(out, Field(part));
  };
  (append(boost::mp11::mp_at_c<Fields, kFields>(), std::get<kFields>(prefix)), ...);
}

template <class Prefix>
inline constexpr bool kIsTuple = false;
template <class... Parts>
inline constexpr bool kIsTuple<std::tuple<Parts...>> = true;

}  // namespace detail

/// What all keys begin with, as bytes, whose text begins with `prefix`, or, for structs, whose first field is `prefix`, or whose first
/// fields are a std::tuple's.
template <class Key, class Prefix>
std::string encoded_prefix(const Prefix& prefix) {
  std::string bytes;
  if constexpr (std::is_same_v<Key, std::string> || std::is_same_v<Key, std::string_view>) {
    OrderedCodec<Key>::encode(bytes, prefix);
    bytes.resize(bytes.size() - 2);  // without the end of the text
  } else {
    static_assert(Described<Key>, "weir: keys with a prefix are texts and structs");
    if constexpr (detail::kIsTuple<Prefix>)
      detail::append_fields<Key>(bytes, prefix, std::make_index_sequence<std::tuple_size_v<Prefix>>());
    else detail::append_fields<Key>(bytes, std::tie(prefix), std::index_sequence<0>());
  }
  return bytes;
}

}  // namespace weir
