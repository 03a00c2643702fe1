#pragma once

#include <string>

#include <weir/operators/keyed_cell.hpp>

namespace weir {

/// Rows in the order in which they were added, each with a time. Adding reads nothing. Kept until they are removed; with expire_after() each
/// row lives by itself, from when it was added.
/// Source: Flink, "Working with State".
template <class Row>
class ListState : public KeyedState<RowList<Row>, RowList<Stamped<Row>>> {
 public:
  using KeyedState<RowList<Row>, RowList<Stamped<Row>>>::KeyedState;

  void add(const Row& row, EventTime time = {}) {
    if (this->expires()) this->expiring().edit_unread().append({this->written_at(), row}, time);
    else this->cell().edit_unread().append(row, time);
  }
  /// visit(row, time). The list must not be changed meanwhile; text of rows is valid until it is.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (this->expires()) visit_living(visit);
    else if (const auto* list = this->cell().find()) list->for_each(visit);
  }
  /// Keeps the rows for which keep(row, time) holds. Returns how many have gone, without those that had expired.
  template <class Keep>
  std::size_t keep_if(Keep&& keep) {
    if (!this->expires()) return keep_in(this->cell(), keep);
    std::size_t gone = 0;
    keep_in(this->expiring(), [&](const Stamped<Row>& row, EventTime time) {
      if (this->is_over(row.written)) return false;
      const bool kept = keep(row.value, time);
      gone += kept ? 0 : 1;
      return kept;
    });
    return gone;
  }
  /// Whether there is no row. Of states that expire: looks at all rows.
  bool empty() const { return this->expires() ? count_living() == 0 : this->cell().find() == nullptr; }
  /// How many rows there are.
  std::size_t size() const {
    if (this->expires()) return count_living();
    const auto* list = this->cell().find();
    return list ? list->size() : 0;
  }
  void clear() {
    if (this->expires()) this->expiring().erase();
    else this->cell().erase();
  }

  std::string type() const { return "rows<" + this->entry_type(state_type<Row>()) + ">"; }

 private:
  template <class Cell, class Keep>
  std::size_t keep_in(Cell& cell, Keep&& keep) {
    auto* list = cell.edit_if();
    if (!list) return 0;
    const std::size_t gone = list->keep_if(keep);
    if (list->empty()) cell.erase();
    return gone;
  }
  template <class Visit>
  void visit_living(Visit& visit) const {
    const RowList<Stamped<Row>>* list = this->expiring().find();
    if (!list) return;
    if (this->time_to_live()->reads_refresh()) list = refreshed();
    list->for_each([&](const Stamped<Row>& row, EventTime time) {
      if (!this->is_over(row.written)) visit(row.value, time);
    });
  }
  /// All that lives was written now. Requires: there is a list.
  const RowList<Stamped<Row>>* refreshed() const {
    RowList<Stamped<Row>>* list = this->expiring().edit_if();
    list->rewrite([&](Stamped<Row>& row) {
      if (this->is_over(row.written)) return false;
      row.written = this->written_at();
      return true;
    });
    return list;
  }
  std::size_t count_living() const {
    std::size_t rows = 0;
    if (const auto* list = this->expiring().find())
      list->for_each([&](const Stamped<Row>& row, EventTime) { rows += this->is_over(row.written) ? 0 : 1; });
    return rows;
  }
};

}  // namespace weir
