#pragma once

#include <cstdint>
#include <string_view>

#include <weir/core/arena.hpp>

namespace nexmark {

/// What a price in dollars is in thousandths of euros: exact, since the rate is 0.908.
constexpr std::int64_t euro_thousandths(std::int64_t dollars) { return dollars * 908; }

/// Thousandths as a decimal with three places, "90.800". Not negative.
std::string_view decimal_text(std::int64_t thousandths, weir::Arena& arena);

}  // namespace nexmark
