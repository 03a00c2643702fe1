#include "read_number.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "field_value.hpp"

namespace weir {

namespace {

/// The text of a number in its parts, nothing of it worked out but the exponent.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  bool has_point = false;
  std::int64_t exponent = 0;  ///< far from zero it stays where every number is too large or too small

  std::int64_t digits() const { return static_cast<std::int64_t>(whole.size() + fraction.size()); }
  int digit(std::int64_t i) const {
    const auto at = static_cast<std::size_t>(i);
    return (at < whole.size() ? whole[at] : fraction[at - whole.size()]) - '0';
  }
  /// How many digits there are in front of the point, the exponent applied; negative: zeros behind it.
  std::int64_t digits_before_point() const { return static_cast<std::int64_t>(whole.size()) + exponent; }
  std::int64_t leading_zeros() const {
    std::int64_t zeros = 0;
    while (zeros < digits() && digit(zeros) == 0) ++zeros;
    return zeros;
  }
};

std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_exponent(std::string_view& text, std::int64_t& exponent) {
  constexpr std::int64_t kFar = 1'000'000'000'000;
  const bool negative = skip(text, '-');
  if (!negative) skip(text, '+');
  const std::string_view digits = take_digits(text);
  for (const char digit : digits) exponent = std::min(kFar, exponent * 10 + (digit - '0'));
  if (negative) exponent = -exponent;
  return !digits.empty();
}

bool take_decimal(std::string_view text, Decimal& decimal) {
  decimal.negative = skip(text, '-');
  decimal.whole = take_digits(text);
  decimal.has_point = skip(text, '.');
  if (decimal.has_point) decimal.fraction = take_digits(text);
  if (decimal.digits() == 0) return false;
  if ((skip(text, 'e') || skip(text, 'E')) && !take_exponent(text, decimal.exponent)) return false;
  return text.empty();
}

/// The whole number that the digits before the point are. False when 64 bits do not hold it.
bool magnitude_of(const Decimal& decimal, std::int64_t from, std::uint64_t& value) {
  constexpr std::int64_t kMostDigits = 20;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  value = 0;
  if (from == decimal.digits()) return true;
  if (decimal.digits_before_point() - from > kMostDigits) return false;
  for (std::int64_t i = from; i < decimal.digits_before_point(); ++i) {
    const auto digit = static_cast<std::uint64_t>(i < decimal.digits() ? decimal.digit(i) : 0);
    if (value > (kMost - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return true;
}

bool store_signed(bool negative, std::uint64_t magnitude, FieldType type, void* to) {
  constexpr std::uint64_t kSmallest = std::uint64_t{1} << 63;
  if (!negative) return store_unsigned(type, magnitude, to);
  return magnitude <= kSmallest && store_integer(type, static_cast<std::int64_t>(0 - magnitude), to);
}

template <class Real>
NumberRead read_real_as(std::string_view text, const Decimal& decimal, void* to) {
  auto& value = *static_cast<Real*>(to);
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, value);
  if (read_to != end) return NumberRead::kMalformed;
  if (error == std::errc{}) return NumberRead::kStored;
  if (decimal.digits_before_point() > decimal.leading_zeros()) return NumberRead::kOutOfRange;
  value = decimal.negative ? -Real{0} : Real{0};
  return NumberRead::kStored;
}

bool equal_but_for_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

NumberRead read_integer(std::string_view text, FieldType type, void* to) {
  Decimal decimal;
  if (!take_decimal(text, decimal)) return NumberRead::kMalformed;
  const std::int64_t first = decimal.leading_zeros();
  for (std::int64_t i = std::max(first, decimal.digits_before_point()); i < decimal.digits(); ++i)
    if (decimal.digit(i) != 0) return NumberRead::kNotWhole;
  std::uint64_t magnitude = 0;
  if (!magnitude_of(decimal, first, magnitude) || !store_signed(decimal.negative, magnitude, type, to))
    return NumberRead::kOutOfRange;
  return NumberRead::kStored;
}

NumberRead read_real(std::string_view text, FieldType type, void* to) {
  Decimal decimal;
  if (!take_decimal(text, decimal)) return NumberRead::kMalformed;
  return type == FieldType::kFloat ? read_real_as<float>(text, decimal, to)
                                   : read_real_as<double>(text, decimal, to);
}

NumberRead read_any_real(std::string_view text, FieldType type, void* to) {
  std::string_view word = text;
  const double sign = skip(word, '-') ? -1 : 1;
  double value = sign * std::numeric_limits<double>::infinity();
  if (equal_but_for_case(word, "nan")) value = std::numeric_limits<double>::quiet_NaN();
  else if (!equal_but_for_case(word, "inf") && !equal_but_for_case(word, "infinity"))
    return read_real(text, type, to);
  if (type == FieldType::kFloat) *static_cast<float*>(to) = static_cast<float>(value);
  else *static_cast<double*>(to) = value;
  return NumberRead::kStored;
}

bool is_json_number(std::string_view text) {
  Decimal decimal;
  if (!take_decimal(text, decimal) || decimal.whole.empty()) return false;
  if (decimal.whole.size() > 1 && decimal.whole.front() == '0') return false;
  return !decimal.has_point || !decimal.fraction.empty();
}

bool looks_like_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

}  // namespace weir
