#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <string_view>
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
    restore_broadcast(rows_, states_.restored_parts());
    const auto& parts = states_.restored_parts();
    for (std::size_t part = context.worker; part < parts.size(); part += context.parallelism) {
      const std::string_view waiting = ManifestStates::find(parts[part].extra, kWaiting);
      if (waiting.empty()) continue;
      StateReader in(waiting);
      waiting_.decode(in);
    }
  }

  void process(std::uint32_t input, const Batch& batch) override {
    if (input == 0 && waits()) waiting_.add(static_cast<const RowBatch<Row>&>(batch));
    else if (input == 0) join_all(static_cast<const RowBatch<Row>&>(batch));
    else take(static_cast<const RowBatch<Change<Key, TableRow>>&>(batch));
  }
  bool advance_watermark(EventTime watermark) override {
    ended_ = is_end_of_input(watermark);
    if (!ended_) watermark_ = std::max(watermark_, watermark);
    if (waits()) return true;
    const bool all =
        waiting_.take(Operator::kEmitAtMost, [this](const Row& row, EventTime time) { join_one(row, time); });
    emitter_.flush();
    return all;
  }
  void snapshot(SnapshotWriter& writer) override {
    // All workers have the same rows at a barrier.
    std::string rows;
    if (first_) append_broadcast(rows, rows_);
    if (!waiting_.empty()) {
      std::string waiting;
      waiting_.encode(waiting);
      ManifestStates::append(rows, kWaiting, waiting);
    }
    states_.seal(writer, watermark_, rows);
  }

 private:
  bool waits() const { return may_wait_ && watermark_ == EventTime::min() && !ended_; }
  void take(const RowBatch<Change<Key, TableRow>>& changes) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].after) rows_.put(changes[i].key, *changes[i].after);
      else rows_.erase(changes[i].key);
    }
  }
  void join_all(const RowBatch<Row>& rows) {
    // Some rows are looked up before the first of them is joined: their ways through memory overlap.
    std::array<const TableRow*, kLookedUpAtOnce> found;
    for (std::size_t begin = 0; begin < rows.size(); begin += found.size()) {
      const std::size_t count = std::min(found.size(), rows.size() - begin);
      for (std::size_t i = 0; i < count; ++i) {
        found[i] = rows_.get(std::invoke(key_of_, rows[begin + i]));
        __builtin_prefetch(found[i]);
      }
      for (std::size_t i = 0; i < count; ++i) join_with(found[i], rows[begin + i], rows.time(begin + i));
    }
    emitter_.flush();
  }
  void join_one(const Row& row, EventTime time) {
    join_with(rows_.get(std::invoke(key_of_, row)), row, time);
  }
  void join_with(const TableRow* found, const Row& row, EventTime time) {
    if (!found && kKind == JoinKind::kInner) return;
    Out out = joined<kKind>(join_, &row, found);
    if constexpr (kHoldsViews<Out>) own_text(out, emitter_.arena());
    emitter_.emit(std::move(out), time);
  }

  static constexpr std::size_t kLookedUpAtOnce = 32;
  static constexpr std::string_view kWaiting = "rows that wait";

  OperatorStates states_;
  const bool first_;
  const bool may_wait_;
  const KeyOf key_of_;
  const Join join_;
  BroadcastState<Key, TableRow> rows_{"rows"};
  RowsBeforeStart<Row> waiting_;
  Emitter<Out> emitter_;
  EventTime watermark_;
  bool ended_ = false;
};

}  // namespace weir::detail
