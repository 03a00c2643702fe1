#include "input_gate.hpp"

#include <map>

#include <weir/core/assert.hpp>

namespace weir {

InputGate::InputGate(std::vector<Input> inputs)
    : inputs_(std::move(inputs)),
      received_(inputs_.size()),
      ended_(inputs_.size(), false),
      aligner_(inputs_.size()),
      merger_(edges_of(inputs_)) {}

std::vector<std::size_t> InputGate::edges_of(const std::vector<Input>& inputs) {
  std::map<std::string_view, std::size_t> numbers;
  std::vector<std::size_t> edges;
  for (const Input& input : inputs)
    edges.push_back(numbers.try_emplace(input.edge, numbers.size()).first->second);
  return edges;
}

InputGate::Event InputGate::next() {
  WEIR_ASSERT(!holding_rows_, "rows are given back before the next event is taken");
  if (const Event event = take_return(); event.kind != Kind::kNothing) return event;
  for (std::size_t tried = 0; tried < inputs_.size(); ++tried) {
    if (++turn_ >= inputs_.size()) turn_ = 0;
    if (!aligner_.may_read(turn_)) continue;
    // Marks that concern one input only (a watermark that moves nothing) produce no event: read on.
    while (Element* element = inputs_[turn_].channel->front()) {
      const Event event = take(turn_, *element);
      if (event.kind != Kind::kNothing) return event;
      if (!aligner_.may_read(turn_)) break;
    }
  }
  return {};
}

/// Hears first of the inputs that are active again: the watermarks of others are not to run past their rows meanwhile.
InputGate::Event InputGate::take_return() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!merger_.is_idle(i) || !aligner_.may_read(i)) continue;
    Element* element = inputs_[i].channel->front();
    if (!element || element->kind != Element::Kind::kActive) continue;
    if (const Event event = take(i, *element); event.kind != Kind::kNothing) return event;
  }
  return {};
}

InputGate::Event InputGate::take(std::size_t i, Element& element) {
  Event event;
  switch (element.kind) {
    case Element::Kind::kRows:
      event.kind = Kind::kRows;
      event.input = inputs_[i].input;
      event.rows = element.rows.get();
      received_[i].add(element.rows->digest());
      rows_received_ += element.rows->size();
      holding_rows_ = true;
      return event;  // popped by done_with_rows()
    case Element::Kind::kWatermark:
      event = watermark_event(merger_.advance(i, element.watermark));
      if (event.kind == Kind::kNothing && merger_.all_idle())
        event.kind = Kind::kIdle;  // the last active input has ended
      break;
    case Element::Kind::kIdle:
      event = watermark_event(merger_.idle(i));
      if (event.kind == Kind::kNothing && merger_.all_idle()) event.kind = Kind::kIdle;
      break;
    case Element::Kind::kActive:
      if (merger_.all_idle()) event.kind = Kind::kActive;
      merger_.activate(i);
      break;
    case Element::Kind::kBarrier:
      if (aligner_.deliver(i, element.epoch)) {
        event.kind = Kind::kBarrier;
        event.epoch = element.epoch;
      }
      break;
    case Element::Kind::kEnd:
      WEIR_ASSERT(!ended_[i], "an input ends once");
      ended_[i] = true;
      if (++ended_count_ == inputs_.size()) event.kind = Kind::kEnd;
      break;
  }
  inputs_[i].channel->pop();
  return event;
}

InputGate::Event InputGate::watermark_event(const std::optional<EventTime>& merged) {
  Event event;
  if (merged) {
    event.kind = Kind::kWatermark;
    event.watermark = *merged;
  }
  return event;
}

void InputGate::done_with_rows() {
  WEIR_ASSERT(holding_rows_, "only rows are given back");
  Channel& channel = *inputs_[turn_].channel;
  std::unique_ptr<Batch> batch = std::move(channel.front()->rows);
  channel.pop();
  channel.give_back(std::move(batch));
  holding_rows_ = false;
}

std::vector<TaskSnapshot::EdgeEnd> InputGate::take_received() {
  std::vector<TaskSnapshot::EdgeEnd> ends;
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    ends.push_back({inputs_[i].edge, std::exchange(received_[i], {})});
  return ends;
}

}  // namespace weir
