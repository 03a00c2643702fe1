#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>

#include <weir/core/time.hpp>

namespace nexmark::by_hand {

/// Behind the largest time seen by the delay and a millisecond, as bounded_out_of_orderness() has it.
class Watermark {
 public:
  explicit Watermark(weir::Duration delay) : behind_(delay.count() + 1) {}
  std::int64_t pass(weir::EventTime time) { return now_ = std::max(now_, time.millis - behind_); }
  static constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

 private:
  std::int64_t behind_;
  std::int64_t now_ = std::numeric_limits<std::int64_t>::min();
};

/// Windows side by side that are open, by their number: time / size. What is late is not asked for.
template <class Content>
class OpenWindows {
 public:
  Content& at(std::int64_t number) {
    if (open_.empty()) first_ = number;
    for (; number < first_; --first_) open_.emplace_front();
    while (first_ + static_cast<std::int64_t>(open_.size()) <= number) open_.emplace_back();
    return open_[static_cast<std::size_t>(number - first_)];
  }
  Content* find(std::int64_t number) {
    const std::int64_t index = number - first_;
    return index >= 0 && index < static_cast<std::int64_t>(open_.size())
               ? &open_[static_cast<std::size_t>(index)]
               : nullptr;
  }
  bool empty() const { return open_.empty(); }
  std::int64_t first() const { return first_; }
  Content& front() { return open_.front(); }
  void pop() {
    open_.pop_front();
    ++first_;
  }

 private:
  std::deque<Content> open_;
  std::int64_t first_ = 0;
};

}  // namespace nexmark::by_hand
