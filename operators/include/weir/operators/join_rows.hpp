#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <weir/state/row_list.hpp>

namespace weir::detail {

/// A row with its event time, while its text lies in a table.
template <class Row>
struct TimedRow {
  Row row;
  EventTime time;
};

/// By time, then by arrival, which is the order they are in.
template <class Rows>
void order_by_time(Rows& rows) {
  const auto earlier = [](const auto& a, const auto& b) { return a.time < b.time; };
  if (!std::is_sorted(rows.begin(), rows.end(), earlier)) std::stable_sort(rows.begin(), rows.end(), earlier);
}

/// The rows of a key and a span of time, in the order in which they came; an object of a KeyedTable.
template <class Row, bool kMarks>
class JoinRows;

template <class Row>
class JoinRows<Row, false> : public RowList<Row> {
 public:
  void append(const Row& row, EventTime time, bool = false) { RowList<Row>::append(row, time); }
  /// visit(row, time, place, whether it has had a partner)
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::uint32_t place = 0;
    RowList<Row>::for_each([&](const Row& row, EventTime time) { visit(row, time, place++, false); });
  }
  void prepend(JoinRows&& older) { RowList<Row>::prepend(std::move(older)); }
  static std::string type() { return "rows<" + StateCodec<Row>::type() + ">"; }
};

/// As it is kept where it matters whether a row has found a partner.
template <class Row>
struct MarkedRow {
  Row row;
  bool matched;
  BOOST_DESCRIBE_CLASS(MarkedRow, (), (row, matched), (), ())
};

/// Rows that know whether they have found a partner: those that had one when they came by a mark of their own, the others by a
/// bit, all bits of a key in one entry of the tier: a partner that comes later rewrites no row.
template <class Row>
class JoinRows<Row, true> {
 public:
  void append(const Row& row, EventTime time, bool matched) {
    rows_.append({row, matched}, time);
    ++size_;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::uint32_t place = 0;
    rows_.for_each([&](const MarkedRow<Row>& marked, EventTime time) {
      visit(marked.row, time, place, marked.matched || has_mark(place));
      ++place;
    });
  }
  /// Requires that all of the list is here, as after KeyedTable::find() and edit().
  void mark(std::uint32_t place) {
    if (place / 8 >= marks_.size()) marks_.resize(place / 8 + 1, '\0');
    marks_[place / 8] = static_cast<char>(marks_[place / 8] | 1 << place % 8);
    marks_changed_ = true;
  }
  bool has_mark(std::uint32_t place) const {
    return place / 8 < marks_.size() && (marks_[place / 8] >> place % 8 & 1) != 0;
  }
  /// Places in use. Requires that all of the list is here.
  std::uint32_t size() {
    if (!size_known_) size_ = static_cast<std::uint32_t>(rows_.size());
    size_known_ = true;
    return size_;
  }

  void clear() {
    rows_.clear();
    marks_changed_ = marks_changed_ || !marks_.empty();
    marks_.clear();
    size_ = 0;
    size_known_ = true;
  }
  void load(std::string_view subkey, std::string_view value) {
    size_known_ = false;
    if (subkey.empty()) marks_ = value;
    else rows_.load(subkey, value);
  }
  bool holds(std::string_view subkey) const { return !subkey.empty() && rows_.holds(subkey); }
  void prepend(JoinRows&& older) {
    size_known_ = false;
    rows_.prepend(std::move(older.rows_));
    marks_ = std::move(older.marks_);  // nothing is marked before all is here
  }
  template <class NextSequence, class Put, class Erase>
  void write(NextSequence&& next_sequence, Put&& put, Erase&& erase) {
    rows_.write(next_sequence, put, erase);
    if (!std::exchange(marks_changed_, false)) return;
    if (marks_.empty()) erase("");
    else put("", marks_);
  }
  std::size_t heap_bytes() const { return rows_.heap_bytes() + marks_.capacity(); }
  /// Opaque to who reads state by its type: the marks are no rows.
  static std::string type() { return "marked rows<" + StateCodec<Row>::type() + ">"; }

 private:
  RowList<MarkedRow<Row>> rows_;
  std::string marks_;  ///< a bit a place
  bool marks_changed_ = false;
  bool size_known_ = true;
  std::uint32_t size_ = 0;
};

}  // namespace weir::detail
