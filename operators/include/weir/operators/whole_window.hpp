#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include <concepts>
#include <weir/core/time.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/window.hpp>
#include <weir/state/codec.hpp>

namespace weir {

/// The rows of a key's window, in the order in which they came, for a function or an evictor. Valid during the call.
template <class Row>
class WindowRows {
 public:
  std::size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  const Row& operator[](std::size_t i) const { return rows_[i]; }
  EventTime time(std::size_t i) const { return times_[i]; }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

  /// For evictors: keeps the rows for which `keep(row, time)` holds.
  template <class Keep>
  void keep_if(Keep&& keep) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!keep(rows_[i], times_[i])) continue;
      if (kept != i) rows_[kept] = std::move(rows_[i]);
      times_[kept++] = times_[i];
    }
    rows_.resize(kept);
    times_.resize(kept);
  }
  void append(Row row, EventTime time) {
    rows_.push_back(std::move(row));
    times_.push_back(time);
  }

 private:
  std::vector<Row> rows_;
  std::vector<EventTime> times_;
};

/// Evictors: what a function sees of a window's rows. Of your own: any function of (WindowRows<Row>&) that calls keep_if().
/// The state is not changed: a later firing begins with all rows again.
struct KeepAll {
  template <class Row>
  void operator()(WindowRows<Row>&) const {}
};
struct KeepLast {
  std::size_t rows;
  template <class Row>
  void operator()(WindowRows<Row>& all) const {
    std::size_t left = all.size();
    all.keep_if([&](const Row&, EventTime) { return left-- <= rows; });
  }
};
struct KeepLatest {
  Duration span;
  template <class Row>
  void operator()(WindowRows<Row>& all) const {
    EventTime latest = EventTime::min();
    for (std::size_t i = 0; i < all.size(); ++i) latest = std::max(latest, all.time(i));
    all.keep_if([&](const Row&, EventTime time) { return time > saturating_sub(latest, span); });
  }
};
/// The last `rows` rows that came.
inline KeepLast keep_last(std::size_t rows) { return {rows}; }
/// Rows less than `span` of event time before the latest.
inline KeepLatest keep_latest(Duration span) { return {span}; }

namespace detail {

/// Rows side by side: `sequence (8) · time (8) · bytes (4) · encoded row`. Owns their text.
struct RowLog {
  std::string rows;
};
BOOST_DESCRIBE_STRUCT(RowLog, (), (rows))

struct LoggedRow {
  std::uint64_t sequence;
  EventTime time;
  std::string_view row;
  std::string_view all;  ///< with what comes before it
};
std::vector<LoggedRow> rows_of(const RowLog& log);
void append_row(RowLog& log, Arrival arrival, std::string_view encoded);
/// Takes out the rows of `other`.
void remove_rows(RowLog& log, const RowLog& other);

/// Keeps all rows and gives them to a function when the window fires.
template <class RowType, class OutType, class Function, class Evictor>
struct WholeWindow {
  Function function;
  Evictor evictor;
  using Accumulator = RowLog;
  using Out = OutType;

  RowType lift(const RowType& row) const { return row; }
  void add(RowLog& log, const RowType& row, Arrival arrival) const {
    std::string encoded;
    StateCodec<RowType>::encode(encoded, row);
    append_row(log, arrival, encoded);
  }
  void merge(RowLog& log, const RowLog& other) const { log.rows += other.rows; }
  void retract(RowLog& log, const RowLog& other) const { remove_rows(log, other); }

  template <class Key, class Collect>
  void emit(const Key& key, const Window& window, WindowPane pane, const RowLog& log,
            Collect& collect) const {
    WindowRows<RowType> rows;
    for (const LoggedRow& logged : rows_of(log)) {
      StateReader in(logged.row);
      rows.append(StateCodec<RowType>::decode(in), logged.time);
    }
    evictor(rows);
    const WindowRows<RowType>& seen = rows;
    if constexpr (std::invocable<const Function&, const Key&, const Window&, WindowPane, decltype(seen),
                                 Collect&>)
      function(key, window, pane, seen, collect);
    else function(key, window, seen, collect);
  }
};

}  // namespace detail

}  // namespace weir
