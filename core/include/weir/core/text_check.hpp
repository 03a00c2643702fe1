#pragma once

#include <atomic>
#include <string_view>

namespace weir {

namespace detail {

inline std::atomic<bool> text_check{false};

}  // namespace detail

/// Whether every row that leaves a chain is looked at for text that nothing keeps alive. Off, but in harnesses and where the environment has
/// WEIR_CHECK_TEXT: it costs about as much as the chain. docs/text-in-rows.md.
inline bool text_is_checked() { return detail::text_check.load(std::memory_order_relaxed); }
inline void check_text(bool on) { detail::text_check.store(on, std::memory_order_relaxed); }

/// Whether text lies in memory that is there as long as the program: literals, and static variables themselves.
bool is_static_text(std::string_view text);

}  // namespace weir
