#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/stream.hpp>
#include <weir/operators/triggered_operator.hpp>
#include <weir/operators/window_verbs.hpp>
#include <weir/operators/windowed_keys.hpp>

namespace weir {

namespace detail {

/// Stands where a trigger is still to be said.
struct NoTrigger {};

template <class Assigner>
using DefaultTrigger = std::conditional_t<
    kGlobal<Assigner>, NoTrigger,
    std::conditional_t<clock_of<Assigner>() == WindowClock::kEventTime, OnWatermarkPastEnd, OnClockPastEnd>>;

template <class Assigner>
std::string describe_assigner(const Assigner& assigner) {
  if constexpr (requires { assigner.description(); }) return assigner.description();
  else return "window of an assigner";
}

}  // namespace detail

/// Keyed rows in the windows that an assigner gives them; what is to be done with a key's window comes next: aggregate(), reduce() or
/// process(). They emit whenever the trigger fires and the window has rows.
template <class Keys, class Assigner, class Trigger = detail::DefaultTrigger<Assigner>,
          bool kLateRows = false, class Before = KeepAll, class After = KeepAll>
class TriggeredKeys : public WindowVerbs<TriggeredKeys<Keys, Assigner, Trigger, kLateRows, Before, After>,
                                         Keys, Before, After> {
 public:
  using Verbs = WindowVerbs<TriggeredKeys, Keys, Before, After>;
  using Row = typename Keys::RowType;
  using Key = typename Keys::Key;

  TriggeredKeys(Keys keys, Assigner assigner, Trigger trigger = {}, Duration lateness = Duration{0},
                Before before = {}, After after = {})
      : Verbs(std::move(before), std::move(after)),
        keys_(std::move(keys)),
        assigner_(std::move(assigner)),
        trigger_(std::move(trigger)),
        lateness_(lateness) {}

  /// How long after their end windows are kept for late rows: 0 ms and up; 0 by default. Of no use for global windows and those of the wall
  /// clock, where nothing is late.
  TriggeredKeys allowed_lateness(Duration lateness) const {
    if (lateness.count() < 0) throw FailJob("allowed lateness must not be negative", ExitCode::kUsage);
    TriggeredKeys copy = *this;
    copy.lateness_ = lateness;
    return copy;
  }
  /// Says when windows fire, in place of the watermark, or clock, at their end: every_count(), event_time_every(),
  /// processing_time_every(), delta(), purging() of these, or one of your own (window_trigger.hpp).
  template <class T>
  auto trigger(T unbound) const {
    auto trigger = detail::bind_row<Row>(unbound);
    using Bound = decltype(trigger);
    static_assert(WindowTrigger<Bound, Row>,
                  "weir: a trigger has State, on_row(const Row&, EventTime, const Window&, context), "
                  "on_event_time(EventTime, const Window&, context) and on_processing_time(), which give a "
                  "TriggerResult, and clear(const Window&, context)");
    return TriggeredKeys<Keys, Assigner, Bound, kLateRows, Before, After>(
        keys_, assigner_, std::move(trigger), lateness_, this->before_, this->after_);
  }
  /// Keeps rows whole on their way to the window, so that late() can give those that come too late. Costs their travel.
  auto late_rows() const {
    return TriggeredKeys<Keys, Assigner, Trigger, true, Before, After>(keys_, assigner_, trigger_, lateness_,
                                                                       this->before_, this->after_);
  }
  /// What the function, or the aggregate, sees of the rows when a window fires; what is evicted is gone. Keeps rows.
  template <class Evict>
  auto evict(Evict evictor) const {
    static_assert(WindowEvictor<Evict, Row>,
                  "weir: evict() takes a function of (WindowRows<Row>&) of this stream's row type");
    return TriggeredKeys<Keys, Assigner, Trigger, kLateRows, Evict, After>(
        keys_, assigner_, trigger_, lateness_, std::move(evictor), this->after_);
  }
  /// The same after the function: what is left for the next firing.
  template <class Evict>
  auto evict_after(Evict evictor) const {
    static_assert(WindowEvictor<Evict, Row>,
                  "weir: evict_after() takes a function of (WindowRows<Row>&) of this stream's row type");
    return TriggeredKeys<Keys, Assigner, Trigger, kLateRows, Before, Evict>(
        keys_, assigner_, trigger_, lateness_, this->before_, std::move(evictor));
  }

  // For WindowVerbs.
  template <class A>
  auto connect(const std::string& name, A aggregate) const {
    constexpr bool kHasTrigger = !std::is_same_v<Trigger, detail::NoTrigger>;
    static_assert(
        kHasTrigger,
        "weir: global windows never end, so say when they fire: .window(global()).trigger(every_count(100))");
    if constexpr (!kHasTrigger) {
      return;
    } else if constexpr (kLateRows || detail::kNeedsRow<Assigner> || detail::kNeedsRow<Trigger>) {
      auto stream = add<Row>(name, aggregate, LiftedByReceiver<A, Row>{});
      keys_.template connect<Row>(stream.vertex(), 0, [](const Row& row) { return row; });
      return stream;
    } else {
      using Lifted = std::remove_cvref_t<decltype(aggregate.lift(std::declval<const Row&>()))>;
      auto stream = add<Lifted>(name, aggregate, LiftedBySender<A, Lifted>{});
      keys_.template connect<Lifted>(stream.vertex(), 0,
                                     [aggregate](const Row& row) { return aggregate.lift(row); });
      return stream;
    }
  }

 private:
  template <class Travelling, class A, class Intake>
  auto add(const std::string& name, A aggregate, Intake intake) const {
    using Op = TriggeredWindowOperator<Keyed<Key, Travelling>, A, Intake, Assigner, Trigger>;
    OperatorVertex vertex;
    // With another trigger only that one knows what it waits for.
    vertex.by_event_time = std::is_base_of_v<OnWatermarkPastEnd, Trigger>;
    vertex.states.push_back({"windows", state_type<Key>(), state_type<typename Op::Windows>()});
    vertex.make = [assigner = assigner_, trigger = trigger_, lateness = lateness_, aggregate,
                   intake](OperatorContext context) -> std::unique_ptr<Operator> {
      return std::make_unique<Op>(std::move(context), assigner, trigger, lateness, aggregate, intake);
    };
    return WindowedStream<typename Op::Out, typename Intake::LateRow>(
        keys_.builder(), keys_.builder().add(name, detail::describe_assigner(assigner_), std::move(vertex)));
  }

  Keys keys_;
  Assigner assigner_;
  Trigger trigger_;
  Duration lateness_;
};

template <class Row, class From, class Chain, class KeyOf>
template <class Assigner>
auto KeyedStream<Row, From, Chain, KeyOf>::window(Assigner assigner) const {
  static_assert(
      WindowAssigner<Assigner, Row>,
      "weir: window() takes tumbling(), sliding(), session(), global() and the like, or an assigner: a "
      "function of (EventTime, const Row&) that gives a Window or a range of them");
  return TriggeredKeys<KeyedStream, Assigner>(*this, std::move(assigner));
}

}  // namespace weir
