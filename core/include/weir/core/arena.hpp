#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// Bump allocator for the text that rows point into. Text lives as long as any ArenaRef to its arena.
/// Filled by one thread; what has been written may be read by every thread that holds a reference, because text
/// is never moved or changed.
class Arena {
 public:
  static constexpr std::size_t kChunkBytes = 64 * 1024;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `bytes` of uninitialised memory, aligned for char only.
  char* allocate(std::size_t bytes) {
    if (bytes > left_) grow(bytes);
    char* text = next_;
    next_ += bytes;
    left_ -= bytes;
    return text;
  }

  /// Copies text in and returns the view that stays valid.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = allocate(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  /// Forgets all text, keeping one chunk. Requires: no other reference and no row that still points here.
  void clear();

  std::size_t allocated_bytes() const { return allocated_; }
  /// Whether the text lies here. Slow, and only to be asked while text_is_checked().
  bool holds(std::string_view text) const;

 private:
  friend class ArenaRef;
  void grow(std::size_t bytes);

  std::vector<std::unique_ptr<char[]>> chunks_;  ///< each begins with its size
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t allocated_ = 0;
  std::atomic<std::uint32_t> references_{0};
};

/// Shared ownership of an Arena: batches, panes and sealed state that point into one keep it alive together.
class ArenaRef {
 public:
  ArenaRef() = default;
  static ArenaRef make() { return ArenaRef(new Arena); }
  ArenaRef(const ArenaRef& other) : arena_(other.arena_) { retain(); }
  ArenaRef(ArenaRef&& other) noexcept : arena_(std::exchange(other.arena_, nullptr)) {}
  ArenaRef& operator=(ArenaRef other) noexcept {
    std::swap(arena_, other.arena_);
    return *this;
  }
  ~ArenaRef() { release(); }

  explicit operator bool() const { return arena_ != nullptr; }
  Arena& operator*() const { return *arena_; }
  Arena* operator->() const { return arena_; }
  Arena* get() const { return arena_; }
  bool is_unique() const { return arena_ && arena_->references_.load(std::memory_order_acquire) == 1; }

 private:
  explicit ArenaRef(Arena* arena) : arena_(arena) { retain(); }
  void retain() {
    if (arena_) arena_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() {
    if (arena_ && arena_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete arena_;
  }

  Arena* arena_ = nullptr;
};

}  // namespace weir
