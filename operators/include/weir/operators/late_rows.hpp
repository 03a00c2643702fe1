#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <weir/core/operator.hpp>
#include <weir/operators/emitter.hpp>

namespace weir::detail {

/// weir_operator_late_records_total.
Counter& late_rows_counter(const OperatorContext& context, bool side_output);

/// Rows that come too late: counted, and emitted on a port of their own where somebody wants them.
template <class Row>
class LateRows {
 public:
  LateRows(OperatorContext& context, std::size_t port)
      : rows_(context, port), counter_(&late_rows_counter(context, rows_.has_consumers())) {}

  void take(const Row& row, EventTime time) {
    ++late_;
    if (rows_.has_consumers()) emit_copy(rows_, row, time);
  }
  /// One of which there is no whole row.
  void count() { ++late_; }
  /// At the end of every call.
  void flush() {
    rows_.flush();
    if (late_ > 0) counter_->add(std::exchange(late_, 0));
  }

 private:
  Emitter<Row> rows_;
  Counter* counter_;
  std::uint64_t late_ = 0;
};

/// Port 1 of an operator for which rows are late that lie behind the watermark by more than is allowed.
template <class Row>
class RowsBehindWatermark {
 public:
  RowsBehindWatermark(OperatorContext& context, EventTime watermark, Duration allowed = {})
      : rows_(context, 1), allowed_(allowed), watermark_(watermark) {}

  EventTime watermark() const { return watermark_; }
  void advance(EventTime watermark) { watermark_ = std::max(watermark_, watermark); }
  /// Takes a row that is too late. False: it is not.
  bool take(const Row& row, EventTime time) {
    if (watermark_ == EventTime::min() || time > saturating_sub(watermark_, allowed_)) return false;
    rows_.take(row, time);
    return true;
  }
  /// At the end of every call.
  void flush() { rows_.flush(); }

 private:
  LateRows<Row> rows_;
  const Duration allowed_;
  EventTime watermark_;
};

}  // namespace weir::detail
