#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/count_operator.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/window_verbs.hpp>
#include <weir/operators/windowed_keys.hpp>

namespace weir {

/// Keyed rows in windows by number of rows; what is to be done with a key's window comes next: aggregate(), reduce() or process(). They
/// emit when a window is complete.
template <class Keys>
class CountedKeys : public WindowVerbs<CountedKeys<Keys>, Keys, KeepAll, KeepAll> {
 public:
  using Verbs = WindowVerbs<CountedKeys, Keys, KeepAll, KeepAll>;
  using Row = typename Keys::RowType;
  using Key = typename Keys::Key;

  CountedKeys(Keys keys, CountWindows windows) : Verbs({}, {}), keys_(std::move(keys)), windows_(windows) {}

  /// At the end of the input emits the windows that have begun, with the rows they have, as early panes. Without it they are dropped.
  CountedKeys emit_partial() const {
    CountedKeys copy = *this;
    copy.emit_partial_ = true;
    return copy;
  }

  // For WindowVerbs.
  template <class A>
  auto connect(const std::string& name, A aggregate) const {
    using Lifted = std::remove_cvref_t<decltype(aggregate.lift(std::declval<const Row&>()))>;
    using Intake = LiftedBySender<A, Lifted>;
    using Op = CountWindowOperator<Keyed<Key, Lifted>, A, Intake>;
    OperatorVertex vertex;
    vertex.states.push_back({"counts", state_type<Key>(), state_type<typename Op::Counts>()});
    vertex.make = [windows = windows_, emit_partial = emit_partial_,
                   aggregate](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Op>(std::move(context), windows, emit_partial, aggregate, Intake{});
    };
    const VertexId to = keys_.builder().add(name, windows_.description(), std::move(vertex));
    keys_.template connect<Lifted>(to, 0, [aggregate](const Row& row) { return aggregate.lift(row); });
    return WindowedStream<typename Op::Out, Nothing>(keys_.builder(), to);
  }

 private:
  Keys keys_;
  CountWindows windows_;
  bool emit_partial_ = false;
};

template <class Row, class From, class Chain, class KeyOf>
auto KeyedStream<Row, From, Chain, KeyOf>::count_window(std::size_t size) const {
  return CountedKeys<KeyedStream>(*this, CountWindows(size, size));
}
template <class Row, class From, class Chain, class KeyOf>
auto KeyedStream<Row, From, Chain, KeyOf>::count_window(std::size_t size, std::size_t slide) const {
  return CountedKeys<KeyedStream>(*this, CountWindows(size, slide));
}

}  // namespace weir
