#include <weir/core/utf8.hpp>

#include <cstdint>

#include <fmt/format.h>

namespace weir {

namespace {

constexpr std::size_t kLongest = 4;

/// How many bytes a character has that begins with `byte`; 0: none does.
std::size_t announced_size(unsigned char byte) {
  if (byte < 0x80) return 1;
  if (byte < 0xC2) return 0;
  if (byte < 0xE0) return 2;
  if (byte < 0xF0) return 3;
  return byte < 0xF5 ? kLongest : 0;
}

bool is_control(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return byte < 0x20 || byte == 0x7f;
  return byte == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

std::size_t utf8_size(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = announced_size(first);
  if (size <= 1 || text.size() < size) return size == 1 ? 1 : 0;
  std::uint32_t code = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return 0;
    code = code << 6 | (next & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  const bool overlong = (size == 3 && code < 0x800) || (size == kLongest && code < 0x10000);
  return surrogate || overlong || code > 0x10FFFF ? 0 : size;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string_view utf8_front(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  for (std::size_t back = 1; back < kLongest && back <= bytes; ++back) {
    const std::size_t begin = bytes - back;
    if (const std::size_t size = utf8_size(text.substr(begin)); size > 0)
      return text.substr(0, size > back ? begin : bytes);
  }
  return text.substr(0, bytes);
}

std::string shown(std::string_view value, std::size_t bytes) {
  const std::string_view front = utf8_front(value, bytes);
  std::string out;
  for (std::size_t at = 0, size; at < front.size(); at += size) {
    size = utf8_size(front.substr(at));
    const bool readable = size > 0 && !is_control(front.substr(at, size));
    if (size == 0) size = 1;
    if (readable) {
      out += front.substr(at, size);
      continue;
    }
    for (const char c : front.substr(at, size))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  if (value.size() > front.size()) out += "…";
  return out;
}

}  // namespace weir
