#include <weir/operators/feedback_loop.hpp>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/state/codec.hpp>

namespace weir::detail {

void FeedbackLoop::sent_before(std::uint64_t round, std::uint64_t rows) {
  if (rows == 0) return;
  const std::lock_guard lock(mutex_);
  rows_before_[round] += rows;
}

bool FeedbackLoop::nothing_before(std::uint64_t round) const {
  const std::lock_guard lock(mutex_);
  return !rows_before_.contains(round);
}

std::shared_ptr<FeedbackLoop> FeedbackMeeting::join(std::uint32_t parallelism) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<FeedbackLoop> loop = loop_.lock();
  if (!loop || to_come_ == 0) {
    loop = std::make_shared<FeedbackLoop>(parallelism);
    loop_ = loop;
    to_come_ = std::uint64_t{2} * parallelism;
  }
  --to_come_;
  return loop;
}

std::string encode_returned(const std::deque<ReturnedRow>& rows) {
  std::string bytes;
  for (const ReturnedRow& row : rows) {
    append_number(bytes, row.time.millis);
    append_number(bytes, static_cast<std::uint32_t>(row.bytes.size()));
    bytes += row.bytes;
  }
  return bytes;
}

void restore_returned(const OperatorContext& context, std::deque<ReturnedRow>& rows) {
  for (std::size_t part = context.worker; part < context.restored.size(); part += context.parallelism) {
    StateReader in(context.restored[part]);
    while (!in.at_end()) {
      const EventTime time{in.number<std::int64_t>()};
      rows.push_back({time, std::string(in.take(in.number<std::uint32_t>()))});
    }
  }
}

void fail_returned_late(std::string_view loop, EventTime time) {
  throw FailJob(
      fmt::format("'{}': a row of event time {} ms came back when the loop had ended. Something in the loop "
                  "waits for the very end of the "
                  "input: a processing-time timer or a global window. What that gives cannot go round again: "
                  "let it leave the loop, or "
                  "let it go by event time",
                  loop, time.millis));
}

}  // namespace weir::detail
