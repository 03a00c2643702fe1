#include "channel.hpp"

#include "parker.hpp"

namespace weir {

bool Channel::try_send(Element& element) {
  if (!ring_.try_push(element)) return false;
  if (receiver_) receiver_->unpark();
  return true;
}

std::unique_ptr<Batch> Channel::take_emptied() {
  std::unique_ptr<Batch>* batch = emptied_.front();
  if (!batch) return nullptr;
  std::unique_ptr<Batch> taken = std::move(*batch);
  emptied_.pop();
  return taken;
}

void Channel::pop() {
  ring_.pop();
  // A sender that found the ring full sleeps until there is room again.
  if (sender_) sender_->unpark();
}

void Channel::give_back(std::unique_ptr<Batch> batch) {
  batch->clear();
  emptied_.try_push(batch);  // a full return ring frees the batch instead
}

}  // namespace weir
