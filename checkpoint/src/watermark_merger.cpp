#include <weir/checkpoint/watermark_merger.hpp>

#include <algorithm>

#include <weir/core/assert.hpp>

namespace weir {

std::optional<EventTime> WatermarkMerger::advance(std::size_t input, EventTime watermark) {
  WEIR_ASSERT(watermark >= inputs_[input].watermark, "the watermark of an input never goes back");
  inputs_[input] = {watermark, false};
  return merge();
}

std::optional<EventTime> WatermarkMerger::idle(std::size_t input) {
  inputs_[input].idle = true;
  return merge();
}

bool WatermarkMerger::all_idle() const {
  bool any_idle = false;
  for (const Input& input : inputs_) {
    if (!input.idle && !input.ended()) return false;
    any_idle = any_idle || (input.idle && !input.ended());
  }
  return any_idle;
}

std::optional<EventTime> WatermarkMerger::merge() {
  EventTime slowest = EventTime::max();
  bool any_active = false;
  bool all_ended = true;
  for (const Input& input : inputs_) {
    // An ended input holds nobody back; but only when all have ended is that the end of time.
    if (input.ended()) continue;
    all_ended = false;
    if (input.idle) continue;
    any_active = true;
    slowest = std::min(slowest, input.watermark);
  }
  if ((!any_active && !all_ended) || slowest <= merged_) return std::nullopt;
  merged_ = slowest;
  return merged_;
}

}  // namespace weir
