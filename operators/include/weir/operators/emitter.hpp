#pragma once

#include <memory>
#include <vector>

#include <weir/core/operator.hpp>

namespace weir {

/// Where an operator's rows of one port go: collected in a batch, given to every consumer when it is full and at flush().
template <class Row>
class Emitter {
 public:
  Emitter(OperatorContext& context, std::size_t port) {
    if (port < context.outputs.size()) consumers_ = std::move(context.outputs[port]);
  }

  bool has_consumers() const { return !consumers_.empty(); }
  /// Text of rows emitted next may be put here.
  Arena& arena() { return batch_.arena(); }
  RowBatch<Row>& batch() { return batch_; }

  void emit(Row row, EventTime time) {
    batch_.append(std::move(row), time);
    if (batch_.full()) flush();
  }
  /// Call at the end of every call into the operator.
  void flush() {
    if (batch_.empty()) return;
    for (const auto& consumer : consumers_) consumer->consume(batch_);
    batch_.clear();
  }

 private:
  RowBatch<Row> batch_;
  std::vector<std::unique_ptr<BatchConsumer>> consumers_;
};

}  // namespace weir
