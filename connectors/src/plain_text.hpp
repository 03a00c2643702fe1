#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace weir {

namespace detail {

constexpr std::uint64_t every_byte(std::uint8_t byte) { return ~std::uint64_t{0} / 0xFF * byte; }

/// For eight bytes at once, bit 7 of each that ends plain text. Of the bits that are set the lowest is right;
/// one above it may be set wrongly by a borrow.
constexpr std::uint64_t ends_of_plain_text(std::uint64_t bytes) {
  const std::uint64_t quote = bytes ^ every_byte('"');
  const std::uint64_t backslash = bytes ^ every_byte('\\');
  return (((quote - every_byte(1)) & ~quote) | ((backslash - every_byte(1)) & ~backslash) |
          ((bytes - every_byte(0x20)) & ~bytes)) &
         every_byte(0x80);
}

}  // namespace detail

/// Where text stops being what a JSON string may hold as it is.
struct PlainText {
  const char* end;      ///< of a quote, a backslash or a control character; or the end of all
  std::uint64_t bytes;  ///< all that were looked at, one over the other

  /// False when the text needs no look at its UTF-8. True may be meant for what comes after its end.
  bool beyond_ascii() const { return (bytes & detail::every_byte(0x80)) != 0; }
};

/// Scans [at, end), and reads nothing beyond it.
inline PlainText plain_text(const char* at, const char* end) {
  std::uint64_t seen = 0;
  for (std::uint64_t bytes; static_cast<std::size_t>(end - at) >= sizeof bytes; at += sizeof bytes) {
    std::memcpy(&bytes, at, sizeof bytes);
    seen |= bytes;
    if (const std::uint64_t ends = detail::ends_of_plain_text(bytes)) {
      static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
      return {at + std::countr_zero(ends) / 8, seen};
    }
  }
  for (; at != end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\' || byte < 0x20) break;
    seen |= byte;
  }
  return {at, seen};
}

}  // namespace weir
