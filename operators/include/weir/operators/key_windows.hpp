#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/timers.hpp>

namespace weir {

/// A window of a key: what its rows have become, and what its trigger remembers.
template <class Accumulator, class TriggerState>
struct OpenWindow {
  Window window{};
  bool filled = false;  ///< rows came since it was emptied
  Window span{};        ///< of the times of these rows
  Accumulator accumulator{};
  TriggerState trigger{};
  TimerSet timers;
  TimerSet processing_timers;

  void take(EventTime time) {
    const EventTime after = saturating_add(time, Duration{1});
    span = filled ? Window{std::min(span.start, time), std::max(span.end, after)} : Window{time, after};
    filled = true;
  }
  void purge() {
    accumulator = Accumulator{};
    filled = false;
  }
  /// Nothing would be lost with it.
  bool idle() const {
    if (filled || !timers.empty() || !processing_timers.empty()) return false;
    std::string now, fresh;
    StateCodec<TriggerState>::encode(now, trigger);
    StateCodec<TriggerState>::encode(fresh, TriggerState{});
    return now == fresh;
  }
  std::size_t heap_bytes() const {
    return weir::heap_bytes(accumulator) + weir::heap_bytes(trigger) + timers.heap_bytes() +
           processing_timers.heap_bytes();
  }
};

/// The open windows of a key, an object of a KeyedTable; few, so they are searched one by one.
template <class Accumulator, class TriggerState>
struct KeyWindows {
  using Open = OpenWindow<Accumulator, TriggerState>;
  /// When the key is to be looked at; see LazyTimers.
  EventTime armed = EventTime::max();
  EventTime armed_processing = EventTime::max();
  std::vector<Open> windows;

  Open& open(const Window& window) {
    for (Open& known : windows)
      if (known.window == window) return known;
    windows.emplace_back().window = window;
    return windows.back();
  }
  std::size_t heap_bytes() const { return weir::heap_bytes(windows); }
};

/// As a struct with these fields, so that accumulators and states of triggers may be converted like any other state.
template <class Accumulator, class TriggerState>
struct StateCodec<KeyWindows<Accumulator, TriggerState>> {
  using Value = KeyWindows<Accumulator, TriggerState>;
  static void encode(std::string& out, const Value& value) {
    StateCodec<EventTime>::encode(out, value.armed);
    StateCodec<EventTime>::encode(out, value.armed_processing);
    detail::append_number(out, static_cast<std::uint32_t>(value.windows.size()));
    for (const auto& open : value.windows) {
      for (const EventTime time : {open.window.start, open.window.end})
        StateCodec<EventTime>::encode(out, time);
      StateCodec<bool>::encode(out, open.filled);
      for (const EventTime time : {open.span.start, open.span.end}) StateCodec<EventTime>::encode(out, time);
      StateCodec<Accumulator>::encode(out, open.accumulator);
      StateCodec<TriggerState>::encode(out, open.trigger);
      StateCodec<TimerSet>::encode(out, open.timers);
      StateCodec<TimerSet>::encode(out, open.processing_timers);
    }
  }
  static Value decode(StateReader& in) {
    Value value;
    value.armed = StateCodec<EventTime>::decode(in);
    value.armed_processing = StateCodec<EventTime>::decode(in);
    value.windows.resize(in.number<std::uint32_t>());
    for (auto& open : value.windows) {
      open.window.start = StateCodec<EventTime>::decode(in);
      open.window.end = StateCodec<EventTime>::decode(in);
      open.filled = StateCodec<bool>::decode(in);
      open.span.start = StateCodec<EventTime>::decode(in);
      open.span.end = StateCodec<EventTime>::decode(in);
      open.accumulator = StateCodec<Accumulator>::decode(in);
      open.trigger = StateCodec<TriggerState>::decode(in);
      open.timers = StateCodec<TimerSet>::decode(in);
      open.processing_timers = StateCodec<TimerSet>::decode(in);
    }
    return value;
  }
  static std::string type() {
    return "{armed:event_time,armed_processing:event_time,windows:list<{start:event_time,end:event_time,"
           "filled:bool,"
           "earliest:event_time,after_latest:event_time,accumulator:" +
           StateCodec<Accumulator>::type() + ",trigger:" + StateCodec<TriggerState>::type() +
           ",timers:list<event_time>,processing_timers:list<event_time>}>}";
  }
};

}  // namespace weir
