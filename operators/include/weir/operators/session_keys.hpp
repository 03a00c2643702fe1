#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/session_operator.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/window_verbs.hpp>
#include <weir/operators/windowed_keys.hpp>

namespace weir {

/// Keyed rows in sessions; what is to be done with a key's session comes next: aggregate(), reduce() or process(). They emit when the
/// session fires; for late rows see SessionWindows.
template <class Keys, class GapOf, bool kLateRows = false, class Before = KeepAll, class After = KeepAll>
class SessionKeys
    : public WindowVerbs<SessionKeys<Keys, GapOf, kLateRows, Before, After>, Keys, Before, After> {
 public:
  using Verbs = WindowVerbs<SessionKeys, Keys, Before, After>;
  using Row = typename Keys::RowType;
  using Key = typename Keys::Key;

  SessionKeys(Keys keys, SessionWindows<GapOf> windows, Before before = {}, After after = {})
      : Verbs(std::move(before), std::move(after)), keys_(std::move(keys)), windows_(std::move(windows)) {}

  /// Keeps rows whole on their way to the session, so that late() can give those that come too late. Costs their travel.
  auto late_rows() const {
    return SessionKeys<Keys, GapOf, true, Before, After>(keys_, windows_, this->before_, this->after_);
  }
  /// What the function, or the aggregate, sees of the rows when a session fires; what is evicted is gone. Keeps rows.
  template <class Evict>
  auto evict(Evict evictor) const {
    static_assert(WindowEvictor<Evict, Row>,
                  "weir: evict() takes a function of (WindowRows<Row>&) of this stream's row type");
    return SessionKeys<Keys, GapOf, kLateRows, Evict, After>(keys_, windows_, std::move(evictor),
                                                             this->after_);
  }
  /// The same after the function: what is left for the next firing.
  template <class Evict>
  auto evict_after(Evict evictor) const {
    static_assert(WindowEvictor<Evict, Row>,
                  "weir: evict_after() takes a function of (WindowRows<Row>&) of this stream's row type");
    return SessionKeys<Keys, GapOf, kLateRows, Before, Evict>(keys_, windows_, this->before_,
                                                              std::move(evictor));
  }

  // For WindowVerbs.
  template <class A>
  auto connect(const std::string& name, A aggregate) const {
    if constexpr (kLateRows) {
      return connect_as<Row>(name, aggregate, LiftedByReceiver<A, Row>{}, [](const Row& row) { return row; });
    } else {
      using Lifted = std::remove_cvref_t<decltype(aggregate.lift(std::declval<const Row&>()))>;
      return connect_as<Lifted>(name, aggregate, LiftedBySender<A, Lifted>{},
                                [aggregate](const Row& row) { return aggregate.lift(row); });
    }
  }

 private:
  template <class Value, class A, class Intake, class Lift>
  auto connect_as(const std::string& name, A aggregate, Intake intake, Lift lift) const {
    if constexpr (std::is_same_v<GapOf, FixedGap>) {
      auto stream = add<Value>(name, aggregate, intake);
      keys_.template connect<Value>(stream.vertex(), 0, lift);
      return stream;
    } else {
      auto stream = add<Gapped<Value>>(name, aggregate, intake);
      keys_.template connect<Gapped<Value>>(
          stream.vertex(), 0, [lift, gap_of = windows_.gap_of()](const Row& row) {
            return Gapped<Value>{detail::checked_gap(Duration(std::invoke(gap_of, row))), lift(row)};
          });
      return stream;
    }
  }
  template <class Travelling, class A, class Intake>
  auto add(const std::string& name, A aggregate, Intake intake) const {
    using Op = SessionOperator<Keyed<Key, Travelling>, A, Intake, GapOf>;
    OperatorVertex vertex;
    vertex.by_event_time = windows_.clock() == WindowClock::kEventTime;
    vertex.states.push_back({"sessions", state_type<Key>(), state_type<typename Op::Sessions>()});
    vertex.make = [windows = windows_, aggregate,
                   intake](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Op>(std::move(context), windows, aggregate, intake);
    };
    return WindowedStream<typename Op::Out, typename Intake::LateRow>(
        keys_.builder(), keys_.builder().add(name, description(), std::move(vertex)));
  }
  std::string description() const {
    std::string said = windows_.clock() == WindowClock::kEventTime ? "session" : "processing-time session";
    if constexpr (std::is_same_v<GapOf, FixedGap>)
      return said + " with a gap of " + detail::describe(windows_.gap_of().gap);
    return said + " with a gap by row";
  }

  Keys keys_;
  SessionWindows<GapOf> windows_;
};

template <class Row, class From, class Chain, class KeyOf>
template <class GapOf>
auto KeyedStream<Row, From, Chain, KeyOf>::window(SessionWindows<GapOf> windows) const {
  if constexpr (!std::is_same_v<GapOf, FixedGap>)
    static_assert(std::is_invocable_r_v<Duration, const GapOf&, const Row&>,
                  "weir: session() takes a gap, or a function of (const Row&) of this stream's row type that "
                  "gives one");
  return SessionKeys<KeyedStream, GapOf>(*this, std::move(windows));
}

}  // namespace weir
