#pragma once

#include <atomic>
#include <deque>

#include <weir/core/source.hpp>

#include "task.hpp"

namespace weir {

/// How a partition stands to its outside.
enum class Standing {
  kReading,   ///< there may be more to read
  kCaughtUp,  ///< nothing to read: nobody need be paused for it, but its watermark counts
  kIdle,      ///< caught up for so long that its watermark does not count
  kEnded,
};

/// What the workers share of one source: how far each partition has come, how far the source has, and how many rows may still be
/// read now. The only thing workers share besides channels; cells of one writer each, read without locks.
///
/// Watermarks are merged here, over all partitions of all workers, and not by the receivers: so all workers send
/// the same watermarks, are idle at the same time and end at the same time, whichever of them has which partition.
class SourceBoard {
 public:
  SourceBoard(std::size_t partitions, std::optional<double> rate, Environment::Instant started)
      : cells_(partitions), aligned_with_{this}, rate_(rate), started_(started) {}
  SourceBoard(const SourceBoard&) = delete;

  /// By the partition's own task only.
  void publish(std::uint32_t partition, EventTime watermark, Standing standing);

  struct Merged {
    EventTime watermark;  ///< never goes back
    bool any_active;      ///< some partition is neither idle nor ended
    bool any_open;        ///< some partition has not ended
  };
  /// How far the source has come: the minimum over its active partitions. Any worker.
  Merged merge();

  /// Partitions of all these, too, are waited for. Before the first step; `boards` holds this one, and outlives it.
  void align_with(std::vector<const SourceBoard*> boards) { aligned_with_ = std::move(boards); }
  /// The smallest watermark among the partitions to be waited for.
  EventTime slowest() const;
  /// Rows that may be read at this moment, at most `wanted`; given back what is not used.
  std::size_t reserve(std::size_t wanted, Environment::Instant now);
  void give_back(std::size_t rows) {
    taken_.fetch_sub(static_cast<std::int64_t>(rows), std::memory_order_relaxed);
  }

 private:
  struct Cell {
    std::atomic<std::int64_t> watermark{EventTime::min().millis};
    std::atomic<std::int64_t> waited_for{EventTime::min().millis};  ///< EventTime::max(): nobody need wait
  };
  EventTime own_slowest() const;

  std::deque<Cell> cells_;
  std::atomic<std::int64_t> merged_{EventTime::min().millis};
  std::vector<const SourceBoard*> aligned_with_;
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
    EventTime caught_up_at;  ///< its watermark then
    bool idle = false;
  };
  bool read_next(Environment::Instant now);
  bool read(Partition& partition, Environment::Instant now);
  bool may_read(const Partition& partition) const;
  void note_status(Partition& partition, ReadStatus status, Environment::Instant now);
  void note_caught_up(Partition& partition, Environment::Instant now);
  void publish(const Partition& partition, Standing standing);
  void send_watermark(Environment::Instant now, bool at_once);
  EventTime own_watermark() const;
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
  bool finished_ = false;
  bool said_idle_ = false;
  Epoch answered_ = kNoEpoch;
  EventTime sent_watermark_ = EventTime::min();
  Environment::Instant watermark_sent_at_{0};
};

}  // namespace weir
