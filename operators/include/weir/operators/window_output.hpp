#pragma once

#include <type_traits>
#include <utility>

#include <weir/core/failed_at.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/chain.hpp>
#include <weir/operators/window.hpp>

namespace weir {

/// Makes rows of what an aggregate knows of a key's window, by whichever form of result() it offers; see Aggregate.
template <class Aggregate, class Key>
struct WindowOutput {
  using Accumulator = typename Aggregate::Accumulator;

  /// Calls collect(row) for each row.
  template <class Collect>
  static void emit(const Aggregate& aggregate, const Key& key, const Window& window, WindowPane pane,
                   const Accumulator& accumulator, Collect&& collect) {
    for_key([&] { return detail::text_of_key(key); },
            [&] {
              if constexpr (kManyRows) aggregate.emit(key, window, pane, accumulator, collect);
              else collect(make(aggregate, key, window, pane, accumulator));
            });
  }

 private:
  static constexpr bool kManyRows = requires { typename Aggregate::Out; };

  static auto make(const Aggregate& a, const Key& key, const Window& window, WindowPane pane,
                   const Accumulator& accumulator) {
    if constexpr (requires { a.result(key, window, pane, accumulator); }) {
      return a.result(key, window, pane, accumulator);
    } else if constexpr (requires { a.result(key, window, accumulator); }) {
      return a.result(key, window, accumulator);
    } else {
      return WindowResult<Key, decltype(a.result(accumulator))>{key, window.start, window.end,
                                                                a.result(accumulator)};
    }
  }
  static auto row_type() {
    if constexpr (kManyRows) return std::type_identity<typename Aggregate::Out>{};
    else
      return std::type_identity<decltype(make(std::declval<const Aggregate&>(), std::declval<const Key&>(),
                                              std::declval<const Window&>(), WindowPane{},
                                              std::declval<const Accumulator&>()))>{};
  }

 public:
  using Row = typename decltype(row_type())::type;
};

}  // namespace weir
