#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/core/time.hpp>

namespace weir::detail {

/// A row that has come back to the head of its loop.
struct ReturnedRow {
  EventTime time;
  std::string bytes;  ///< as by StateCodec
};

/// Between the tail and the head of a loop on one worker, whose thread runs both.
struct FeedbackLane {
  std::deque<ReturnedRow> waiting;
  std::uint64_t barriers_at_head = 0;
  std::uint64_t barriers_at_tail = 0;
  EventTime watermark_at_tail = EventTime::min();
  bool closed = false;

  /// A barrier is on its way from the head to the tail. What waits now is the tail's to write down, so it waits on.
  bool barrier_under_way() const { return barriers_at_head != barriers_at_tail; }
};

/// A loop in one attempt of a job, on all its workers.
///
/// It ends by rounds, once its inputs have. A round is a watermark that every head sends into the body: when it comes out at a worker's
/// tail, all heads had sent it, and all that they had sent before has come back or left. Before it sends the next one, a head has taken up
/// what came back, and says how many rows it has sent since the last. A round without a row, on any worker, finds the loop empty: all heads
/// see the same numbers, and close it.
class FeedbackLoop {
 public:
  explicit FeedbackLoop(std::uint32_t parallelism) : lanes_(parallelism) {}

  /// Of one worker; to be used by its thread only.
  FeedbackLane& lane(std::uint32_t worker) { return lanes_[worker]; }

  /// What a head has sent between the rounds before `round` and `round`. From any thread; call before the round is sent.
  void sent_before(std::uint64_t round, std::uint64_t rows);
  /// No head sent anything before this round. From any thread, after the round has come out at a tail.
  bool nothing_before(std::uint64_t round) const;

  /// The watermark that is round `round`.
  static EventTime watermark_of(std::uint64_t round) {
    return EventTime{kEndOfInput.millis + static_cast<std::int64_t>(round)};
  }

 private:
  std::vector<FeedbackLane> lanes_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint64_t> rows_before_;
};

/// Where the heads and tails of an attempt, which are made one by one, find the loop that is theirs.
class FeedbackMeeting {
 public:
  /// From any thread. Attempts of a job are made one after the other.
  std::shared_ptr<FeedbackLoop> join(std::uint32_t parallelism);

 private:
  std::mutex mutex_;
  std::weak_ptr<FeedbackLoop> loop_;
  std::uint64_t to_come_ = 0;
};

/// The rows of a lane as operator state, and those that are this worker's of what was restored. The rows of a tail stay together, in order.
std::string encode_returned(const std::deque<ReturnedRow>& rows);
void restore_returned(const OperatorContext& context, std::deque<ReturnedRow>& rows);

[[noreturn]] void fail_returned_late(std::string_view loop, EventTime time);

}  // namespace weir::detail
