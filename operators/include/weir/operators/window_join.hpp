#pragma once

#include <memory>
#include <string>
#include <utility>

#include <weir/core/error.hpp>
#include <weir/operators/join.hpp>
#include <weir/operators/window.hpp>
#include <weir/operators/window_join_operator.hpp>

namespace weir {

/// Joins the rows of a key of two streams that lie in the same window: tumbling(), sliding(), cumulative(), calendar_days().
///
/// *Emits* all pairs of a key when the watermark reaches the window's last millisecond, which is their event time; in the order of the left
/// row's time, then of the right one's, rows of one time in the order in which they came. Outer kinds emit the rows whose key
/// the other side does not have in that window, with nullptr for the other. Where windows overlap, each is joined by itself.
///
/// *Keeps* the rows of both sides, once however many windows they are in, until the last window that they are in has been joined; then they
/// are dropped together. A window that is being joined is in memory; else state may leave it.
///
/// *Late* is a row all of whose windows have been joined: it is counted (weir_operator_late_records_total), and goes to late_left() or
/// late_right(). A window is joined once: there is neither allowed lateness nor early firing.
///
/// *Restarts* change nothing. Other windows take effect at the next start, for the rows that are kept by then.
///
/// The semantics of Flink's window join, with the outer kinds of Flink SQL's.
template <class Left, class Right>
class WindowJoin : public AnyJoin<WindowJoin<Left, Right>, Left, Right> {
  using Base = AnyJoin<WindowJoin, Left, Right>;

 public:
  using typename Base::Key;
  using typename Base::LeftRow;
  using typename Base::RightRow;

  /// Throws FailJob(kUsage) for windows with allowed lateness.
  WindowJoin(Left left, Right right, WindowPlan plan)
      : Base(std::move(left), std::move(right)), plan_(std::move(plan)) {
    if (plan_.lateness.count() > 0)
      throw FailJob(
          "a window join has no allowed lateness: what comes too late is had by late_left() and late_right()",
          ExitCode::kUsage);
  }

 private:
  friend InnerOrLeftJoin<WindowJoin, Left, Right>;

  template <JoinKind kKind, class Out, class Function>
  auto add(const std::string& name, Function function) const {
    using Op = detail::WindowJoinOperator<Key, LeftRow, RightRow, Out, Function, kKind>;
    return detail::add_join<Out>(
        this->left_, this->right_, name, "join in a " + plan_.description(),
        {{"left rows", state_type<Key>(), Op::Left::Rows::type()},
         {"right rows", state_type<Key>(), Op::Right::Rows::type()}},
        [plan = plan_, function](OperatorContext context) -> std::unique_ptr<Operator> {
          return std::make_unique<Op>(std::move(context), plan, function);
        });
  }

  WindowPlan plan_;
};

template <class Left, class Right>
template <class Windows>
auto StreamJoin<Left, Right>::window(Windows windows) const {
  static_assert(std::is_same_v<Windows, AlignedWindows<>>,
                "weir: a window join takes weir::tumbling(), sliding(), cumulative() or calendar_days(), "
                "without early firing");
  if constexpr (std::is_same_v<Windows, AlignedWindows<>>)
    return WindowJoin<Left, Right>(left_, right_, windows.plan());
}

}  // namespace weir
