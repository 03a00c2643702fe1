#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <weir/core/job_graph.hpp>

#include "channel.hpp"
#include "edge_output.hpp"

namespace weir {

/// An edge of plain numbers.
inline Edge number_edge() {
  Edge edge;
  edge.make_batch = &make_batch<int>;
  return edge;
}

inline Element rows_of(std::initializer_list<int> rows) {
  Element element;
  auto batch = std::make_unique<RowBatch<int>>();
  for (const int row : rows) batch->append(row, EventTime{row});
  element.rows = std::move(batch);
  return element;
}
inline Element mark(Element::Kind kind, std::int64_t watermark = 0, Epoch epoch = kNoEpoch) {
  Element element;
  element.kind = kind;
  element.watermark = EventTime{watermark};
  element.epoch = epoch;
  return element;
}

inline std::vector<int> numbers(const Batch& batch) {
  const auto rows = static_cast<const RowBatch<int>&>(batch).rows();
  return {rows.begin(), rows.end()};
}

}  // namespace weir
