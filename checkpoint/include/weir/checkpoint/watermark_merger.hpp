#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <weir/core/time.hpp>

namespace weir {

/// Merges the watermarks of several inputs by minimum, leaving idle ones out, and those that have ended (whose watermark is
/// EventTime::max()) until all have. Events in, "pass this on or nothing" out.
/// Owned by one task.
class WatermarkMerger {
 public:
  explicit WatermarkMerger(std::size_t inputs) : inputs_(inputs) {}

  /// `input` has come to `watermark`, and is active. The merged watermark, if that moved it.
  [[nodiscard]] std::optional<EventTime> advance(std::size_t input, EventTime watermark);
  /// `input` is idle until it advances or activates again. The merged watermark, if that moved it.
  [[nodiscard]] std::optional<EventTime> idle(std::size_t input);
  void activate(std::size_t input) { inputs_[input].idle = false; }

  /// No input is active, and one at least may come back.
  bool all_idle() const;
  EventTime merged() const { return merged_; }

 private:
  struct Input {
    EventTime watermark = EventTime::min();
    bool idle = false;
    bool ended() const { return watermark == EventTime::max(); }
  };
  std::optional<EventTime> merge();

  std::vector<Input> inputs_;
  /// Never moves backwards, even when an idle input returns with an older watermark: downstream has already acted on it.
  EventTime merged_ = EventTime::min();
};

}  // namespace weir
