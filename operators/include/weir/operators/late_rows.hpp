#pragma once

#include <algorithm>
#include <utility>

#include <weir/operators/emitter.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/window_operator.hpp>
#include <weir/state/codec.hpp>

namespace weir {

/// What an operator gives that has no place for rows which come too late: its results, and those rows.
template <class Out, class LateRow>
class StreamWithLateRows : public Stream<Out> {
 public:
  StreamWithLateRows(detail::GraphBuilder& builder, VertexId vertex)
      : Stream<Out>(builder, vertex, 0, {}, {}) {}
  /// Rows that came too late, as they came. Dropped, and counted, where nobody asks for them.
  Stream<LateRow> late() const { return Stream<LateRow>(*this->builder_, this->vertex_, 1, {}, {}); }
};

namespace detail {

/// Emits a row with a copy of its text.
template <class Row>
void emit_copy(Emitter<Row>& to, const Row& row, EventTime time) {
  Row copy = row;
  if constexpr (kHoldsViews<Row>) own_text(copy, to.arena());
  to.emit(std::move(copy), time);
}

/// Port 1 of an operator: rows behind the watermark by more than is allowed, counted.
template <class Row>
class LateRows {
 public:
  LateRows(OperatorContext& context, EventTime watermark, Duration allowed = {})
      : rows_(context, 1),
        counters_(context, rows_.has_consumers()),
        allowed_(allowed),
        watermark_(watermark) {}

  EventTime watermark() const { return watermark_; }
  void advance(EventTime watermark) { watermark_ = std::max(watermark_, watermark); }
  /// Takes a row that is too late. False: it is not.
  bool take(const Row& row, EventTime time) {
    if (watermark_ == EventTime::min() || time > saturating_sub(watermark_, allowed_)) return false;
    ++late_;
    if (rows_.has_consumers()) emit_copy(rows_, row, time);
    return true;
  }
  /// At the end of every call.
  void flush() {
    rows_.flush();
    if (late_ > 0) counters_.add(std::exchange(late_, 0));
  }

 private:
  Emitter<Row> rows_;
  LateCounters counters_;
  const Duration allowed_;
  EventTime watermark_;
  std::uint64_t late_ = 0;
};

}  // namespace detail

}  // namespace weir
