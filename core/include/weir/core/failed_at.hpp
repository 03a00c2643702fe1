#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace weir {

/// Where in a batch, or at which key, this thread's last exception was thrown: kept beside the exception, which goes through as it
/// is. Asked for by whoever catches it, on the same thread.
struct FailedAt {
  std::optional<std::size_t> row;  ///< of the batch that was worked on
  std::string key;                 ///< as JSON; empty: none is known
};

namespace detail {
inline thread_local FailedAt failed_at;
}

/// What is known of the exception at hand. Given once.
inline FailedAt take_failed_at() { return std::exchange(detail::failed_at, {}); }

/// Calls `work(i)` for each row `begin` ≤ i < `end` of a batch, and notes at which of them an exception was thrown. Costs nothing while
/// nothing is thrown.
template <class Work>
void for_each_row(std::size_t begin, std::size_t end, Work&& work) {
  std::size_t i = begin;
  try {
    for (; i < end; ++i) work(i);
  } catch (...) {
    detail::failed_at.row = i;
    throw;
  }
}

/// Calls `work()`, and notes the key when an exception is thrown; only then is `text` asked for it, as JSON.
template <class Text, class Work>
void for_key(Text&& text, Work&& work) {
  try {
    work();
  } catch (...) {
    detail::failed_at.key = text();
    throw;
  }
}

}  // namespace weir
