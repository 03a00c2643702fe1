#pragma once

#include <atomic>
#include <deque>

#include <weir/core/source.hpp>

#include "task.hpp"

namespace weir {

/// What the workers share of one source: how far each partition has come, and how many rows may still be read now.
/// The only thing workers share besides channels; single-writer cells, read without locks.
class SourceBoard {
 public:
  SourceBoard(std::size_t partitions, std::optional<double> rate, Environment::Instant started)
      : watermarks_(partitions), rate_(rate), started_(started) {}

  /// EventTime::max() for a partition that holds nobody back: ended, or caught up with its outside.
  void publish(std::uint32_t partition, EventTime watermark) {
    watermarks_[partition].store(watermark.millis, std::memory_order_relaxed);
  }
  EventTime slowest() const;
  /// Rows that may be read at this moment, at most `wanted`; given back what is not used.
  std::size_t reserve(std::size_t wanted, Environment::Instant now);
  void give_back(std::size_t rows) {
    taken_.fetch_sub(static_cast<std::int64_t>(rows), std::memory_order_relaxed);
  }

 private:
  std::deque<std::atomic<std::int64_t>> watermarks_;
  const std::optional<double> rate_;
  const Environment::Instant started_;
  std::atomic<std::int64_t> taken_{0};
};

/// A partition given to a worker.
struct AssignedPartition {
  std::uint32_t index = 0;  ///< among all partitions of the source
  std::string name;
  std::unique_ptr<PartitionReader> reader;
  EventTime watermark = EventTime::min();
  bool ended = false;
};

/// What /metrics and status want to know of a source on one worker. Written by the task, read by any thread.
struct SourceProgress {
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::int64_t> watermark{EventTime::min().millis};
  std::atomic<double> progress{-1};  ///< sum over the worker's partitions; negative: no end
  std::atomic<std::int64_t> lag{-1};
};

struct SourceTaskOptions {
  std::string vertex;
  std::uint32_t worker = 0;
  std::optional<Duration> max_drift;
  std::optional<Duration> idle_after;
};

/// Reads the partitions of one source that belong to one worker, in turn; merges their watermarks; injects barriers.
class SourceTask final : public Task {
 public:
  SourceTask(SourceTaskOptions options, AttemptControl& control, MetricRegistry& metrics, SourceBoard& board,
             SourceProgress& progress, TaskOutputs outputs, std::unique_ptr<SourceOperator> driven,
             std::vector<AssignedPartition> partitions);

  bool step(Environment::Instant now) override;
  bool is_blocked() const override { return outputs_.has_backlog(); }
  const std::string& vertex() const override { return options_.vertex; }

 private:
  struct Partition {
    AssignedPartition assigned;
    Position begin;  ///< at the last barrier
    std::optional<Environment::Instant> caught_up_since;
    bool idle = false;
  };
  bool read_next(Environment::Instant now);
  bool read(Partition& partition, Environment::Instant now);
  bool may_read(const Partition& partition) const;
  void note_status(Partition& partition, ReadStatus status, Environment::Instant now);
  bool check_idleness(Environment::Instant now);
  void send_watermark(Environment::Instant now, bool at_once);
  void answer_barrier(Epoch epoch);
  void finish();
  void report();

  const SourceTaskOptions options_;
  AttemptControl& control_;
  TaskMetrics metrics_;
  Counter& records_;
  SourceBoard& board_;
  SourceProgress& progress_;
  TaskOutputs outputs_;
  std::unique_ptr<SourceOperator> operator_;  // after outputs_: its consumers write there
  std::vector<Partition> partitions_;
  std::size_t turn_ = 0;
  std::size_t open_partitions_ = 0;
  bool finished_ = false;
  bool said_idle_ = false;
  Epoch answered_ = kNoEpoch;
  EventTime sent_watermark_ = EventTime::min();
  Environment::Instant watermark_sent_at_{0};
};

}  // namespace weir
