#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <weir/core/time.hpp>

namespace weir {

/// Merges the watermarks of several inputs by minimum, leaving out those that have ended (whose watermark is EventTime::max()) until
/// all have, and edges that are idle. An edge, one or more inputs, is idle when all its inputs are that have not ended: the
/// workers at its other end go idle, and come back, together, only not at the same moment. So what is merged of one edge does not depend on
/// the order in which its inputs are read, and is the same for all receivers at a barrier.
/// Events in, "pass this on or nothing" out. Owned by one task.
class WatermarkMerger {
 public:
  /// `edge_of[i]`: the edge of input i, counted from 0.
  explicit WatermarkMerger(const std::vector<std::size_t>& edge_of);
  /// Each input an edge of its own.
  explicit WatermarkMerger(std::size_t inputs);

  /// `input` has come to `watermark`, and is active. The merged watermark, if that moved it.
  [[nodiscard]] std::optional<EventTime> advance(std::size_t input, EventTime watermark);
  /// `input` is idle until it advances or activates again. The merged watermark, if that moved it.
  [[nodiscard]] std::optional<EventTime> idle(std::size_t input);
  void activate(std::size_t input) { inputs_[input].idle = false; }
  bool is_idle(std::size_t input) const { return inputs_[input].idle; }

  /// No input is active, and one at least may come back.
  bool all_idle() const;
  EventTime merged() const { return merged_; }

 private:
  struct Input {
    std::size_t edge = 0;
    EventTime watermark = EventTime::min();
    bool idle = false;
    bool ended() const { return watermark == EventTime::max(); }
  };
  std::optional<EventTime> merge();
  void note_active_edges();

  std::vector<Input> inputs_;
  std::vector<char> edge_active_;
  /// Never moves backwards, even when an idle input returns with an older watermark: downstream has already acted on it.
  EventTime merged_ = EventTime::min();
};

}  // namespace weir
