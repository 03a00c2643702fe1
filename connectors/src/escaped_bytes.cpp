#include "escaped_bytes.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace weir {

namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto continued = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    continued(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    continued(6);
    continued(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    continued(12);
    continued(6);
    continued(0);
  }
}

/// Takes `\u` and four digits.
std::optional<std::uint32_t> take_unit(std::string_view& text) {
  constexpr std::size_t kBytes = 6;
  if (text.size() < kBytes || !text.starts_with("\\u")) return std::nullopt;
  std::uint32_t unit = 0;
  const char* const end = text.data() + kBytes;
  const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  text.remove_prefix(kBytes);
  return unit;
}

bool take_unicode(std::string_view& text, std::string& out) {
  const auto first = take_unit(text);
  if (!first) return false;
  if (*first < 0xD800 || *first > 0xDFFF) {
    append_utf8(out, *first);
  } else if (*first >= 0xDC80 && *first <= 0xDCFF) {
    out += static_cast<char>(*first & 0xFF);
  } else {
    const auto second = *first < 0xDC00 ? take_unit(text) : std::nullopt;
    if (!second || *second < 0xDC00 || *second > 0xDFFF) return false;
    append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
  }
  return true;
}

bool take_escape(std::string_view& text, std::string& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (text.starts_with("\\u")) return take_unicode(text, out);
  const std::size_t letter = text.size() < 2 ? std::string_view::npos : kLetters.find(text[1]);
  if (letter == std::string_view::npos) return false;
  out += kMeant[letter];
  text.remove_prefix(2);
  return true;
}

}  // namespace

void append_byte_escape(std::string& out, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\udc";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool unescape_with_bytes(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty() && !take_escape(text, out)) return false;
  }
  return true;
}

}  // namespace weir
