#include <weir/operators/async_rows.hpp>

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/state/codec.hpp>

namespace weir::detail {

namespace {

Counter& rows_counter(const OperatorContext& context, const char* result) {
  return context.metrics->counter("weir_async_requests_total", "Requests of async operators that have ended.",
                                  {{"operator", std::string(context.name)},
                                   {"worker", std::to_string(context.worker)},
                                   {"result", result}});
}

constexpr std::uint8_t kStateVersion = 1;

/// A row as it lies in a checkpoint.
struct StoredRow {
  EventTime hold;
  EventTime time;
  std::string bytes;
};

/// The rows of one former worker.
struct StoredRows {
  std::uint32_t worker;
  std::uint32_t parallelism;
  std::vector<StoredRow> rows;
};

/// `version (1) · worker (4) · parallelism (4) · rows (4) · row*`, a row being `hold (8) · time (8) · text`.
StoredRows decode(std::string_view bytes) {
  Arena none;
  StateReader in(bytes, none);
  if (const auto version = in.number<std::uint8_t>(); version != kStateVersion)
    throw FailJob(
        fmt::format("rows in flight are written in format {}, this program reads {}", version, kStateVersion),
        ExitCode::kStateUnusable);
  StoredRows stored;
  stored.worker = in.number<std::uint32_t>();
  stored.parallelism = in.number<std::uint32_t>();
  for (auto n = in.number<std::uint32_t>(); n > 0; --n) {
    StoredRow row;
    row.hold = StateCodec<EventTime>::decode(in);
    row.time = StateCodec<EventTime>::decode(in);
    row.bytes = StateCodec<std::string>::decode(in);
    stored.rows.push_back(std::move(row));
  }
  return stored;
}

}  // namespace

AsyncRows::AsyncRows(const AsyncSettings& settings, AsyncCalls& calls, const OperatorContext& context)
    : settings_(settings),
      calls_(calls),
      environment_(*context.environment),
      worker_(context.worker),
      parallelism_(context.parallelism),
      inbox_(std::make_shared<AsyncInbox>(context.wake, *context.environment)),
      next_waiting_(rows_.end()),
      completed_(rows_counter(context, "completed")),
      retried_(rows_counter(context, "retried")),
      given_up_(rows_counter(context, "failed")),
      held_(context.metrics->gauge(
          "weir_async_rows", "Rows an async operator holds: in flight, and waiting.",
          {{"operator", std::string(context.name)}, {"worker", std::to_string(context.worker)}})) {
  restore(context);
}

AsyncRows::~AsyncRows() { inbox_->close(); }

/// As many workers as before: each takes its own, so that their order stays. Otherwise rows are dealt out in turn.
void AsyncRows::restore(const OperatorContext& context) {
  std::vector<StoredRow> mine;
  std::uint64_t turn = 0;
  for (const std::string& part : context.restored) {
    StoredRows stored = decode(part);
    for (StoredRow& row : stored.rows) {
      const std::uint64_t owner = stored.parallelism == parallelism_ ? stored.worker : turn++ % parallelism_;
      if (owner == worker_) mine.push_back(std::move(row));
    }
  }
  std::stable_sort(mine.begin(), mine.end(),
                   [](const StoredRow& a, const StoredRow& b) { return a.hold < b.hold; });
  for (StoredRow& row : mine) add(std::move(row.bytes), row.time, row.hold);
}

void AsyncRows::add(std::string bytes, EventTime time) { add(std::move(bytes), time, watermark_); }

void AsyncRows::add(std::string bytes, EventTime time, EventTime hold) {
  if (segments_.empty() || segments_.back().hold != hold) {
    // After a restore, a row that came before any watermark holds back those that restored rows would let pass.
    for (auto before = segments_.rbegin(); before != segments_.rend() && before->hold > hold; ++before)
      before->hold = hold;
    segments_.push_back({hold, 0, {}});
  }
  AsyncRow row;
  row.bytes = std::move(bytes);
  row.time = time;
  row.segment = &segments_.back();
  ++row.segment->rows;
  const auto added = rows_.emplace_hint(rows_.end(), next_id_++, std::move(row));
  if (next_waiting_ == rows_.end()) next_waiting_ = added;
}

void AsyncRows::request_waiting(EventTime now) {
  while (may_request()) {
    const auto row = next_waiting_++;
    ++in_flight_;
    row->second.ends = saturating_add(now, settings_.timeout);
    request(row, now);
  }
  held_.set(static_cast<double>(rows_.size()));
}

void AsyncRows::request(Rows::iterator row, EventTime now) {
  row->second.phase = AsyncRow::Phase::kRequested;
  ++row->second.attempts;
  const EventTime attempt_ends =
      settings_.attempt_timeout ? saturating_add(now, *settings_.attempt_timeout) : EventTime::max();
  set_due(row, std::min(row->second.ends, attempt_ends));
  calls_.request(row->second.bytes, std::make_shared<AsyncTicket>(inbox_, row->first, row->second.attempts),
                 now);
}

bool AsyncRows::advance(EventTime now) {
  for (AsyncAnswer& answer : inbox_->take()) take_in(std::move(answer), now);
  do_due(now);
  const bool done = emit_ready();
  request_waiting(now);
  return done;
}

/// Answers to attempts that have timed out meanwhile count no more.
void AsyncRows::take_in(AsyncAnswer answer, EventTime now) {
  const auto row = rows_.find(answer.row);
  if (row == rows_.end() || row->second.phase != AsyncRow::Phase::kRequested ||
      row->second.attempts != answer.attempt)
    return;
  switch (answer.kind) {
    case AsyncAnswer::Kind::kRows:
      completed_.add(1);
      row->second.phase = AsyncRow::Phase::kAnswered;
      row->second.answer_left = answer.bytes.size();
      row->second.answer = std::move(answer.bytes);
      finish(row);
      break;
    case AsyncAnswer::Kind::kFailed:
      failed(row, std::move(answer.bytes), now);
      break;
    case AsyncAnswer::Kind::kRefused:
      give_up(row, std::move(answer.bytes), false);
      break;
  }
}

void AsyncRows::do_due(EventTime now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto row = rows_.find(due_.begin()->second);
    if (row->second.phase == AsyncRow::Phase::kPaused) {
      request(row, now);
    } else if (row->second.ends <= now) {
      give_up(row, fmt::format("no result within {} ms", settings_.timeout.count()), true);
    } else {
      row->second.timed_out = true;
      failed(row, fmt::format("no answer within {} ms", settings_.attempt_timeout->count()), now);
    }
  }
}

/// A retry that could only begin after the row's end is not waited for.
void AsyncRows::failed(Rows::iterator row, std::string reason, EventTime now) {
  const bool timed_out = std::exchange(row->second.timed_out, false);
  if (row->second.attempts < settings_.retries.attempts()) {
    const EventTime again =
        saturating_add(now, settings_.retries.delay(row->second.attempts, environment_.random()));
    if (again < row->second.ends) {
      retried_.add(1);
      row->second.phase = AsyncRow::Phase::kPaused;
      set_due(row, again);
      return;
    }
  }
  give_up(row, std::move(reason), timed_out);
}

void AsyncRows::give_up(Rows::iterator row, std::string reason, bool timed_out) {
  given_up_.add(1);
  row->second.phase = AsyncRow::Phase::kGivenUp;
  row->second.timed_out = timed_out;
  row->second.answer = std::move(reason);
  finish(row);
}

void AsyncRows::finish(Rows::iterator row) {
  set_due(row, EventTime::max());
  if (!settings_.ordered) row->second.segment->finished.push_back(row->first);
}

void AsyncRows::set_due(Rows::iterator row, EventTime due) {
  if (row->second.due != EventTime::max()) due_.erase({row->second.due, row->first});
  row->second.due = due;
  if (due != EventTime::max()) due_.emplace(due, row->first);
}

AsyncRows::Rows::const_iterator AsyncRows::ready() const {
  if (segments_.empty()) return rows_.end();
  if (settings_.ordered) return rows_.begin()->second.finished() ? rows_.begin() : rows_.end();
  const auto& finished = segments_.front().finished;
  return finished.empty() ? rows_.end() : rows_.find(finished.front());
}

bool AsyncRows::emit_ready() {
  for (std::size_t emitted = 0;; ++emitted) {
    const auto found = ready();
    if (found == rows_.end()) return true;
    const auto row = rows_.erase(found, found);  // the same, and not const
    if (emitted >= Operator::kEmitAtMost) return false;
    AsyncRow& head = row->second;
    if (head.phase == AsyncRow::Phase::kGivenUp) calls_.give_up(head);
    else if (head.answer_left > 0) calls_.emit_next(head);
    if (head.phase == AsyncRow::Phase::kAnswered && head.answer_left > 0) continue;
    AsyncSegment& segment = *head.segment;
    if (!settings_.ordered) segment.finished.pop_front();
    rows_.erase(row);
    --in_flight_;
    if (--segment.rows > 0) continue;
    // The watermark that stands behind this segment goes first: it is passed on after this call.
    segments_.pop_front();
    return true;
  }
}

EventTime AsyncRows::next_processing_time() const {
  if (!inbox_->empty() || may_request() || ready() != rows_.end()) return EventTime::min();
  return due_.empty() ? EventTime::max() : due_.begin()->first;
}

std::string AsyncRows::encode() const {
  std::string bytes;
  if (rows_.empty()) return bytes;
  append_number(bytes, kStateVersion);
  append_number(bytes, worker_);
  append_number(bytes, parallelism_);
  append_number(bytes, static_cast<std::uint32_t>(rows_.size()));
  for (const auto& [id, row] : rows_) {
    StateCodec<EventTime>::encode(bytes, row.segment->hold);
    StateCodec<EventTime>::encode(bytes, row.time);
    StateCodec<std::string>::encode(bytes, row.bytes);
  }
  return bytes;
}

}  // namespace weir::detail
