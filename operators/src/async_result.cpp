#include <weir/operators/async_result.hpp>

#include <weir/core/thrown_in_job.hpp>

namespace weir::detail {

void AsyncInbox::put(AsyncAnswer answer) {
  const std::lock_guard lock(mutex_);
  if (!wake_) return;
  answers_.push_back(std::move(answer));
  if (!filled_.exchange(true, std::memory_order_acq_rel)) wake_();
}

void AsyncInbox::close() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  answers_.clear();
}

std::vector<AsyncAnswer> AsyncInbox::take() {
  if (empty()) return {};
  const std::lock_guard lock(mutex_);
  filled_.store(false, std::memory_order_release);
  return std::exchange(answers_, {});
}

AsyncTicket::~AsyncTicket() {
  if (!answered_.load(std::memory_order_acquire))
    answer(AsyncAnswer::Kind::kFailed,
           thrown_in_job.empty() ? "the request was let go without an answer" : thrown_in_job);
}

void AsyncTicket::answer(AsyncAnswer::Kind kind, std::string bytes) {
  if (answered_.exchange(true, std::memory_order_acq_rel)) return;
  inbox_->put({row_, attempt_, kind, std::move(bytes)});
}

}  // namespace weir::detail
