#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include <weir/state/pane_table.hpp>

namespace weir::detail {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
}

void* allocate_table_memory(std::size_t bytes) {
  if (bytes < kHugePage) {
    void* memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!memory) throw std::bad_alloc();
    std::memset(memory, 0, bytes);
    return memory;
  }
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Random access over many small pages spends more time on address translation than on the data.
  madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void free_table_memory(void* memory, std::size_t bytes) {
  if (bytes < kHugePage) std::free(memory);
  else munmap(memory, bytes);
}

}  // namespace weir::detail
