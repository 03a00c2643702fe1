#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/operators/pattern_operator.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/stream_with_late_rows.hpp>

namespace weir {

/// A pattern of rows of a key, in order of event time, as in Flink CEP; docs/operators.md says it in full.
///
///     pattern<Payment>("small").where([](const Payment& p) { return p.amount < 1; })
///         .one_or_more()
///         .followed_by("large").where([](const Payment& p, const Match<Payment>& m) {
///            return p.amount > 1000 * m.last("small")->amount; })
///         .within(10min)
///
/// where(), times() and the like speak of the element named last. A value; copies are independent.
template <class Row>
class Pattern {
 public:
  explicit Pattern(std::string first) { add(std::move(first), Contiguity::kRelaxed, false); }

  /// The element's row follows at once: no other row of the key lies in between.
  Pattern& next(std::string name) { return add(std::move(name), Contiguity::kStrict, false); }
  /// The first row that fits follows, whatever lies in between.
  Pattern& followed_by(std::string name) { return add(std::move(name), Contiguity::kRelaxed, false); }
  /// Any row that fits follows: each makes a match of its own.
  Pattern& followed_by_any(std::string name) { return add(std::move(name), Contiguity::kAny, false); }
  /// The next row is not one that fits.
  Pattern& not_next(std::string name) { return add(std::move(name), Contiguity::kStrict, true); }
  /// No row that fits lies before the next element; at the end of a pattern, in the rest of its within().
  Pattern& not_followed_by(std::string name) { return add(std::move(name), Contiguity::kRelaxed, true); }

  /// A row fits for which `condition(const Row&)`, or `condition(const Row&, const Match<Row>&)`, holds, given the rows of the partial match
  /// so far. Several conditions must all hold. It must depend on nothing else.
  template <class Condition>
  Pattern& where(Condition condition) {
    auto& takes = conditions_.takes.back();
    auto more = checked(std::move(condition));
    if (!takes) takes = std::move(more);
    else
      takes = [a = std::move(takes), b = std::move(more)](const Row& row, const Match<Row>& match) {
        return a(row, match) && b(row, match);
      };
    return *this;
  }
  /// Or rows for which this holds.
  template <class Condition>
  Pattern& or_where(Condition condition) {
    auto& takes = conditions_.takes.back();
    if (takes)
      takes = [a = std::move(takes), b = checked(std::move(condition))](
                  const Row& row, const Match<Row>& match) { return a(row, match) || b(row, match); };
    return *this;
  }

  Pattern& times(std::uint32_t n) { return times(n, n); }
  Pattern& times(std::uint32_t least, std::uint32_t most) {
    last().min = least;
    last().max = most;
    return *this;
  }
  Pattern& times_or_more(std::uint32_t least) { return times(least, PatternElement::kUnbounded); }
  Pattern& one_or_more() { return times_or_more(1); }
  /// The element may be left out.
  Pattern& optional() {
    last().optional = true;
    return *this;
  }
  /// The element takes as many rows as it can before the pattern goes on. At a pattern's end it has no effect.
  Pattern& greedy() {
    last().greedy = true;
    return *this;
  }
  /// The element's rows follow each other at once. Without it, and without allow_combinations(), as by followed_by().
  Pattern& consecutive() {
    last().inner = Contiguity::kStrict;
    return *this;
  }
  /// The element's rows follow each other as by followed_by_any().
  Pattern& allow_combinations() {
    last().inner = Contiguity::kAny;
    return *this;
  }
  /// The element takes no more rows once one has come for which the condition holds, that one included.
  template <class Condition>
  Pattern& until(Condition condition) {
    last().has_until = true;
    conditions_.untils.back() = checked(std::move(condition));
    return *this;
  }

  /// A match's last row comes less than this after its first. Bounds what is kept: without it, partial matches wait for ever.
  Pattern& within(Duration time) {
    within_ = time;
    return *this;
  }
  /// What a match leaves of others: no_skip(), skip_to_next(), skip_past_last(), skip_to_first(name), skip_to_last(name).
  Pattern& after_match(SkipStrategy skip) {
    skip_ = std::move(skip);
    return *this;
  }

  /// Throws FailJob(kUsage) that says what is wrong.
  PatternPlan plan() const { return PatternPlan(elements_, within_, skip_); }
  const PatternConditions<Row>& conditions() const { return conditions_; }

 private:
  Pattern& add(std::string name, Contiguity link, bool negative) {
    elements_.push_back({std::move(name), link, negative});
    conditions_.takes.emplace_back();
    conditions_.untils.emplace_back();
    return *this;
  }
  PatternElement& last() { return elements_.back(); }

  template <class Condition>
  static PatternCondition<Row> checked(Condition condition) {
    constexpr bool kOfRow = std::predicate<const Condition&, const Row&>;
    constexpr bool kOfBoth = std::predicate<const Condition&, const Row&, const Match<Row>&>;
    static_assert(kOfRow || kOfBoth,
                  "weir: a pattern's condition is a predicate of (const Row&), or of (const Row&, const "
                  "weir::Match<Row>&), of the pattern's row type");
    if constexpr (kOfBoth) return condition;
    else if constexpr (kOfRow)
      return [condition](const Row& row, const Match<Row>&) { return std::invoke(condition, row); };
    else return {};
  }

  std::vector<PatternElement> elements_;
  PatternConditions<Row> conditions_;
  std::optional<Duration> within_;
  SkipStrategy skip_;
};

/// A pattern that begins with an element of this name.
template <class Row>
Pattern<Row> pattern(std::string first) {
  return Pattern<Row>(std::move(first));
}

/// What detect() gives: what is made of matches, and side outputs.
template <class Out, class LateRow, class TimedOut>
class DetectedStream : public StreamWithLateRows<Out, LateRow> {
 public:
  using StreamWithLateRows<Out, LateRow>::StreamWithLateRows;
  /// What is made of partial matches whose within() ran out.
  Stream<TimedOut> timed_out() const {
    static_assert(!std::is_same_v<TimedOut, Nothing>,
                  "weir: say what becomes of partial matches: detect<Out, TimedOut>(name, pattern, "
                  "on_match, on_timed_out)");
    return Stream<TimedOut>(*this->builder_, this->vertex_, 2, {}, {});
  }
};

namespace detail {

template <class Function, class Out, class Row>
concept TakesMatch = std::is_invocable_r_v < Out,
        Function&, const Match<Row>
& > || std::invocable<Function&, const Match<Row>&, MatchContext<Out>&>;

}  // namespace detail

template <class Row, class From, class Chain, class KeyOf>
template <class Out, class TimedOut, class OnMatch, class OnTimedOut>
auto KeyedStream<Row, From, Chain, KeyOf>::detect(const std::string& name, const Pattern<Row>& pattern,
                                                  OnMatch on_match, OnTimedOut on_timed_out) const {
  static_assert(detail::TakesMatch<OnMatch, Out, Row>,
                "weir: detect<Out>() takes a function of (const weir::Match<Row>&) that returns Out, or of "
                "(const weir::Match<Row>&, weir::MatchContext<Out>&)");
  static_assert(
      std::is_same_v<OnTimedOut, detail::IgnoreTimedOut> || detail::TakesMatch<OnTimedOut, TimedOut, Row>,
      "weir: what becomes of partial matches is a function of (const weir::Match<Row>&) that returns "
      "TimedOut, or of (const weir::Match<Row>&, weir::MatchContext<TimedOut>&)");
  static_assert(
      requires { StateCodec<Row>::type(); },
      "weir: rows of partial matches are part of the checkpoint: describe them with BOOST_DESCRIBE_STRUCT");
  using Op = detail::PatternOperator<Key, Row, Out, TimedOut, OnMatch, OnTimedOut>;
  const PatternPlan plan = pattern.plan();
  OperatorVertex vertex;
  vertex.by_event_time = true;
  Op::describe(vertex.states, plan);
  vertex.make = [plan, conditions = pattern.conditions(), on_match,
                 on_timed_out](OperatorContext context) -> std::unique_ptr<Operator> {
    return std::make_unique<Op>(std::move(context), plan, conditions, on_match, on_timed_out);
  };
  const VertexId to = builder().add(name, "pattern: " + plan.description(), std::move(vertex));
  connect<Row>(to, 0, [](const Row& row) { return row; });
  return DetectedStream<Out, Row, TimedOut>(builder(), to);
}

}  // namespace weir
