#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <weir/core/arena.hpp>
#include <weir/core/time.hpp>
#include <weir/state/store.hpp>

namespace weir::detail {

/// What is to be done soon, in memory: entries by the moment they are due at, those of one moment in the order in which they were
/// added. Text of entries lies in arena(), which is emptied whenever nothing is left. One thread.
template <class Entry>
class DueRows {
 public:
  explicit DueRows(StateStore& store) : store_(store) {}
  DueRows(const DueRows&) = delete;
  DueRows& operator=(const DueRows&) = delete;
  ~DueRows() { store_.charge(-static_cast<std::ptrdiff_t>(charged_)); }

  Arena& arena() { return *text_; }
  void push(EventTime due, Entry entry) {
    if (!last_ || due != last_due_) {
      last_ = &moment(due);
      last_due_ = due;
    }
    last_->push_back(std::move(entry));
    ++size_;
  }
  /// visit(entry, due) for the first `most` entries that are due at `until`. Returns how many there were.
  template <class Visit>
  std::size_t peek(EventTime until, std::size_t most, Visit&& visit) {
    std::size_t seen = 0;
    std::size_t from = done_of_first_;
    for (auto it = moments_.begin(); it != moments_.end() && it->first <= until; ++it, from = 0)
      for (std::size_t i = from; i < it->second.size(); ++i) {
        if (seen == most) return seen;
        visit(it->second[i], it->first);
        ++seen;
      }
    return seen;
  }
  /// Forgets the first `count` entries.
  void pop(std::size_t count) {
    size_ -= count;
    for (done_of_first_ += count; !moments_.empty();) {
      const std::size_t of_first = moments_.begin()->second.size();
      if (done_of_first_ < of_first) return;
      done_of_first_ -= of_first;
      auto over = moments_.extract(moments_.begin());
      if (spare_.size() < kSpareMost) spare_.push_back(std::move(over));
      last_ = nullptr;
    }
    if (text_->allocated_bytes() > 0) text_->clear();
  }
  template <class Visit>
  void for_each(Visit&& visit) {
    peek(EventTime::max(), size_, visit);
  }
  bool empty() const { return size_ == 0; }

  /// Brings the store's account of memory up to date.
  void settle() {
    const std::size_t bytes = size_ * sizeof(Entry) + text_->allocated_bytes();
    store_.charge(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(charged_));
    charged_ = bytes;
  }

 private:
  using Moments = std::map<EventTime, std::vector<Entry>>;
  static constexpr std::size_t kSpareMost = 1024;

  std::vector<Entry>& moment(EventTime due) {
    const auto it = moments_.lower_bound(due);
    if (it != moments_.end() && it->first == due) return it->second;
    if (spare_.empty()) return moments_.emplace_hint(it, due, std::vector<Entry>())->second;
    auto node = std::move(spare_.back());
    spare_.pop_back();
    node.key() = due;
    node.mapped().clear();
    return moments_.insert(it, std::move(node))->second;
  }

  StateStore& store_;
  Moments moments_;
  std::vector<typename Moments::node_type> spare_;
  std::size_t done_of_first_ = 0;
  std::vector<Entry>* last_ = nullptr;  ///< the moment that was added to last
  EventTime last_due_;
  std::size_t size_ = 0;
  std::size_t charged_ = 0;
  ArenaRef text_ = ArenaRef::make();
};

}  // namespace weir::detail
