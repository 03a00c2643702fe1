#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/broadcast_state.hpp>
#include <weir/operators/change.hpp>
#include <weir/operators/rows_before_start.hpp>
#include <weir/operators/table_logic.hpp>

namespace weir::detail {

/// Joins the rows of a stream with a table of which every worker holds all rows. Input 0: the stream; 1: the table's changes.
/// State: the table, once in the manifest of every checkpoint; with once_complete() also the rows that wait for the first watermark.
template <JoinKind kKind, class Row, class Key, class TableRow, class KeyOf, class Join>
class GlobalJoinOperator final : public Operator {
 public:
  using Out = JoinedRow<kKind, Join, Row, TableRow>;

  GlobalJoinOperator(OperatorContext context, const KeyOf& key_of, const Join& join, GlobalJoinStart start)
      : states_(context),
        first_(context.worker == 0),
        may_wait_(start.at_first_watermark),
        key_of_(key_of),
        join_(join),
        emitter_(context, 0),
        watermark_(states_.restored_watermark()) {
    std::size_t index = 0;
    bool has_table = false;
    for (const auto& part : states_.restored_parts()) {
      const bool takes_over = index++ % context.parallelism == context.worker;
      if (part.extra.empty()) continue;
      StateReader in(part.extra);
      // Those that do not have it wrote an empty one, in front of what waited with them.
      BroadcastState<Key, TableRow> table{"rows"};
      table.decode(in);
      if (!has_table) rows_ = std::move(table);
      has_table = has_table || !rows_.empty();
      if (takes_over && !in.at_end()) waiting_.decode(in);
    }
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0 && waits()) waiting_.add(static_cast<const RowBatch<Row>&>(batch));
    else if (input == 0) join_all(static_cast<const RowBatch<Row>&>(batch));
    else take(static_cast<const RowBatch<Change<Key, TableRow>>&>(batch));
  }
  bool advance_watermark(EventTime watermark) override {
    watermark_ = std::max(watermark_, watermark);
    if (waits()) return true;
    const bool all =
        waiting_.take(Operator::kEmitAtMost, [this](const Row& row, EventTime time) { join_one(row, time); });
    emitter_.flush();
    return all;
  }
  void snapshot(SnapshotWriter& writer) override {
    // All workers have the same rows at a barrier.
    std::string rows;
    if (first_) rows_.encode(rows);
    if (!waiting_.empty()) {
      if (!first_) BroadcastState<Key, TableRow>{"rows"}.encode(rows);
      waiting_.encode(rows);
    }
    states_.seal(writer, watermark_, rows);
  }

 private:
  bool waits() const { return may_wait_ && watermark_ == EventTime::min(); }
  void take(const RowBatch<Change<Key, TableRow>>& changes) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].after) rows_.put(changes[i].key, *changes[i].after);
      else rows_.erase(changes[i].key);
    }
  }
  void join_all(const RowBatch<Row>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) join_one(rows[i], rows.time(i));
    emitter_.flush();
  }
  void join_one(const Row& row, EventTime time) {
    const Key key = std::invoke(key_of_, row);
    const TableRow* found = rows_.get(key);
    if (!found && kKind == JoinKind::kInner) return;
    Out out = joined<kKind>(join_, &row, found);
    if constexpr (kHoldsViews<Out>) own_text(out, emitter_.arena());
    emitter_.emit(std::move(out), time);
  }

  OperatorStates states_;
  const bool first_;
  const bool may_wait_;
  const KeyOf key_of_;
  const Join join_;
  BroadcastState<Key, TableRow> rows_{"rows"};
  RowsBeforeStart<Row> waiting_;
  Emitter<Out> emitter_;
  EventTime watermark_;
};

}  // namespace weir::detail
