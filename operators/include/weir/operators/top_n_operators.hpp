#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/assert.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/late_rows.hpp>
#include <weir/operators/tables_by_time.hpp>
#include <weir/operators/top.hpp>
#include <weir/operators/window_plan.hpp>
#include <weir/state/owned_rows.hpp>

namespace weir::detail {

/// The first rows of a key, in order.
template <class Row>
struct TopRows {
  OwnedRows<Row> rows;

  /// Where `row` would stand.
  template <class By>
  std::size_t place_of(const Row& row, const Top<By>& top) const {
    const auto at = std::partition_point(rows.begin(), rows.end(),
                                         [&](const Row& other) { return !top.before(row, other); });
    return static_cast<std::size_t>(at - rows.begin());
  }
  std::size_t heap_bytes() const { return rows.heap_bytes(); }
};

}  // namespace weir::detail

namespace weir {

template <class Row>
struct StateCodec<detail::TopRows<Row>> {
  using Rows = StateCodec<OwnedRows<Row>>;
  static void encode(std::string& out, const detail::TopRows<Row>& top) { Rows::encode(out, top.rows); }
  static detail::TopRows<Row> decode(StateReader& in) { return {Rows::decode(in)}; }
  static std::string type() { return Rows::type(); }
};

}  // namespace weir

namespace weir::detail {

/// Emits how the first n rows of each key change, with the time of the row that changes them. What leaves comes before what enters.
///
/// State: n rows a key, for ever. After a restart the rows are what they were at the checkpoint.
/// Source: Flink SQL, "Top-N", over append-only input.
template <class Key, class Row, class By>
class TopChangesOperator final : public Operator {
 public:
  using In = Keyed<Key, Row>;
  using Out = TopChange<Row>;

  TopChangesOperator(OperatorContext context, Top<By> top)
      : top_(std::move(top)), states_(context), first_(states_, "first rows"), out_(context, 0) {
    watermark_ = states_.restored_watermark();
  }

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    first_.fetch(rows.rows());
    for_each_row(0, rows.size(), [&](std::size_t i) {
      const In& row = rows[i];
      // Most rows change nothing: they must not make the key's state count as changed.
      const TopRows<Row>* known = first_.find(row.hash, row.key);
      const std::size_t place = known ? known->place_of(row.value, top_) : 0;
      if (place < top_.n()) enter(first_.edit(row.hash, row.key).rows, place, row.value, rows.time(i));
    });
    out_.flush();
    states_.settle();
  }
  bool advance_watermark(EventTime watermark) override {
    if (!is_end_of_input(watermark)) watermark_ = std::max(watermark_, watermark);
    return true;
  }
  void snapshot(SnapshotWriter& writer) override { states_.seal(writer, watermark_); }

 private:
  void enter(OwnedRows<Row>& rows, std::size_t place, const Row& row, EventTime time) {
    const bool full = rows.size() == top_.n();
    if (top_.removals())
      for (std::size_t i = top_.ranks() ? place : top_.n() - 1; i < rows.size(); ++i)
        emit(false, i, rows[i], time);
    if (full) rows.pop_back();
    rows.insert(place, row);
    const std::size_t changed = top_.ranks() ? rows.size() : place + 1;
    for (std::size_t i = place; i < changed; ++i) emit(true, i, rows[i], time);
  }
  void emit(bool added, std::size_t place, const Row& row, EventTime time) {
    emit_copy(out_, Out{added, static_cast<std::uint32_t>(place + 1), row}, time);
  }

  const Top<By> top_;
  OperatorStates states_;
  KeyedTable<Key, TopRows<Row>> first_;
  Emitter<Out> out_;
  EventTime watermark_ = EventTime::min();
};

/// Emits the first n rows of each key in each window, by rank, when the watermark reaches the window's last millisecond, with that as their
/// time. Port 1: late rows.
///
/// State: n rows a key and window, until the window has fired; one table a window, dropped whole. A restart goes on where the checkpoint was.
template <class Key, class Row, class By>
class TopOfWindowOperator final : public Operator {
 public:
  using In = Keyed<Key, Row>;
  using Out = WindowTop<Row>;

  TopOfWindowOperator(OperatorContext context, WindowPlan windows, Top<By> top)
      : windows_(std::move(windows)),
        top_(std::move(top)),
        states_(context),
        first_(states_, "first rows"),
        out_(context, 0),
        late_(context, states_.restored_watermark()) {}

  void process(std::uint32_t, const Batch& batch) override {
    const auto& rows = static_cast<const RowBatch<In>&>(batch);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const In& row = rows[i];
      const Window window = windows_.slice_of(rows.time(i));
      if (late_.watermark() >= window.last() && late_.take(row.value, rows.time(i))) continue;
      auto& table = first_.at(window.start.millis);
      const TopRows<Row>* known = table.find(row.hash, row.key);
      const std::size_t place = known ? known->place_of(row.value, top_) : 0;
      if (place >= top_.n()) continue;
      auto& first = table.edit(row.hash, row.key).rows;
      if (first.size() == top_.n()) first.pop_back();
      first.insert(place, row.value);
    }
    end_of_call();
  }

  bool advance_watermark(EventTime watermark) override {
    if (is_end_of_input(watermark)) {
      states_.note_end();
      if (!first_.tables().empty()) watermark = windows_.slice_of({first_.tables().rbegin()->first}).last();
      else watermark = late_.watermark();
    }
    late_.advance(watermark);
    std::size_t emitted = 0;
    while (!first_.tables().empty() && emitted < kEmitAtMost) {
      auto& [start, table] = *first_.tables().begin();
      const Window window = windows_.slice_of({start});
      if (window.last() > late_.watermark()) break;
      emitted += fire(window, *table);
      if (next_slot_.at_begin()) first_.drop_first();
    }
    end_of_call();
    return emitted < kEmitAtMost;
  }

  void snapshot(SnapshotWriter& writer) override {
    WEIR_ASSERT(next_slot_.at_begin(), "no window is being fired at a barrier");
    states_.seal(writer, late_.watermark(), first_.directory());
  }

 private:
  /// A portion of the window's keys; where to go on is in next_slot_, at its begin: it is done.
  std::size_t fire(const Window& window, KeyedTable<Key, TopRows<Row>>& table) {
    table.pin();
    std::size_t emitted = 0;
    const std::size_t portion = std::max<std::size_t>(1, kEmitAtMost / top_.n());
    table.for_each_from(next_slot_, portion, [&](const Key&, const TopRows<Row>& first) {
      for (std::size_t i = 0; i < first.rows.size(); ++i)
        emit_copy(out_, Out{window.start, window.end, static_cast<std::uint32_t>(i + 1), first.rows[i]},
                  window.last());
      emitted += first.rows.size();
    });
    return emitted;
  }
  void end_of_call() {
    out_.flush();
    late_.flush();
    states_.settle();
  }

  const WindowPlan windows_;
  const Top<By> top_;
  OperatorStates states_;
  TablesByTime<Key, TopRows<Row>> first_;
  TableCursor next_slot_;
  Emitter<Out> out_;
  RowsBehindWatermark<Row> late_;
};

}  // namespace weir::detail
