#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/broadcast_state.hpp>
#include <weir/operators/change.hpp>
#include <weir/operators/table_logic.hpp>

namespace weir::detail {

/// Joins the rows of a stream with a table of which every worker holds all rows. Input 0: the stream; 1: the table's changes.
/// State: the table, once in the manifest of every checkpoint.
template <JoinKind kKind, class Row, class Key, class TableRow, class KeyOf, class Join>
class GlobalJoinOperator final : public Operator {
 public:
  using Out = JoinedRow<kKind, Join, Row, TableRow>;

  GlobalJoinOperator(OperatorContext context, const KeyOf& key_of, const Join& join)
      : states_(context),
        first_(context.worker == 0),
        key_of_(key_of),
        join_(join),
        emitter_(context, 0),
        watermark_(states_.restored_watermark()) {
    restore_broadcast(rows_, states_.restored_parts());
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0) join_all(static_cast<const RowBatch<Row>&>(batch));
    else take(static_cast<const RowBatch<Change<Key, TableRow>>&>(batch));
  }
  bool advance_watermark(EventTime watermark) override {
    watermark_ = std::max(watermark_, watermark);
    return true;
  }
  void snapshot(SnapshotWriter& writer) override {
    // All workers have the same rows at a barrier.
    std::string rows;
    if (first_) append_broadcast(rows, rows_);
    states_.seal(writer, watermark_, rows);
  }

 private:
  void take(const RowBatch<Change<Key, TableRow>>& changes) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].after) rows_.put(changes[i].key, *changes[i].after);
      else rows_.erase(changes[i].key);
    }
  }
  void join_all(const RowBatch<Row>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Key key = std::invoke(key_of_, rows[i]);
      const TableRow* found = rows_.get(key);
      if (!found && kKind == JoinKind::kInner) continue;
      Out out = joined<kKind>(join_, &rows[i], found);
      if constexpr (kHoldsViews<Out>) own_text(out, emitter_.arena());
      emitter_.emit(std::move(out), rows.time(i));
    }
    emitter_.flush();
  }

  OperatorStates states_;
  const bool first_;
  const KeyOf key_of_;
  const Join join_;
  BroadcastState<Key, TableRow> rows_{"rows"};
  Emitter<Out> emitter_;
  EventTime watermark_;
};

}  // namespace weir::detail
