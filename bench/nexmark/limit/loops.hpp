#pragma once

#include <string_view>

#include <weir/core/digest.hpp>

#include "../measure.hpp"

namespace nexmark::by_hand {

/// What a loop has taken.
struct Spent {
  double cpu_seconds;
  std::uint64_t rows;
};

/// Whether there is a loop for `query`.
bool has_loop(std::string_view query);

/// The query's loop over the events of `options`. Rows are put together and dropped.
Spent spend(std::string_view query, const BenchOptions& options);
/// The same, with a digest of the rows by hash_row().
weir::Digest digest(std::string_view query, const BenchOptions& options);
/// Nothing but making the events.
Spent spend_on_events(const BenchOptions& options);

}  // namespace nexmark::by_hand
