#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include <weir/operators/pattern_plan.hpp>
#include <weir/operators/pattern_state.hpp>

namespace weir {

/// The rows of a match, or of a partial one, by the elements of its pattern. Valid during the call that it is given to.
template <class Row>
class Match {
 public:
  struct Entry {
    std::uint32_t element;
    EventTime time;
    const Row* row;
    std::uint64_t id;
  };

  /// For operators.
  Match(const PatternPlan& plan, const SharedBuffer<Row>& buffer, std::uint64_t node)
      : plan_(plan), buffer_(buffer), node_(node) {}

  /// The first and the last row of an element; null where it has none.
  const Row* first(std::string_view element) const {
    for (const Entry& entry : entries())
      if (name_of(entry) == element) return entry.row;
    return nullptr;
  }
  const Row* last(std::string_view element) const {
    const Row* found = nullptr;
    for (const Entry& entry : entries())
      if (name_of(entry) == element) found = entry.row;
    return found;
  }
  std::size_t count(std::string_view element) const {
    return static_cast<std::size_t>(std::count_if(
        entries().begin(), entries().end(), [&](const Entry& entry) { return name_of(entry) == element; }));
  }
  /// visit(const Row&, EventTime) for the rows of an element, in order.
  template <class Visit>
  void for_each(std::string_view element, Visit&& visit) const {
    for (const Entry& entry : entries())
      if (name_of(entry) == element) visit(*entry.row, entry.time);
  }
  /// visit(std::string_view element, const Row&, EventTime) for all rows, in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Entry& entry : entries()) visit(name_of(entry), *entry.row, entry.time);
  }
  std::size_t size() const { return entries().size(); }
  bool empty() const { return node_ == SharedBuffer<Row>::kNone; }
  /// Event times of its first and last row. Requires: !empty().
  EventTime start_time() const { return entries().front().time; }
  EventTime end_time() const { return entries().back().time; }

  /// Walks the path when first asked: most conditions look at their row alone.
  const std::vector<Entry>& entries() const {
    if (entries_.empty() && !empty()) {
      for (std::uint64_t at = node_; at != SharedBuffer<Row>::kNone;) {
        const auto& node = buffer_.node(at);
        const auto& row = buffer_.row(node.row);
        entries_.push_back({node.element, row.time, &row.row.get(), row.id});
        at = node.parent;
      }
      std::reverse(entries_.begin(), entries_.end());
    }
    return entries_;
  }

 private:
  std::string_view name_of(const Entry& entry) const { return plan_.element(entry.element).name; }

  const PatternPlan& plan_;
  const SharedBuffer<Row>& buffer_;
  const std::uint64_t node_;
  mutable std::vector<Entry> entries_;
};

}  // namespace weir
