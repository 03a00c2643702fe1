#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/time.hpp>
#include <weir/state/operator_states.hpp>

namespace weir::detail {

/// `time + by`, which may be negative, staying within what can be said.
constexpr EventTime shifted(EventTime time, Duration by) {
  if (by.count() >= 0) return saturating_add(time, by);
  if (by.count() == std::numeric_limits<Duration::rep>::min()) return EventTime::min();
  return saturating_sub(time, -by);
}

/// How far a join had come when its checkpoint was taken, on each of the workers whose key groups are now here. What it has given
/// to OperatorStates::seal() begins with its watermark.
class RestoredProgress {
 public:
  explicit RestoredProgress(const OperatorStates& states);

  /// What the workers that concern this one had said besides, and that began with begin().
  const std::vector<std::string>& parts() const { return parts_; }
  /// The watermark that had been passed for the keys of this hash; EventTime::min() on a fresh start.
  EventTime watermark_of(std::uint64_t hash) const;
  EventTime lowest() const { return lowest_; }
  EventTime highest() const { return highest_; }

  /// What encoded progress begins with.
  static std::string begin(EventTime watermark);

 private:
  std::uint32_t max_parallelism_;
  std::vector<std::pair<KeyGroupRange, EventTime>> watermarks_;
  std::vector<std::string> parts_;
  EventTime lowest_ = EventTime::min();
  EventTime highest_ = EventTime::min();
};

}  // namespace weir::detail
