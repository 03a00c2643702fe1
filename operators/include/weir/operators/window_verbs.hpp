#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/compound_aggregates.hpp>
#include <weir/operators/kept_rows.hpp>

namespace weir {

/// What can be done with rows in windows that each key has of its own: sessions, count windows, windows of an assigner. `Windows` has
/// connect(name, aggregate), which adds the operator and gives its stream.
template <class Windows, class Keys, class Before, class After>
class WindowVerbs {
 public:
  using Row = typename Keys::RowType;
  using Key = typename Keys::Key;

  WindowVerbs(Before before, After after) : before_(std::move(before)), after_(std::move(after)) {}

  /// Aggregates each key's rows in each window. `name` names the state: it must be unique in the job and stay the same for as long as
  /// checkpoints are to be used. Emits one row whenever a window fires. With an evictor it keeps the rows, and aggregates those that
  /// stay.
  template <class A>
  auto aggregate(const std::string& name, A unbound) const {
    const auto aggregate = detail::bind_row<Row>(unbound);
    using Bound = std::remove_const_t<decltype(aggregate)>;
    static_assert(Aggregate<Bound, Row>,
                  "weir: an aggregate has Accumulator, lift(const Row&), add(Accumulator&, lifted), "
                  "merge(Accumulator&, const Accumulator&) and result() for this stream's row type");
    if constexpr (kEvicts) {
      using Function = detail::AggregateOfRows<Key, Row, Bound>;
      return windows().connect(name, kept<typename WindowOutput<Bound, Key>::Row>(Function{aggregate}));
    } else {
      return windows().connect(name, aggregate);
    }
  }
  /// Combines what `value_of`, a member or a function of the row, gives of all rows of a key's window: `function(value, value)`, of
  /// which order and grouping must not matter. The value owns its text.
  template <class ValueOf, class Function>
  auto reduce(const std::string& name, ValueOf value_of, Function function) const {
    using Value = detail::FieldOf<ValueOf, Row>;
    static_assert(std::is_invocable_r_v<Value, const Function&, const Value&, const Value&>,
                  "weir: reduce() takes a function that makes one value of two");
    return aggregate(name, detail::Reduce<Row, ValueOf, Function>{value_of, function});
  }
  /// Calls `function(const Key&, const Window&, const WindowRows<Row>&, collect)` when a window fires; it sees the window's rows, in the
  /// order in which they came, and calls collect(Out) any number of times. It may take the WindowPane after the window. Keeps every
  /// row; a checkpoint writes those windows whole that have changed.
  template <class Out, class Function>
  auto process(const std::string& name, Function function) const {
    static_assert(
        detail::WindowFunction<Function, Key, Row, Out>,
        "weir: process<Out>() takes a function of (const Key&, const Window&, const WindowRows<Row>&, "
        "auto&& collect) that calls collect(Out)");
    return windows().connect(name,
                             kept<Out>(detail::CallOnRows<Key, Row, Out, Function>{std::move(function)}));
  }

 protected:
  static constexpr bool kEvicts = !std::is_same_v<Before, KeepAll> || !std::is_same_v<After, KeepAll>;

  Before before_;
  After after_;

 private:
  const Windows& windows() const { return static_cast<const Windows&>(*this); }
  template <class Out, class Function>
  auto kept(Function function) const {
    return detail::KeptRows<Row, Out, Function, Before, After>{std::move(function), before_, after_};
  }
};

}  // namespace weir
