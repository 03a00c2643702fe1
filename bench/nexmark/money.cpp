#include "money.hpp"

#include <charconv>

namespace nexmark {

std::string_view decimal_text(std::int64_t thousandths, weir::Arena& arena) {
  char text[24];
  char* end = std::to_chars(text, text + 20, thousandths / 1000).ptr;
  const std::int64_t rest = thousandths % 1000;
  *end++ = '.';
  *end++ = static_cast<char>('0' + rest / 100);
  *end++ = static_cast<char>('0' + rest / 10 % 10);
  *end++ = static_cast<char>('0' + rest % 10);
  return arena.copy({text, static_cast<std::size_t>(end - text)});
}

}  // namespace nexmark
