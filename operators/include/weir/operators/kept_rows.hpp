#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/operators/evictor.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/window_assigner.hpp>
#include <weir/operators/window_output.hpp>

namespace weir::detail {

/// An aggregate that keeps a window's rows and makes of them what `function(key, window, pane, rows, collect)` does. What evictors take,
/// before the function or after it, is gone for good.
template <class RowType, class OutType, class Function, class Before, class After>
struct KeptRows {
  Function function;
  Before before;
  After after;
  using Accumulator = RowLog;
  using Out = OutType;
  static constexpr bool kKeepsRows = true;
  static constexpr bool kEvicts = !std::is_same_v<Before, KeepAll> || !std::is_same_v<After, KeepAll>;

  RowType lift(const RowType& row) const { return row; }
  void add(RowLog& log, const RowType& row, Arrival arrival) const {
    std::string encoded;
    StateCodec<RowType>::encode(encoded, row);
    append_row(log, arrival, encoded);
  }
  void merge(RowLog& log, const RowLog& other) const { log.rows += other.rows; }

  template <class Key, class Collect>
  void emit(const Key& key, const Window& window, WindowPane pane, const RowLog& log,
            Collect& collect) const {
    const WindowRows<RowType> rows = decoded(rows_of(log));
    function(key, shown(window, rows), pane, rows, collect);
  }
  /// False: no rows are left. Where evictors leave none before the function, it is not called.
  template <class Key, class Collect>
  bool evict_and_emit(const Key& key, const Window& window, WindowPane pane, RowLog& log,
                      Collect&& collect) const requires(kEvicts) {
    const std::vector<LoggedRow> logged = rows_of(log);
    WindowRows<RowType> rows = decoded(logged);
    before(rows);
    if (!rows.empty()) function(key, shown(window, rows), pane, std::as_const(rows), collect);
    after(rows);
    if (rows.size() == logged.size()) return true;
    // Turns only order rows: those that stay may take any as long as they keep their order.
    RowLog kept;
    for (std::size_t i = 0; i < rows.size(); ++i)
      add(kept, rows[i], {rows.time(i), logged[logged.size() - rows.size() + i].sequence});
    log = std::move(kept);
    return !rows.empty();
  }

 private:
  static WindowRows<RowType> decoded(const std::vector<LoggedRow>& logged) {
    WindowRows<RowType> rows;
    for (const LoggedRow& one : logged) {
      StateReader in(one.row);
      rows.append(StateCodec<RowType>::decode(in), one.time);
    }
    return rows;
  }
  /// Of a global window: the span of its rows' times.
  static Window shown(const Window& window, const WindowRows<RowType>& rows) {
    if (window != GlobalWindows::kAll) return window;
    Window span{EventTime::max(), EventTime::min()};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      span.start = std::min(span.start, rows.time(i));
      span.end = std::max(span.end, saturating_add(rows.time(i), Duration{1}));
    }
    return span;
  }
};

template <class Function, class Key, class Row, class Out>
concept TakesPane = std::invocable < const Function&,
        const Key&, const Window&, WindowPane, const WindowRows<Row>
&, AnyCollector<Out>& > ;
template <class Function, class Key, class Row, class Out>
concept WindowFunction = TakesPane<Function, Key, Row, Out> || std::invocable < const Function&,
        const Key&, const Window&, const WindowRows<Row>
&, AnyCollector<Out>& > ;

/// process(): the user's function, told the pane where it asks for it.
template <class Key, class Row, class Out, class Function>
struct CallOnRows {
  Function function;
  template <class Collect>
  void operator()(const Key& key, const Window& window, WindowPane pane, const WindowRows<Row>& rows,
                  Collect& collect) const {
    if constexpr (TakesPane<Function, Key, Row, Out>) function(key, window, pane, rows, collect);
    else function(key, window, rows, collect);
  }
};

/// aggregate() with an evictor: the aggregate over what rows there are.
template <class Key, class Row, class A>
struct AggregateOfRows {
  A aggregate;
  template <class Collect>
  void operator()(const Key& key, const Window& window, WindowPane pane, const WindowRows<Row>& rows,
                  Collect& collect) const {
    typename A::Accumulator accumulator{};
    for (std::size_t i = 0; i < rows.size(); ++i)
      add_to(aggregate, accumulator, aggregate.lift(rows[i]), Arrival{rows.time(i), i});
    WindowOutput<A, Key>::emit(aggregate, key, window, pane, accumulator, collect);
  }
};

}  // namespace weir::detail
