#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/result_of_key.hpp>
#include <weir/operators/window_output.hpp>
#include <weir/state/codec.hpp>

namespace weir {

/// An aggregate that gives up part of what it has when it emits: the rows that an evictor takes.
/// evict_and_emit(key, window, pane, accumulator, collect) says whether anything is left.
template <class A, class Key>
concept EvictsRows = requires(const A& a, const Key& key, const Window& window,
                              typename A::Accumulator& accumulator) {
  {
    a.evict_and_emit(key, window, WindowPane{}, accumulator, [](typename A::Out) {})
    } -> std::same_as<bool>;
};

/// Port 0 of a window operator: rows made of accumulators.
template <class A, class Key>
class WindowResults {
 public:
  using Accumulator = typename A::Accumulator;
  using Output = WindowOutput<A, Key>;
  using Out = typename Output::Row;

  WindowResults(OperatorContext& context, A a)
      : aggregate(std::move(a)), name_(context.name), emitter_(context, 0) {}

  /// Emits what the aggregate makes of a key's window. False: evictors have left nothing of it.
  bool emit(const Key& key, const Window& window, PaneKind kind, Accumulator& accumulator, EventTime time) {
    const auto collect = [&](Out out) {
      if constexpr (kHoldsViews<Out>) own_text(out, emitter_.arena());
      emitter_.emit(std::move(out), time);
      ++emitted_;
    };
    if constexpr (EvictsRows<A, Key>) {
      return aggregate.evict_and_emit(key, window, WindowPane{kind}, accumulator, collect);
    } else {
      detail::result_of_key(name_, key, &window, [&] {
        Output::emit(aggregate, key, window, WindowPane{kind}, accumulator, collect);
      });
      return true;
    }
  }
  /// Rows since the last flush().
  std::size_t emitted() const { return emitted_; }
  /// Call at the end of every call into the operator.
  void flush() {
    emitter_.flush();
    emitted_ = 0;
  }

  const A aggregate;

 private:
  const std::string name_;
  Emitter<Out> emitter_;
  std::size_t emitted_ = 0;
};

}  // namespace weir
