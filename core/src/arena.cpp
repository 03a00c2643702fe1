#include <weir/core/arena.hpp>

#include <algorithm>

namespace weir {

void Arena::grow(std::size_t bytes) {
  const std::size_t chunk = std::max(bytes, kChunkBytes);
  chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk));
  next_ = chunks_.back().get();
  left_ = chunk;
  allocated_ += chunk;
}

void Arena::clear() {
  if (chunks_.empty()) return;
  if (chunks_.size() > 1 || allocated_ > kChunkBytes) {
    chunks_.clear();
    next_ = nullptr;
    left_ = allocated_ = 0;
    return;
  }
  next_ = chunks_.front().get();
  left_ = allocated_;
}

}  // namespace weir
