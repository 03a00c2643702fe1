#include "parker.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace weir {

namespace {

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, const timespec* timeout) {
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation | FUTEX_PRIVATE_FLAG, value,
                 timeout, nullptr, 0);
}

}  // namespace

void Parker::park(std::chrono::nanoseconds at_most) {
  std::uint32_t awake = kAwake;
  if (state_.compare_exchange_strong(awake, kParked)) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const timespec timeout{static_cast<time_t>(seconds.count()),
                           static_cast<long>((at_most - seconds).count())};
    futex(state_, FUTEX_WAIT, kParked, &timeout);
  }
  // An exchange, not a store: it sees what every earlier unpark() came to tell.
  state_.exchange(kAwake);
}

void Parker::unpark() {
  // Always an exchange: a look first could miss that the other thread is just going back to look for work, and then to sleep.
  if (state_.exchange(kNotified) == kParked) futex(state_, FUTEX_WAKE, 1, nullptr);
}

}  // namespace weir
