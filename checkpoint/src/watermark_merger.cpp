#include <weir/checkpoint/watermark_merger.hpp>

#include <algorithm>

#include <weir/core/assert.hpp>

namespace weir {

WatermarkMerger::WatermarkMerger(const std::vector<std::size_t>& edge_of) : inputs_(edge_of.size()) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) inputs_[i].edge = edge_of[i];
  edge_active_.resize(edge_of.empty() ? 0 : 1 + *std::max_element(edge_of.begin(), edge_of.end()));
}

WatermarkMerger::WatermarkMerger(std::size_t inputs) : inputs_(inputs), edge_active_(inputs) {
  for (std::size_t i = 0; i < inputs; ++i) inputs_[i].edge = i;
}

std::optional<EventTime> WatermarkMerger::advance(std::size_t input, EventTime watermark) {
  WEIR_ASSERT(watermark >= inputs_[input].watermark, "the watermark of an input never goes back");
  inputs_[input].watermark = watermark;
  inputs_[input].idle = false;
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

void WatermarkMerger::note_active_edges() {
  std::fill(edge_active_.begin(), edge_active_.end(), char{false});
  for (const Input& input : inputs_)
    if (!input.idle && !input.ended()) edge_active_[input.edge] = true;
}

std::optional<EventTime> WatermarkMerger::merge() {
  note_active_edges();
  EventTime slowest = EventTime::max();
  bool any_active = false;
  bool all_ended = true;
  for (const Input& input : inputs_) {
    // An ended input holds nobody back; but only when all have ended is that the end of time.
    if (input.ended()) continue;
    all_ended = false;
    if (!edge_active_[input.edge]) continue;
    any_active = true;
    slowest = std::min(slowest, input.watermark);
  }
  if ((!any_active && !all_ended) || slowest <= merged_) return std::nullopt;
  merged_ = slowest;
  return merged_;
}

}  // namespace weir
