#include "input_watch.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "time_text.hpp"

namespace weir {

namespace {

/// How far an input has come, over its workers; none while it is idle.
std::optional<EventTime> watermark_of(const InputWatch::Input& input) {
  std::optional<EventTime> slowest;
  for (const Task* task : input.tasks) {
    if (task->place().idle.load(std::memory_order_relaxed)) continue;
    const EventTime own{task->place().watermark.load(std::memory_order_relaxed)};
    slowest = slowest ? std::min(*slowest, own) : own;
  }
  return slowest;
}

}  // namespace

void InputWatch::look(Environment::Instant now) {
  const Input* slow = nullptr;
  const Input* fast = nullptr;
  EventTime slowest = EventTime::max(), fastest = EventTime::min();
  for (const Input& input : inputs_) {
    const std::optional<EventTime> watermark = watermark_of(input);
    if (!watermark) continue;
    if (!slow || *watermark < slowest) slow = &input, slowest = *watermark;
    if (!fast || *watermark > fastest) fast = &input, fastest = *watermark;
  }
  const bool held = slow && slowest == slowest_ && fastest > slowest;
  if (!held) {
    slowest_ = slowest;
    fastest_then_ = fastest;
  }
  const Patience::Word word = patience_.look(held && fastest > fastest_then_, now);
  if (word == Patience::Word::kLasts)
    log_(
        fmt::format("event time of '{}' has stood at {} for {}: it waits for '{}', while '{}' has come to "
                    "{}, and what came of it "
                    "waits in the state",
                    vertex_, text_of(slowest), text_of(now - patience_.since()), slow->from, fast->from,
                    text_of(fastest)));
  else if (word == Patience::Word::kOver)
    log_(fmt::format("event time of '{}' goes on after {}", vertex_, text_of(now - patience_.since())));
}

}  // namespace weir
