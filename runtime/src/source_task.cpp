#include "source_task.hpp"

#include <algorithm>

#include <weir/core/kill_point.hpp>

namespace weir {

namespace {
constexpr std::size_t kRowsARead = 1024;
}

EventTime SourceBoard::slowest() const {
  std::int64_t slowest = EventTime::max().millis;
  for (const auto& w : watermarks_) slowest = std::min(slowest, w.load(std::memory_order_relaxed));
  return {slowest};
}

std::size_t SourceBoard::reserve(std::size_t wanted, Environment::Instant now) {
  if (!rate_) return wanted;
  const auto allowed =
      static_cast<std::int64_t>(*rate_ * std::chrono::duration<double>(now - started_).count());
  const std::int64_t before = taken_.fetch_add(static_cast<std::int64_t>(wanted), std::memory_order_relaxed);
  const auto granted = static_cast<std::size_t>(
      std::clamp<std::int64_t>(allowed - before, 0, static_cast<std::int64_t>(wanted)));
  give_back(wanted - granted);
  return granted;
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
    board_.publish(assigned.index, assigned.ended ? EventTime::max() : assigned.watermark);
    if (!assigned.ended) ++open_partitions_;
    const Position begin = assigned.reader->position();
    partitions_.push_back({std::move(assigned), begin, std::nullopt, false});
  }
}

bool SourceTask::step(Environment::Instant now) {
  if (!outputs_.drain()) return false;
  bool progressed = false;
  if (const Epoch requested = control_.requested(); requested > answered_) {
    answer_barrier(requested);
    progressed = true;
  }
  if (!finished_ && !(control_.last_requested() && answered_ == control_.requested())) {
    if (open_partitions_ == 0) {
      finish();
      progressed = true;
    } else if (read_next(now)) {
      progressed = true;
    } else if (check_idleness(now)) {
      progressed = true;
    }
    if (!finished_) send_watermark(now, !progressed);
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
    if (partition.assigned.ended || !may_read(partition)) continue;
    if (read(partition, now)) return true;
  }
  return false;
}

bool SourceTask::may_read(const Partition& partition) const {
  if (!options_.max_drift) return true;
  const EventTime own = operator_->watermark(partition.assigned.index);
  return own <= saturating_add(board_.slowest(), *options_.max_drift);
}

bool SourceTask::read(Partition& partition, Environment::Instant now) {
  const std::size_t allowed = board_.reserve(kRowsARead, now);
  if (allowed == 0) return false;
  const SourceOperator::Read read =
      operator_->read(partition.assigned.index, *partition.assigned.reader, allowed);
  board_.give_back(allowed - std::min(allowed, read.rows + read.rejected));
  kill_point("after_poll");
  records_.add(read.rows + read.rejected);
  progress_.records.fetch_add(read.rows + read.rejected, std::memory_order_relaxed);
  progress_.rejected.fetch_add(read.rejected, std::memory_order_relaxed);
  if (read.rows + read.rejected > 0) control_.note_activity();
  note_status(partition, read.status, now);
  report();
  return read.rows + read.rejected > 0 || read.status == ReadStatus::kEnd;
}

void SourceTask::note_status(Partition& partition, ReadStatus status, Environment::Instant now) {
  const std::uint32_t index = partition.assigned.index;
  if (status == ReadStatus::kEnd) {
    partition.assigned.ended = true;
    --open_partitions_;
    board_.publish(index, EventTime::max());
  } else if (status == ReadStatus::kCaughtUp) {
    if (!partition.caught_up_since) partition.caught_up_since = now;
    // It has nothing to read, so nobody need wait for it; its watermark still counts until it is idle.
    board_.publish(index, EventTime::max());
  } else {
    // Not at the end any more, whether or not rows have come yet: slow is not idle.
    partition.caught_up_since.reset();
    if (status == ReadStatus::kRows) partition.idle = false;
    board_.publish(index, operator_->watermark(index));
  }
}

bool SourceTask::check_idleness(Environment::Instant now) {
  if (!options_.idle_after) return false;
  bool changed = false;
  for (Partition& partition : partitions_) {
    if (partition.assigned.ended || partition.idle || !partition.caught_up_since) continue;
    if (now - *partition.caught_up_since < *options_.idle_after) continue;
    partition.idle = changed = true;
  }
  return changed;
}

void SourceTask::send_watermark(Environment::Instant now, bool at_once) {
  if (!operator_->has_event_time()) return;
  if (!at_once && now - watermark_sent_at_ < control_.linger()) return;
  EventTime slowest = EventTime::max();
  bool any = false;
  for (const Partition& partition : partitions_) {
    if (partition.assigned.ended || partition.idle) continue;
    any = true;
    slowest = std::min(slowest, operator_->watermark(partition.assigned.index));
  }
  if (!any) {
    if (open_partitions_ > 0 && !std::exchange(said_idle_, true)) outputs_.idle();
    return;
  }
  // Rows have made the input active again downstream, even where they moved no watermark.
  said_idle_ = false;
  if (slowest <= sent_watermark_) return;
  sent_watermark_ = slowest;
  watermark_sent_at_ = now;
  outputs_.watermark(slowest);
  metrics_.watermark(slowest);
  progress_.watermark.store(slowest.millis, std::memory_order_relaxed);
}

void SourceTask::finish() {
  outputs_.watermark(EventTime::max());
  outputs_.end();
  finished_ = true;
  control_.task_finished();
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
    snapshot.partitions.push_back({options_.vertex, partition.assigned.name, partition.begin, end,
                                   operator_->watermark(index), partition.assigned.ended});
    partition.begin = end;
  }
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
    if (const auto behind = partition.assigned.reader->lag()) lag += *behind;
    else lag_known = false;
  }
  progress_.progress.store(bounded ? read : -1, std::memory_order_relaxed);
  progress_.lag.store(lag_known ? lag : -1, std::memory_order_relaxed);
}

}  // namespace weir
