#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir {

/// Where one thread sleeps until there is work or time is up. unpark() is cheap while the thread is awake, and a call that
/// comes just before park() is not lost. One thread parks; any thread unparks.
class Parker {
 public:
  /// Returns after unpark(), or after `at_most`, or earlier.
  void park(std::chrono::nanoseconds at_most);
  void unpark();

 private:
  static constexpr std::uint32_t kAwake = 0;
  static constexpr std::uint32_t kNotified = 1;
  static constexpr std::uint32_t kParked = 2;
  std::atomic<std::uint32_t> state_{kAwake};
};

}  // namespace weir
