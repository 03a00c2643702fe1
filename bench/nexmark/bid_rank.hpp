#pragma once

#include <cstdint>

namespace nexmark {

/// Bids by their price: cheap (0), in between (1), dear (2).
constexpr int rank_of(std::int64_t price) { return price < 10'000 ? 0 : price < 1'000'000 ? 1 : 2; }

}  // namespace nexmark
