#pragma once

#include <cstddef>

namespace weir {

/// How much of a loop a worker holds.
struct IterateOptions {
  /// Rows that wait on a worker to go round again; with that many the loop takes in no new ones until there is room. At least 1. A loop
  /// whose body makes more rows than it takes may go beyond it.
  std::size_t most_waiting = 10'000;
};

}  // namespace weir
