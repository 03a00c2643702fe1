#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/core/operator.hpp>
#include <weir/operators/async_options.hpp>
#include <weir/operators/async_result.hpp>

namespace weir::detail {

struct AsyncSegment;

/// A row from its coming until its result has left.
struct AsyncRow {
  enum class Phase : std::uint8_t { kWaiting, kRequested, kPaused, kAnswered, kGivenUp };

  std::string bytes;  ///< the row, by its StateCodec
  EventTime time;
  AsyncSegment* segment = nullptr;
  Phase phase = Phase::kWaiting;
  bool timed_out = false;
  std::uint32_t attempts = 0;
  EventTime ends = EventTime::max();  ///< when it is given up, by the wall clock
  EventTime due = EventTime::max();   ///< when something is to be done for it, by the wall clock
  std::string answer;                 ///< results, or the reason why there are none
  std::size_t answer_left = 0;        ///< bytes of it that have not been emitted

  bool finished() const { return phase == Phase::kAnswered || phase == Phase::kGivenUp; }
};

/// Rows that came between two watermarks.
struct AsyncSegment {
  EventTime hold;  ///< the watermark in front of it: the highest that may be passed on while it has rows
  std::size_t rows = 0;
  std::deque<std::uint64_t> finished;  ///< in the order in which they were; used when results need no order
};

/// What is done for a row of which only bytes are known here.
class AsyncCalls {
 public:
  virtual ~AsyncCalls() = default;
  virtual void request(const std::string& row, std::shared_ptr<AsyncTicket> ticket, EventTime now) = 0;
  /// Emits the next result of `row`, at the end of whose answer `answer_left` bytes are left, and takes it off these.
  virtual void emit_next(AsyncRow& row) = 0;
  virtual void give_up(const AsyncRow& row) = 0;
};

/// Decides when rows are asked for, asked for again, given up, and emitted; knows neither their types nor any thread but
/// its worker's.
class AsyncRows {
 public:
  /// Takes back what a checkpoint holds; those rows are asked for by the first call of advance().
  AsyncRows(const AsyncSettings& settings, AsyncCalls& calls, const OperatorContext& context);
  ~AsyncRows();
  AsyncRows(const AsyncRows&) = delete;
  AsyncRows& operator=(const AsyncRows&) = delete;

  void add(std::string bytes, EventTime time);
  void advance_watermark(EventTime watermark) { watermark_ = watermark; }
  /// Makes requests for waiting rows, as many as there is capacity for.
  void request_waiting(EventTime now);
  /// Takes in answers, does what is due, and emits what has its turn, up to the next watermark and up to about
  /// Operator::kEmitAtMost rows. False: there is more.
  bool advance(EventTime now);

  bool accepts_rows() const { return rows_.size() < settings_.capacity; }
  EventTime next_processing_time() const;
  EventTime watermark_hold() const { return segments_.empty() ? EventTime::max() : segments_.front().hold; }
  /// All rows, for a checkpoint; empty when there are none.
  std::string encode() const;

 private:
  using Rows = std::map<std::uint64_t, AsyncRow>;

  void restore(const OperatorContext& context);
  void add(std::string bytes, EventTime time, EventTime hold);
  void request(Rows::iterator row, EventTime now);
  void take_in(AsyncAnswer answer, EventTime now);
  void do_due(EventTime now);
  void failed(Rows::iterator row, std::string reason, EventTime now);
  void give_up(Rows::iterator row, std::string reason, bool timed_out);
  void finish(Rows::iterator row);
  void set_due(Rows::iterator row, EventTime due);
  bool may_request() const { return next_waiting_ != rows_.end() && in_flight_ < settings_.capacity; }
  /// The row whose turn it is to be emitted; end(): there is none yet.
  Rows::const_iterator ready() const;
  bool emit_ready();

  const AsyncSettings settings_;
  AsyncCalls& calls_;
  Environment& environment_;
  const std::uint32_t worker_;
  const std::uint32_t parallelism_;
  const std::shared_ptr<AsyncInbox> inbox_;
  Rows rows_;  ///< by arrival
  Rows::iterator next_waiting_;
  std::uint64_t next_id_ = 0;
  std::size_t in_flight_ = 0;  ///< rows that have been asked for
  std::deque<AsyncSegment> segments_;
  std::set<std::pair<EventTime, std::uint64_t>> due_;
  EventTime watermark_ = EventTime::min();  ///< of this attempt
  Counter& completed_;
  Counter& retried_;
  Counter& given_up_;
  Gauge& held_;
};

}  // namespace weir::detail
