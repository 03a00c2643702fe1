#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <weir/core/described.hpp>
#include <weir/core/time.hpp>

namespace weir {

/// XXH3 64 of the bytes. Source: the XXH3 specification (xxHash 0.8). Decides key groups, so it never changes.
std::uint64_t hash_bytes(std::string_view bytes);

namespace detail {

/// XXH3 64 of the eight little-endian bytes of `value`, inlined: the 4-to-8-byte branch of the specification.
constexpr std::uint64_t hash_u64(std::uint64_t value) {
  constexpr std::uint64_t kBitflip = 0x1cad21f72c81017cULL ^ 0xdb979083e96dd4deULL;
  const std::uint64_t keyed = std::rotl(value, 32) ^ kBitflip;
  std::uint64_t h = keyed ^ std::rotl(keyed, 49) ^ std::rotl(keyed, 24);
  h *= 0x9FB21C651E98DF25ULL;
  h ^= (h >> 35) + 8;
  h *= 0x9FB21C651E98DF25ULL;
  return h ^ (h >> 28);
}

}  // namespace detail

/// The hash of a key: integers and enums as eight bytes, text as its bytes, described structs field by field in order.
template <class Key>
constexpr std::uint64_t hash_key(const Key& key) {
  if constexpr (std::is_integral_v<Key> || std::is_enum_v<Key>) {
    return detail::hash_u64(static_cast<std::uint64_t>(key));
  } else if constexpr (std::is_same_v<Key, EventTime>) {
    return detail::hash_u64(static_cast<std::uint64_t>(key.millis));
  } else if constexpr (std::convertible_to<const Key&, std::string_view>) {
    return hash_bytes(key);
  } else {
    static_assert(
        Described<Key>,
        "weir: a key is an integer, an enum, text, or a struct described with BOOST_DESCRIBE_STRUCT");
    std::uint64_t h = 0;
    if constexpr (Described<Key>)
      boost::mp11::mp_for_each<FieldsOf<Key>>(
          [&](auto field) { h = detail::hash_u64(h ^ hash_key(key.*field.pointer)); });
    return h;
  }
}

}  // namespace weir
