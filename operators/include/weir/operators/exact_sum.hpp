#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/assert.hpp>

namespace weir::detail {

/// What a + b is as a double, and what is lost by that; together exactly a + b. Source: D. E. Knuth, TAOCP 2, 4.2.2, theorem B.
struct TwoSum {
  double sum;
  double lost;
  TwoSum(double a, double b) : sum(a + b) {
    const double part = sum - a;
    lost = (a - (sum - part)) + (b - part);
  }
};

/// An exact sum of finite doubles, as doubles that do not overlap. Nearly always there are one or two, so these lie side by side.
/// Source: J. R. Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric predicates" (1997), grow-expansion.
struct Expansion {
  double high = 0;           ///< the largest
  double low = 0;            ///< the next
  std::vector<double> rest;  ///< smaller ones, the smallest first

  bool is_zero() const { return high == 0; }

  void add(double number) {
    // So many do not overlap between the largest and the smallest double.
    std::array<double, 64> parts;
    std::size_t n = 0;
    const auto take = [&](double part) {
      const TwoSum two(number, part);
      number = two.sum;
      if (two.lost != 0) parts[n++] = two.lost;
    };
    for (const double part : rest) take(part);
    take(low);
    take(high);
    if (number != 0) parts[n++] = number;
    WEIR_ASSERT(n < parts.size(), "parts of an exact sum do not overlap");
    high = n > 0 ? parts[n - 1] : 0;
    low = n > 1 ? parts[n - 2] : 0;
    if (n > 2) rest.assign(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(n - 2));
    else rest.clear();
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const double part : rest) visit(part);
    visit(low);
    visit(high);
  }

  /// The double that is nearest.
  double value() const {
    double sum = high, lost = low;
    std::size_t left = rest.size();
    const TwoSum two(sum, lost);
    sum = two.sum, lost = two.lost;
    while (lost == 0 && left > 0) {
      const TwoSum next(sum, rest[--left]);
      sum = next.sum, lost = next.lost;
    }
    // Half a unit in the last place is lost, and more of the same sign behind it: then it was no tie.
    if (left > 0 && ((lost < 0) == (rest[left - 1] < 0))) {
      const double twice = 2 * lost, rounded = sum + twice;
      if (twice == rounded - sum) sum = rounded;
    }
    return sum;
  }

  std::size_t heap_bytes() const { return rest.capacity() * sizeof(double); }
};
BOOST_DESCRIBE_STRUCT(Expansion, (), (high, low, rest))

/// A sum of floating point numbers from which each may be taken back, as if it had never been there: NaN and infinities are counted,
/// what is finite is summed up exactly, and numbers that could overflow are summed up by themselves, at a smaller scale.
struct ExactSum {
  double high = 0;  ///< these three are the Expansion of numbers of common size
  double low = 0;
  std::vector<double> rest;
  Expansion huge;  ///< times 2^-kScale
  std::int64_t nan = 0;
  std::int64_t infinite = 0;
  std::int64_t negative_infinite = 0;

  static constexpr int kScale = 200;

  void add(double number) { change(number, 1); }
  void subtract(double number) { change(-number, -1); }
  double value() const { return std::ldexp(scaled(1), exponent()); }
  double mean(std::int64_t rows) const { return std::ldexp(scaled(rows), exponent()); }
  std::size_t heap_bytes() const { return rest.capacity() * sizeof(double) + huge.heap_bytes(); }

 private:
  static constexpr double kHuge = 0x1p+900;

  /// `number` with the sign under which it is to be added; `by`: how often it is there more than before.
  void change(double number, std::int64_t by) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (std::isnan(number)) {
      nan += by;
    } else if (std::isinf(number)) {
      (number * static_cast<double>(by) == kInfinity ? infinite : negative_infinite) += by;
    } else if (std::fabs(number) >= kHuge) {
      huge.add(std::ldexp(number, -kScale));
    } else if (std::isfinite(high)) {  // it was not always: sums from older checkpoints may be lost
      Expansion common{high, low, std::move(rest)};
      common.add(number);
      high = common.high, low = common.low, rest = std::move(common.rest);
    }
  }
  int exponent() const { return huge.is_zero() ? 0 : kScale; }
  /// The sum, or its share, less its exponent().
  double scaled(std::int64_t rows) const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (nan > 0 || (infinite > 0 && negative_infinite > 0)) return std::numeric_limits<double>::quiet_NaN();
    if (infinite > 0 || negative_infinite > 0) return infinite > 0 ? kInfinity : -kInfinity;
    const Expansion common{high, low, rest};
    if (huge.is_zero()) return common.value() / static_cast<double>(rows);
    Expansion all = huge;
    common.for_each([&](double part) { all.add(std::ldexp(part, -kScale)); });
    return all.value() / static_cast<double>(rows);
  }
};
BOOST_DESCRIBE_STRUCT(ExactSum, (), (high, low, rest, huge, nan, infinite, negative_infinite))

}  // namespace weir::detail
