#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <weir/core/error.hpp>
#include <weir/operators/interval_join_operator.hpp>
#include <weir/operators/join.hpp>

namespace weir {

/// Joins the rows of a key of two streams whose times are close: right.time in [left.time + lower, left.time + upper].
///
/// *Emits* a pair when the later of both rows comes, with the larger of both times; the partners of a row by their time, then in
/// the order in which they came. A row of an outer side that has had no partner is emitted with nullptr for the other once
/// no partner can come any more: when the watermark reaches left.time + upper, or right.time - lower. That moment, or the row's own
/// time where it is later, is its event time. So nothing that is emitted for rows on time is late, and no watermark is held back.
///
/// *Keeps* a left row until the watermark reaches left.time + upper and a right one until it reaches right.time - lower, and up to
/// half an interval (100 ms at least) longer, since what is over is dropped a bucket at a time. A row costs what its key has in the
/// three or four buckets of its interval, however much there is besides. Of an outer side, one bucket is in memory when its time is up;
/// else state may leave it.
///
/// *Late*: a row that is behind the watermark is joined with those partners that still may be had, and late only when there are none and
/// none can come: it is counted (weir_operator_late_records_total) and goes to late_left() or late_right(), and is not emitted
/// without a partner.
///
/// *Restarts* change nothing. A changed interval takes effect at the next start for the rows that are kept by then.
///
/// The semantics of Flink's interval joins, the outer ones those of Flink SQL.
template <class Left, class Right>
class IntervalJoin : public AnyJoin<IntervalJoin<Left, Right>, Left, Right> {
  using Base = AnyJoin<IntervalJoin, Left, Right>;

 public:
  using typename Base::Key;
  using typename Base::LeftRow;
  using typename Base::RightRow;

  /// Both bounds belong to the interval. Throws FailJob(kUsage) when `lower` is above `upper`.
  IntervalJoin(Left left, Right right, Duration lower, Duration upper)
      : Base(std::move(left), std::move(right)),
        lower_(std::max(lower, -Duration::max())),
        upper_(std::max(upper, -Duration::max())) {
    if (lower > upper)
      throw FailJob(
          "an interval join lies between a lower bound and an upper one: " + std::to_string(lower.count()) +
              " ms is above " + std::to_string(upper.count()) + " ms",
          ExitCode::kUsage);
  }

 private:
  friend InnerOrLeftJoin<IntervalJoin, Left, Right>;

  template <JoinKind kKind, class Out, class Function>
  auto add(const std::string& name, Function function) const {
    using Op = detail::IntervalJoinOperator<Key, LeftRow, RightRow, Out, Function, kKind>;
    return detail::add_join<Out>(
        this->left_, this->right_, name,
        "join of rows " + std::to_string(lower_.count()) + " to " + std::to_string(upper_.count()) +
            " ms apart",
        {{"left rows", state_type<Key>(), Op::Left::Rows::type()},
         {"right rows", state_type<Key>(), Op::Right::Rows::type()}},
        [lower = lower_, upper = upper_, function](OperatorContext context) -> std::unique_ptr<Operator> {
          return std::make_unique<Op>(std::move(context), lower, upper, function);
        });
  }

  Duration lower_;
  Duration upper_;
};

template <class Left, class Right>
auto StreamJoin<Left, Right>::between(Duration lower, Duration upper) const {
  return IntervalJoin<Left, Right>(left_, right_, lower, upper);
}

}  // namespace weir
