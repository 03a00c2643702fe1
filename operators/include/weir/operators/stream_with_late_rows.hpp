#pragma once

#include <weir/operators/stream.hpp>

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

}  // namespace weir
