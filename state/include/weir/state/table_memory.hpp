#pragma once

#include <cstddef>

namespace weir::detail {

/// What a segment of a table takes at most, unless many keys share one hash: a huge page, so that it costs one address translation.
inline constexpr std::size_t kSegmentBytes = std::size_t{2} << 20;

/// Zeroed memory for slots; free_table_memory() takes it back. Throws std::bad_alloc.
void* allocate_table_memory(std::size_t bytes);
void free_table_memory(void* memory, std::size_t bytes);

}  // namespace weir::detail
