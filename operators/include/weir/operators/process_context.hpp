#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <weir/core/operator.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/keyed_state.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/timers.hpp>

namespace weir {

/// What a process function may use besides the row, where there is no key: the row's time, the watermark, the clock, and ways out.
/// `Outs` are the row types of the outputs: output 0 is the stream that process() gives, the others are its side outputs.
/// Valid during the call it is given to.
template <class... Outs>
class ProcessContext {
 public:
  template <std::size_t kOutput>
  using OutputRow = std::tuple_element_t<kOutput, std::tuple<Outs...>>;

  explicit ProcessContext(OperatorContext& context) : clock_(context.environment), emitters_(context) {}

  /// The event time of the row, or the time that a timer was set for.
  EventTime time() const { return time_; }
  /// No row with an earlier or equal time is on time any more. EventTime::min() before the first watermark.
  EventTime watermark() const { return watermark_; }
  /// The wall clock, read once a batch.
  EventTime processing_time() { return clock_.wall_clock(); }

  /// Emits a row with the current time(), or another one. Its text is copied.
  void emit(const OutputRow<0>& row) { emit_to<0>(row, time_); }
  void emit(const OutputRow<0>& row, EventTime time) { emit_to<0>(row, time); }
  /// Emits to a side output, 1 and up.
  template <std::size_t kOutput>
  void emit_to(const OutputRow<kOutput>& row) {
    emit_to<kOutput>(row, time_);
  }
  template <std::size_t kOutput>
  void emit_to(const OutputRow<kOutput>& row, EventTime time) {
    detail::emit_copy(emitters_.template get<kOutput>(), row, time);
    ++emitted_;
  }
  /// For text that the function makes: valid until the call ends.
  Arena& arena() { return *text_; }

  // For the operator that drives the function.
  void begin(EventTime time) {
    time_ = time;
    clock_.row(time);
  }
  void begin_timer(EventTime time) {
    time_ = time;
    clock_.event_timer(time);
  }
  void begin_processing_timer(EventTime time) {
    time_ = time;
    clock_.processing_timer();
  }
  /// Timers come before reached(): what they see of states that expire is as of their own time.
  void reach(EventTime watermark) {
    if (!is_end_of_input(watermark)) lasting_watermark_ = std::max(lasting_watermark_, watermark);
    watermark_ = std::max(watermark_, watermark);
  }
  /// watermark() but for the end of the input, which is the end of a run: what a later one goes on with. A timer that came at the end
  /// is gone, for its key; it says nothing of the time of other keys.
  EventTime lasting_watermark() const { return lasting_watermark_; }
  bool has_ended() const { return is_end_of_input(watermark_); }
  void reached() { clock_.reached(watermark_); }
  void reach_processing_time(EventTime now) { clock_.at_wall_clock(now); }
  StateClock& clock() { return clock_; }
  void end_of_call() {
    emitters_.flush();
    clock_.end_of_call();
    emitted_ = 0;
    if (text_->allocated_bytes() > 0) text_->clear();
  }
  std::size_t emitted() const { return emitted_; }

 private:
  StateClock clock_;
  Emitters<Outs...> emitters_;
  ArenaRef text_ = ArenaRef::make();
  EventTime time_ = EventTime::min();
  EventTime watermark_ = EventTime::min();
  EventTime lasting_watermark_ = EventTime::min();
  std::size_t emitted_ = 0;
};

/// What a keyed process function may use: besides all of ProcessContext its key, and timers. A timer belongs to a key and a time; setting it
/// twice is setting it once. Timers are state: they are restored, and those that came due meanwhile fire first.
template <class Key, class... Outs>
class KeyedContext : public ProcessContext<Outs...> {
 public:
  KeyedContext(OperatorContext& context, const KeyRef<Key>& current)
      : ProcessContext<Outs...>(context), current_(&current) {}

  const Key& key() const { return current_->key; }

  /// Calls on_timer() for this key once the watermark has reached `time`; at the next watermark when it has already. At the end
  /// of the input all event-time timers fire, also those set meanwhile: who sets one timer after the other stops when watermark() is
  /// EventTime::max().
  void set_timer(EventTime time) { timers().set(current_->hash, current_->key, time); }
  void remove_timer(EventTime time) { timers().remove(current_->hash, current_->key, time); }
  /// Calls on_processing_timer() for this key once the wall clock has reached `time`, to some milliseconds. At the end of the input those that
  /// are left fire at once, and no new ones are taken.
  void set_processing_timer(EventTime time) {
    if (!ended_) processing_timers().set(current_->hash, current_->key, time);
  }
  void remove_processing_timer(EventTime time) {
    processing_timers().remove(current_->hash, current_->key, time);
  }

  // For the operator that drives the function.
  void use(Timers<Key>* timers, Timers<Key>* processing_timers) {
    timers_ = timers;
    processing_timers_ = processing_timers;
  }
  void end_of_input() { ended_ = true; }

 private:
  Timers<Key>& timers() const {
    WEIR_ASSERT(timers_, "a function that sets timers has on_timer(weir::EventTime, context)");
    return *timers_;
  }
  Timers<Key>& processing_timers() const {
    WEIR_ASSERT(processing_timers_,
                "a function that sets processing timers has on_processing_timer(weir::EventTime, context)");
    return *processing_timers_;
  }

  const KeyRef<Key>* current_;
  Timers<Key>* timers_ = nullptr;
  Timers<Key>* processing_timers_ = nullptr;
  bool ended_ = false;
};

}  // namespace weir
