#include "source_task.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <weir/core/failed_at.hpp>
#include <weir/core/kill_point.hpp>

#include "failure_place.hpp"

namespace weir {

namespace {
constexpr std::size_t kRowsARead = 1024;
// In place of a watermark; a strategy does not come this far.
constexpr std::int64_t kEnded = EventTime::max().millis;
constexpr std::int64_t kIdle = kEnded - 1;
}  // namespace

void SourceBoard::publish(std::uint32_t partition, EventTime watermark, Standing standing) {
  Cell& cell = cells_[partition];
  const std::int64_t counts = standing == Standing::kEnded  ? kEnded
                              : standing == Standing::kIdle ? kIdle
                                                            : std::min(watermark.millis, kIdle - 1);
  const std::int64_t waited_for = standing == Standing::kReading ? watermark.millis : EventTime::max().millis;
  cell.place.watermark.store(watermark.millis, std::memory_order_relaxed);
  cell.place.standing.store(standing, std::memory_order_relaxed);
  cell.watermark.store(counts, std::memory_order_relaxed);
  cell.waited_for.store(waited_for, std::memory_order_relaxed);
}

void SourceBoard::note_end(EventTime watermark) {
  std::int64_t furthest = furthest_at_end_.load(std::memory_order_relaxed);
  while (furthest < watermark.millis &&
         !furthest_at_end_.compare_exchange_weak(furthest, watermark.millis, std::memory_order_relaxed)) {
  }
  at_end_.fetch_add(1, std::memory_order_release);
}

SourceBoard::Merged SourceBoard::merge() {
  std::int64_t slowest = kEnded;
  for (const Cell& cell : cells_) slowest = std::min(slowest, cell.watermark.load(std::memory_order_relaxed));
  std::int64_t merged = merged_.load(std::memory_order_relaxed);
  if (slowest < kIdle) {
    while (merged < slowest && !merged_.compare_exchange_weak(merged, slowest, std::memory_order_relaxed)) {
    }
    merged = std::max(merged, slowest);
  }
  return {{merged}, slowest < kIdle, slowest < kEnded};
}

EventTime SourceBoard::own_slowest() const {
  std::int64_t slowest = EventTime::max().millis;
  for (const Cell& cell : cells_)
    slowest = std::min(slowest, cell.waited_for.load(std::memory_order_relaxed));
  return {slowest};
}

EventTime SourceBoard::slowest() const {
  EventTime slowest = EventTime::max();
  for (const SourceBoard* board : aligned_with_) slowest = std::min(slowest, board->own_slowest());
  return slowest;
}

std::size_t SourceBoard::reserve(std::uint32_t partition, std::size_t wanted, Environment::Instant now) {
  if (!rate_) return wanted;
  auto allowed = static_cast<std::int64_t>(*rate_ * std::chrono::duration<double>(now - started_).count());
  const auto turns = static_cast<std::int64_t>(cells_.size());
  if (in_turn_) allowed = (allowed + turns - 1 - static_cast<std::int64_t>(partition)) / turns;
  const std::int64_t before =
      taken(partition).fetch_add(static_cast<std::int64_t>(wanted), std::memory_order_relaxed);
  const auto granted = static_cast<std::size_t>(
      std::clamp<std::int64_t>(allowed - before, 0, static_cast<std::int64_t>(wanted)));
  give_back(partition, wanted - granted);
  return granted;
}

std::optional<Environment::Instant> SourceBoard::next_due(std::uint32_t partition) {
  if (!rate_) return std::nullopt;
  std::int64_t row = taken(partition).load(std::memory_order_relaxed);
  if (in_turn_) row = row * static_cast<std::int64_t>(cells_.size()) + static_cast<std::int64_t>(partition);
  const std::chrono::duration<double> after(static_cast<double>(row + 1) / *rate_);
  // A rate of nearly nothing must not overflow: a day is as good as for ever.
  const std::chrono::duration<double> day(std::chrono::hours{24});
  return started_ + std::chrono::duration_cast<Environment::Instant>(std::min(after, day));
}

SourceTask::SourceTask(SourceTaskOptions options, AttemptControl& control, MetricRegistry& metrics,
                       SourceBoard& board, SourceProgress& progress, TaskOutputs outputs,
                       std::unique_ptr<SourceOperator> driven, std::vector<AssignedPartition> partitions)
    : options_(std::move(options)),
      control_(control),
      metrics_(metrics, options_.vertex, options_.worker),
      records_(metrics.counter("weir_source_records_total", "Records read from a source.",
                               {{"source", options_.vertex}, {"worker", std::to_string(options_.worker)}})),
      board_(board),
      progress_(progress),
      outputs_(std::move(outputs)),
      operator_(std::move(driven)) {
  for (AssignedPartition& assigned : partitions) {
    operator_->add_partition(assigned.index, assigned.name, assigned.watermark);
    const Position begin = assigned.reader->position();
    partitions_.push_back({std::move(assigned), begin, false, std::nullopt, EventTime::min()});
    publish(partitions_.back(), Standing::kReading);
    PartitionPlace& place = board_.place(partitions_.back().assigned.index);
    place.has_event_time = operator_->has_event_time();
    place.position = place.barrier_position = place.oldest_position = begin.offset;
  }
}

bool SourceTask::do_step(Environment::Instant now) {
  if (!outputs_.drain()) return false;
  bool progressed = false;
  if (const Epoch requested = control_.requested(); requested > answered_) {
    answer_barrier(requested);
    progressed = true;
  }
  if (!finished_ && control_.may_read() &&
      !(control_.last_requested() && answered_ == control_.requested())) {
    const bool read = read_next(now);
    send_watermark(now, !read);
    progressed = progressed || read || finished_;
  }
  if (progressed) outputs_.flush_waiting(now, control_.linger());
  else outputs_.flush();
  metrics_.rows_out(outputs_.rows_sent());
  return progressed;
}

bool SourceTask::read_next(Environment::Instant now) {
  for (std::size_t tried = 0; tried < partitions_.size(); ++tried) {
    if (++turn_ >= partitions_.size()) turn_ = 0;
    Partition& partition = partitions_[turn_];
    if (partition.assigned.ended) continue;
    const bool paused = !may_read(partition);
    board_.place(partition.assigned.index).paused.store(paused, std::memory_order_relaxed);
    if (!paused && read(partition, now)) return true;
  }
  return false;
}

Environment::Instant SourceTask::nap(Environment::Instant now, Environment::Instant at_most) const {
  Environment::Instant next = now + at_most;
  for (const Partition& partition : partitions_) {
    auto due = board_.next_due(partition.assigned.index);
    if (!due || partition.assigned.ended || !may_read(partition)) continue;
    if (partition.read_at) due = std::max(*due, *partition.read_at + control_.linger());
    next = std::min(next, *due);
  }
  // What is due already waits for something else than time.
  return std::min(at_most, std::max(next - now, control_.linger() / 4));
}

bool SourceTask::may_read(const Partition& partition) const {
  if (!options_.max_drift) return true;
  const EventTime own = operator_->watermark(partition.assigned.index);
  return own <= saturating_add(board_.slowest(), *options_.max_drift);
}

bool SourceTask::read(Partition& partition, Environment::Instant now) {
  const std::uint32_t index = partition.assigned.index;
  const std::size_t allowed = board_.reserve(index, kRowsARead, now);
  // Rows that come one by one would go on one by one, and cost a pass, a batch and a wake-up each.
  if (allowed == 0 || (allowed < kRowsARead && is_gathering(partition, now))) {
    board_.give_back(index, allowed);
    return false;
  }
  if (board_.paced_since()) partition.read_at = now;
  reading_ = &partition;
  const SourceOperator::Read read = operator_->read(index, *partition.assigned.reader, allowed);
  reading_ = nullptr;
  if (read.rows + read.rejected > 0 || read.status != ReadStatus::kNothing)
    board_.place(index).position.store(partition.assigned.reader->position().offset,
                                       std::memory_order_relaxed);
  board_.give_back(index, allowed - std::min(allowed, read.rows + read.rejected));
  kill_point("after_poll");
  records_.add(read.rows + read.rejected);
  progress_.records.fetch_add(read.rows + read.rejected, std::memory_order_relaxed);
  progress_.rejected.fetch_add(read.rejected, std::memory_order_relaxed);
  if (read.rows + read.rejected > 0 || read.status == ReadStatus::kRows) {
    control_.note_activity();
    partition.gave_rows = true;
  }
  note_status(partition, read.status, now);
  report();
  return read.rows + read.rejected > 0 || read.status == ReadStatus::kRows || read.status == ReadStatus::kEnd;
}

void SourceTask::publish(const Partition& partition, Standing standing) {
  const std::uint32_t index = partition.assigned.index;
  // Without event times a partition's place in time is not known: sources aligned with this one cannot wait for it.
  if (standing == Standing::kReading && !operator_->has_event_time()) standing = Standing::kCaughtUp;
  board_.publish(index, operator_->watermark(index), standing);
}

void SourceTask::note_failure() const {
  std::string text = fmt::format("source '{}', worker {}", options_.vertex, options_.worker);
  if (reading_) {
    const std::int64_t from = board_.place(reading_->assigned.index).position.load(std::memory_order_relaxed);
    const std::int64_t to = reading_->assigned.reader->position().offset;
    const std::optional<FailedRow> row = failed_row();
    text += fmt::format(", partition '{}'", reading_->assigned.name);
    // Where each row is one position, as in a topic without gaps, it is known which.
    if (row && to - from == static_cast<std::int64_t>(row->of))
      text += fmt::format(", offset {}", from + static_cast<std::int64_t>(row->row));
    else text += to == from ? fmt::format(", offset {}", from) : fmt::format(", offsets {} to {}", from, to);
  }
  const bool in_function = has_failure_place() || take_failed_at().row.has_value();
  add_failure_place({std::move(text), options_.vertex, !in_function});
}

void SourceTask::note_status(Partition& partition, ReadStatus status, Environment::Instant now) {
  if (status == ReadStatus::kEnd) {
    note_end(partition);
  } else if (status == ReadStatus::kCaughtUp) {
    note_caught_up(partition, now);
  } else {
    // Not at the end any more, whether or not rows have come yet: slow is not idle.
    partition.caught_up_since.reset();
    partition.idle = false;
    publish(partition, Standing::kReading);
  }
}

void SourceTask::note_end(Partition& partition) {
  partition.assigned.ended = true;
  if (options_.at_end == AtEnd::kFire || options_.has_own_ends) {
    publish(partition, Standing::kEnded);
  } else {
    // It has only been read for now: its time counts on, as that of a partition does that is caught up. One that may be left out
    // when it is quiet, and was quiet for all of this run, is.
    partition.idle = options_.idle_after && !partition.gave_rows;
    publish(partition, partition.idle ? Standing::kIdle : Standing::kCaughtUp);
  }
  board_.note_end(operator_->watermark(partition.assigned.index));
}

/// A partition is idle when two looks, far enough apart, have both found it at its end, and nothing in between: the end
/// never goes back, so it has been there all the time. Time in which nobody could look proves nothing.
void SourceTask::note_caught_up(Partition& partition, Environment::Instant now) {
  const EventTime watermark = operator_->watermark(partition.assigned.index);
  // Time that goes on without rows holds nobody back, so there is no need to leave the partition out.
  if (!partition.caught_up_since || watermark > partition.caught_up_at) {
    partition.caught_up_since = now;
    partition.caught_up_at = watermark;
    partition.idle = false;
  } else if (options_.idle_after && now - *partition.caught_up_since >= *options_.idle_after) {
    partition.idle = true;
  }
  publish(partition, partition.idle ? Standing::kIdle : Standing::kCaughtUp);
}

void SourceTask::send_watermark(Environment::Instant now, bool at_once) {
  if (!said_idle_ && !at_once && now - watermark_sent_at_ < control_.linger()) return;
  if (options_.at_end == AtEnd::kKeep && board_.all_at_end()) return pause();
  const SourceBoard::Merged merged = board_.merge();
  if (!merged.any_open) return finish();
  if (!operator_->has_event_time()) return;
  if (!merged.any_active) {
    if (!std::exchange(said_idle_, true)) outputs_.idle();
    note_idle(true);
    return;
  }
  // Also when the rows are another worker's: a source is idle, and comes back, as a whole.
  if (std::exchange(said_idle_, false)) outputs_.active();
  note_idle(false);
  const EventTime watermark = std::min(merged.watermark, own_watermark());
  if (watermark <= sent_watermark_) return;
  sent_watermark_ = watermark;
  watermark_sent_at_ = now;
  outputs_.watermark(watermark);
  note_watermark(watermark);
  metrics_.watermark(watermark);
  progress_.watermark.store(watermark.millis, std::memory_order_relaxed);
}

EventTime SourceTask::own_watermark() const {
  EventTime slowest = EventTime::max();
  for (const Partition& partition : partitions_)
    if (!partition.assigned.ended && !partition.idle)
      slowest = std::min(slowest, operator_->watermark(partition.assigned.index));
  return slowest;
}

void SourceTask::finish() {
  outputs_.watermark(EventTime::max());
  note_watermark(EventTime::max());
  outputs_.end();
  finished_ = true;
  control_.task_finished();
}

void SourceTask::pause() {
  const EventTime reached = options_.has_own_ends ? board_.furthest_at_end() : board_.merge().watermark;
  if (operator_->has_event_time() && reached > sent_watermark_) {
    sent_watermark_ = reached;
    outputs_.watermark(reached);
    metrics_.watermark(reached);
    progress_.watermark.store(reached.millis, std::memory_order_relaxed);
  }
  // Other sources may go on.
  if (options_.has_own_ends) outputs_.idle();
  finished_ = true;
  control_.source_at_end();
}

void SourceTask::answer_barrier(Epoch epoch) {
  kill_point("before_barrier");
  answered_ = epoch;
  TaskSnapshot snapshot;
  snapshot.epoch = epoch;
  snapshot.worker = options_.worker;
  snapshot.vertex = options_.vertex;
  for (Partition& partition : partitions_) {
    const Position end = partition.assigned.reader->position();
    const std::uint32_t index = partition.assigned.index;
    // What had been read to its end stays so, also before this run has looked, until more has been read of it.
    const bool ended = partition.assigned.ended || partition.assigned.ended_before == end;
    snapshot.partitions.push_back(
        {options_.vertex, partition.assigned.name, partition.begin, end, operator_->watermark(index), ended});
    partition.begin = end;
    PartitionPlace& place = board_.place(index);
    place.oldest_position.store(place.barrier_position.load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
    place.barrier_position.store(end.offset, std::memory_order_relaxed);
  }
  note_answered(epoch);
  outputs_.barrier(epoch);
  snapshot.sent = outputs_.take_sent();
  control_.submit(std::move(snapshot));
  kill_point("after_barrier");
}

void SourceTask::report() {
  double read = 0;
  std::int64_t lag = 0;
  bool bounded = true;
  bool lag_known = true;
  for (const Partition& partition : partitions_) {
    if (const auto share = partition.assigned.reader->progress()) read += *share;
    else bounded = false;
    const auto behind = partition.assigned.reader->lag();
    board_.place(partition.assigned.index).lag.store(behind.value_or(-1), std::memory_order_relaxed);
    if (behind) lag += *behind;
    else lag_known = false;
  }
  progress_.progress.store(bounded ? read : -1, std::memory_order_relaxed);
  progress_.lag.store(lag_known ? lag : -1, std::memory_order_relaxed);
}

}  // namespace weir
