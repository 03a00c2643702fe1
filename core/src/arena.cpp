#include <weir/core/arena.hpp>

#include <algorithm>
#include <functional>
#include <mutex>

#include <weir/core/text_check.hpp>

namespace weir {

namespace {

constexpr std::size_t kHeader = 16;  // keeps the chunk's alignment

std::size_t size_of(const char* chunk) {
  std::size_t bytes;
  std::memcpy(&bytes, chunk, sizeof bytes);
  return bytes;
}

/// Whoever looks for text may hold a reference to an arena that another thread still fills.
std::unique_lock<std::mutex> lock_where_text_is_checked() {
  static std::mutex looking;
  return text_is_checked() ? std::unique_lock(looking) : std::unique_lock<std::mutex>();
}

}  // namespace

void Arena::grow(std::size_t bytes) {
  const auto lock = lock_where_text_is_checked();
  const std::size_t chunk = std::max(bytes, kChunkBytes);
  chunks_.push_back(std::make_unique_for_overwrite<char[]>(kHeader + chunk));
  std::memcpy(chunks_.back().get(), &chunk, sizeof chunk);
  next_ = chunks_.back().get() + kHeader;
  left_ = chunk;
  allocated_ += chunk;
}

void Arena::clear() {
  if (chunks_.empty()) return;
  const auto lock = lock_where_text_is_checked();
  if (chunks_.size() > 1 || allocated_ > kChunkBytes) {
    chunks_.clear();
    next_ = nullptr;
    left_ = allocated_ = 0;
    return;
  }
  next_ = chunks_.front().get() + kHeader;
  left_ = allocated_;
}

bool Arena::holds(std::string_view text) const {
  const auto lock = lock_where_text_is_checked();
  const std::less_equal<const char*> not_after;
  return std::any_of(chunks_.begin(), chunks_.end(), [&](const auto& chunk) {
    const char* const begin = chunk.get() + kHeader;
    return not_after(begin, text.data()) &&
           not_after(text.data() + text.size(), begin + size_of(chunk.get()));
  });
}

}  // namespace weir
