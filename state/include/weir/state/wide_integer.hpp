#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <weir/state/codec.hpp>

namespace weir {

namespace detail {

__extension__ using Int128 = __int128;

}  // namespace detail

/// A whole number of 128 bits. Sums of numbers of 64 bits are kept in it: they would need 2^63 rows to overflow. Aligned as they are.
class WideInteger {
 public:
  constexpr WideInteger() = default;
  template <class Integer>
  requires std::is_integral_v<Integer>
  constexpr explicit WideInteger(Integer value) : WideInteger(Wide{value}, 0) {}

  template <class Integer>
  constexpr void add(Integer value) {
    *this = WideInteger(value_of(*this) + value_of(value), 0);
  }
  template <class Integer>
  constexpr void subtract(Integer value) {
    *this = WideInteger(value_of(*this) - value_of(value), 0);
  }
  template <class Integer>
  constexpr bool fits() const {
    return value_of(*this) >= std::numeric_limits<Integer>::min() &&
           value_of(*this) <= std::numeric_limits<Integer>::max();
  }
  /// Requires: fits<Integer>().
  template <class Integer>
  constexpr Integer as() const {
    return static_cast<Integer>(low_);
  }
  /// The nearest.
  constexpr double as_double() const { return static_cast<double>(value_of(*this)); }
  /// In decimal.
  std::string text() const {
    if (value_of(*this) == 0) return "0";
    std::string digits;
    for (Wide left = value_of(*this); left != 0; left /= 10) {
      const int digit = static_cast<int>(left % 10);
      digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    }
    return (high_ < 0 ? "-" : "") + digits;
  }

  friend constexpr bool operator==(const WideInteger&, const WideInteger&) = default;

 private:
  friend struct StateCodec<WideInteger>;
  using Wide = detail::Int128;

  constexpr WideInteger(Wide value, int)
      : low_(static_cast<std::uint64_t>(value)), high_(static_cast<std::int64_t>(value >> 64)) {}
  static constexpr Wide value_of(const WideInteger& wide) {
    return static_cast<Wide>(wide.high_) * (Wide{1} << 64) + static_cast<Wide>(wide.low_);
  }
  template <class Integer>
  requires std::is_integral_v<Integer>
  static constexpr Wide value_of(Integer value) { return value; }

  std::uint64_t low_ = 0;
  std::int64_t high_ = 0;
};

template <>
struct StateCodec<WideInteger> {
  static void encode(std::string& out, const WideInteger& value) {
    detail::append_number(out, value.low_);
    detail::append_number(out, value.high_);
  }
  static WideInteger decode(StateReader& in) {
    WideInteger value;
    value.low_ = in.number<std::uint64_t>();
    value.high_ = in.number<std::int64_t>();
    return value;
  }
  static std::string type() { return "int128"; }
};

}  // namespace weir
