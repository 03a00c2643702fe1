#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <weir/core/error.hpp>

namespace weir {

/// How many rows of a key may pass: `per_second(10).burst(5)`.
class Rate {
 public:
  /// More than 0, at most 1,000,000.
  explicit Rate(double per_second)
      : nanos_between_(static_cast<std::int64_t>(std::llround(1e9 / per_second))) {
    if (!(per_second >= 1e-6 && per_second <= 1e6))
      throw FailJob("a rate lies between 0.000001 and 1000000 rows a second", ExitCode::kUsage);
  }
  /// How many rows may pass at once after a pause; 1 by default, which is an even flow, and a little less than
  /// asked for where rows come faster than the clock is looked at, about a millisecond.
  Rate burst(std::uint32_t rows) const {
    if (rows < 1) throw FailJob("a rate lets at least one row pass at once", ExitCode::kUsage);
    Rate copy = *this;
    copy.burst_ = rows;
    return copy;
  }
  /// How many rows of all keys wait on a worker before it takes no more; 10,000 by default. A batch more may come.
  Rate queue(std::size_t rows) const {
    if (rows < 1) throw FailJob("at least one row may wait", ExitCode::kUsage);
    Rate copy = *this;
    copy.queue_ = rows;
    return copy;
  }

  std::int64_t nanos_between() const { return nanos_between_; }
  /// How far in the future a key's next free moment may lie for a row to pass still.
  std::int64_t nanos_ahead() const { return nanos_between_ * (std::int64_t{burst_} - 1); }
  std::size_t queue() const { return queue_; }

 private:
  std::int64_t nanos_between_;
  std::uint32_t burst_ = 1;
  std::size_t queue_ = 10'000;
};

inline Rate per_second(double rows) { return Rate(rows); }

}  // namespace weir
