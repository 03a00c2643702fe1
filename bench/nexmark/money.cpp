#include "money.hpp"

#include <cstring>

namespace nexmark {

namespace {

/// "00" to "99".
struct Pairs {
  char text[200];
  constexpr Pairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr Pairs kPairs;

}  // namespace

std::string_view decimal_text(std::int64_t thousandths, weir::Arena& arena) {
  // From its end, in as much memory as the longest takes: what is not needed in front costs less than to move the text.
  constexpr std::size_t kLongest = 20;
  char* const end = arena.allocate(kLongest) + kLongest;
  char* begin = end;
  const auto put_pair = [&begin](std::uint64_t pair) {
    begin -= 2;
    std::memcpy(begin, kPairs.text + 2 * pair, 2);
  };
  auto number = static_cast<std::uint64_t>(thousandths);
  put_pair(number % 100);
  number /= 100;
  *--begin = static_cast<char>('0' + number % 10);
  *--begin = '.';
  number /= 10;
  for (; number >= 100; number /= 100) put_pair(number % 100);
  if (number >= 10) put_pair(number);
  else *--begin = static_cast<char>('0' + number);
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace nexmark
