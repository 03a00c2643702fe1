#include <weir/checkpoint/barrier_aligner.hpp>

#include <weir/core/assert.hpp>

namespace weir {

bool BarrierAligner::deliver(std::size_t input, Epoch epoch) {
  WEIR_ASSERT(!blocked_[input], "an input that is held back delivered a barrier");
  if (delivered_ == 0) {
    WEIR_ASSERT(epoch > epoch_, "barriers come in ascending order");
    epoch_ = epoch;
  }
  WEIR_ASSERT(epoch == epoch_, "all inputs deliver the same barrier");
  blocked_[input] = true;
  if (++delivered_ < blocked_.size()) return false;
  delivered_ = 0;
  blocked_.assign(blocked_.size(), false);
  return true;
}

}  // namespace weir
