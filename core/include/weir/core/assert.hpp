#pragma once

namespace weir::detail {
/// Prints where and why, then aborts: a broken invariant must not reach a checkpoint.
[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file, int line);
}  // namespace weir::detail

/// States an invariant, in release builds too. For what only a bug of weir can break; never for input.
#define WEIR_ASSERT(condition, why)       \
  (static_cast<bool>(condition) ? void(0) \
                                : ::weir::detail::assertion_failed(#condition, why, __FILE__, __LINE__))

/// The same for loops over records: checked in debug builds only.
#ifdef NDEBUG
#define WEIR_DCHECK(condition, why) void(0)
#else
#define WEIR_DCHECK(condition, why) WEIR_ASSERT(condition, why)
#endif
