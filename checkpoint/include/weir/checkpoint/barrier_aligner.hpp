#pragma once

#include <cstddef>
#include <vector>

#include <weir/core/epoch.hpp>

namespace weir {

/// Holds back each input that has delivered barrier n until all have, so that the snapshot taken at n contains exactly
/// the records before n on every input. Blocks no thread: it only says which inputs may be read.
/// Source: Carbone et al., "Lightweight Asynchronous Snapshots for Distributed Dataflows" (2015).
/// Owned by one task.
class BarrierAligner {
 public:
  explicit BarrierAligner(std::size_t inputs) : blocked_(inputs, false) {}

  bool may_read(std::size_t input) const { return !blocked_[input]; }
  bool aligning() const { return delivered_ > 0; }

  /// `input` has delivered the barrier of `epoch`. True when it was the last one: all inputs may be read again.
  [[nodiscard]] bool deliver(std::size_t input, Epoch epoch);

 private:
  std::vector<bool> blocked_;
  std::size_t delivered_ = 0;
  Epoch epoch_ = kNoEpoch;  ///< the one being aligned, or the last one aligned
};

}  // namespace weir
