#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include <weir/core/time.hpp>

namespace weir {

/// What a running job has of the outside besides its connectors: clocks, chance, and a place for work that blocks.
/// The real one uses the machine's; the simulated one runs everything on one thread under a seed, in virtual time.
/// Nothing below `main` calls a clock, a random device or a thread by itself.
class Environment {
 public:
  using Instant = std::chrono::nanoseconds;

  virtual ~Environment() = default;

  /// Time since an arbitrary start; never goes back. Any thread.
  virtual Instant now() = 0;
  /// Wall-clock time, milliseconds since 1970-01-01 UTC; may jump. Any thread.
  virtual EventTime wall_clock() = 0;
  /// 64 random bits. Any thread.
  virtual std::uint64_t random() = 0;

  /// Runs `job` off the workers. Jobs of one lane run one after the other, in the order given; lanes run side by side.
  /// `job` must not throw. Any thread.
  virtual void run_blocking(std::string_view lane, std::function<void()> job) = 0;
  /// Returns when no job is left, also none that jobs have given meanwhile, and what they held is gone. Not from within a job.
  virtual void await_blocking() = 0;
};

}  // namespace weir
