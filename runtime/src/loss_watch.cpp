#include "loss_watch.hpp"

#include <weir/runtime/losses.hpp>

namespace weir {

void LossWatch::look(Environment::Instant now) {
  if (now < next_) return;
  next_ = now + std::chrono::seconds{1};
  for (const Loss& loss : losses(metrics_)) {
    Told& told = told_.try_emplace(loss.who, between_).first->second;
    if (loss.records == told.records || told.patience.look(true, now) != Patience::Word::kLasts) continue;
    told.records = loss.records;
    log_(loss.text);
  }
}

}  // namespace weir
