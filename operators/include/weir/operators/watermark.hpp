#pragma once

#include <algorithm>
#include <concepts>

#include <weir/core/time.hpp>

namespace weir {

/// Decides how far event time has come in one partition, from the times of its rows. One object a partition.
template <class Strategy>
concept WatermarkStrategy = std::copyable<Strategy> &&
    requires(Strategy strategy, const Strategy& reading, EventTime time) {
  strategy.observe(time);
  { reading.watermark() } -> std::same_as<EventTime>;
};

/// Rows may be out of order by at most `bound`: the watermark stays that far, and a millisecond, behind the largest time seen.
/// A row further behind is late. Source: Flink, "Generating Watermarks".
class BoundedOutOfOrderness {
 public:
  explicit BoundedOutOfOrderness(Duration bound) : bound_(bound) {}
  void observe(EventTime time) { largest_ = std::max(largest_, time); }
  EventTime watermark() const { return saturating_sub(largest_, bound_ + Duration{1}); }

 private:
  Duration bound_;
  EventTime largest_ = EventTime::min();
};

inline BoundedOutOfOrderness bounded_out_of_orderness(Duration bound) { return BoundedOutOfOrderness(bound); }
/// Times within a partition never go back.
inline BoundedOutOfOrderness monotonous() { return BoundedOutOfOrderness(Duration{0}); }

}  // namespace weir
