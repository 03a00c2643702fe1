#include <weir/state/table_memory.hpp>

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace weir::detail {

namespace {

/// From here on memory is had from the kernel, and given back to it: nothing of it stays behind in the heap.
constexpr std::size_t kMapped = std::size_t{256} << 10;

std::size_t pages(std::size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

void* map(std::size_t bytes, int flags) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

/// Of twice as much the part that begins where a huge page does.
void* map_huge_page() {
  char* memory = static_cast<char*>(map(2 * kSegmentBytes, 0));
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(memory) % kSegmentBytes;
  if (before > 0) munmap(memory, before);
  memory += before;
  munmap(memory + kSegmentBytes, kSegmentBytes - before);
  // Whether this is one huge page is left to the system (transparent_hugepage/enabled). Asked for by madvise, in a virtual machine that returns memory to its
  // host, one was seen to take 9 ms, five times as long as the small pages it is made of; and folding those later stops who uses them for as long.
  madvise(memory, kSegmentBytes, MADV_POPULATE_WRITE);
  return memory;
}

bool fills_huge_page(std::size_t bytes) { return pages(bytes) > kSegmentBytes / 2 && bytes <= kSegmentBytes; }

}  // namespace

void* allocate_table_memory(std::size_t bytes) {
  if (fills_huge_page(bytes)) return map_huge_page();
  if (bytes >= kMapped) return map(bytes, MAP_POPULATE);
  void* memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return memory;
}

void free_table_memory(void* memory, std::size_t bytes) {
  if (fills_huge_page(bytes)) munmap(memory, kSegmentBytes);
  else if (bytes >= kMapped) munmap(memory, bytes);
  else std::free(memory);
}

}  // namespace weir::detail
