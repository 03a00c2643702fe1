#pragma once

#include <cstdint>

namespace weir {

/// Which of the processes that have ever run an instance of a job: one more each time that one takes it over. What a process keeps outside of itself bears its number,
/// and nobody deletes what bears a higher one than its own: so a process that was stopped, and wakes up when it has a successor, does that one no harm. 0: nobody's.
using ClaimNumber = std::uint64_t;

struct Claim {
  ClaimNumber number = 0;
  bool fenced =
      false;  ///< a commit log has shut out every earlier holder, which may live and still hold its locks
};

}  // namespace weir
