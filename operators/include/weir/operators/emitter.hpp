#pragma once

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/state/codec.hpp>

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

namespace detail {

/// Emits a row with a copy of its text.
template <class Row>
void emit_copy(Emitter<Row>& to, const Row& row, EventTime time) {
  Row copy = row;
  if constexpr (kHoldsViews<Row>) own_text(copy, to.arena());
  to.emit(std::move(copy), time);
}

template <std::size_t kPort, class Row>
struct PortEmitter {
  explicit PortEmitter(OperatorContext& context) : emitter(context, kPort) {}
  Emitter<Row> emitter;
};

template <class Ports, class... Rows>
class PortEmitters;
template <std::size_t... kPorts, class... Rows>
class PortEmitters<std::index_sequence<kPorts...>, Rows...> : PortEmitter<kPorts, Rows>... {
 public:
  explicit PortEmitters(OperatorContext& context) : PortEmitter<kPorts, Rows>(context)... {}
  template <std::size_t kPort>
  auto& get() {
    return PortEmitter<kPort, std::tuple_element_t<kPort, std::tuple<Rows...>>>::emitter;
  }
  void flush() { (PortEmitter<kPorts, Rows>::emitter.flush(), ...); }
};

}  // namespace detail

/// The emitters of an operator with several ports, port 0 first.
template <class... Rows>
using Emitters = detail::PortEmitters<std::index_sequence_for<Rows...>, Rows...>;

}  // namespace weir
