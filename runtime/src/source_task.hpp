#pragma once

#include <atomic>
#include <deque>

#include <weir/core/source.hpp>
#include <weir/runtime/job.hpp>

#include "task.hpp"

namespace weir {

/// How a partition stands to its outside.
enum class Standing {
  kReading,   ///< there may be more to read
  kCaughtUp,  ///< nothing to read: nobody need be paused for it, but its watermark counts
  kIdle,      ///< caught up for so long that its watermark does not count
  kEnded,
};

/// Where a partition stands, for people. Written by its task, read by any thread.
struct PartitionPlace {
  std::atomic<std::int64_t> watermark{EventTime::min().millis};
  std::atomic<Standing> standing{Standing::kReading};
  std::atomic<bool> has_event_time{false};
  std::atomic<bool> paused{false};                ///< it is too far ahead of others
  std::atomic<std::int64_t> position{0};          ///< the next thing to read
  std::atomic<std::int64_t> barrier_position{0};  ///< that at the last barrier
  std::atomic<std::int64_t> oldest_position{
      0};                             ///< that at the one before: older rows have passed all operators
  std::atomic<std::int64_t> lag{-1};  ///< negative: unknown
};

/// What the workers share of one source: how far each partition has come, how far the source has, and how many rows may still be
/// read now. The only thing workers share besides channels; cells of one writer each, read without locks.
///
/// Watermarks are merged here, over all partitions of all workers, and not by the receivers: so all workers send
/// the same watermarks, are idle at the same time and end at the same time, whichever of them has which partition.
class SourceBoard {
 public:
  /// `rate`: rows a second from `started` on, over all partitions. `in_turn`: partition k of K gives rows k, k + K, …, as a
  /// generator's do, and none of them before its turn; otherwise whoever asks first reads first.
  SourceBoard(std::size_t partitions, std::optional<double> rate, Environment::Instant started,
              bool in_turn = false)
      : cells_(partitions), aligned_with_{this}, rate_(rate), started_(started), in_turn_(in_turn) {}
  SourceBoard(const SourceBoard&) = delete;

  /// By the partition's own task only.
  void publish(std::uint32_t partition, EventTime watermark, Standing standing);
  PartitionPlace& place(std::uint32_t partition) { return cells_[partition].place; }
  const PartitionPlace& place(std::uint32_t partition) const { return cells_[partition].place; }
  std::size_t partitions() const { return cells_.size(); }
  /// `partition` has been read to its end: once, after its last publish(). By its own task only.
  void note_end(EventTime watermark);
  /// All partitions have been: what they have published is how far the source has come. Any worker.
  bool all_at_end() const { return at_end_.load(std::memory_order_acquire) == cells_.size(); }
  /// The greatest watermark of the partitions that are at their ends.
  EventTime furthest_at_end() const { return {furthest_at_end_.load(std::memory_order_relaxed)}; }

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
  /// Rows of `partition` that may be read at this moment, at most `wanted`; given back what is not used.
  std::size_t reserve(std::uint32_t partition, std::size_t wanted, Environment::Instant now);
  void give_back(std::uint32_t partition, std::size_t rows) {
    taken(partition).fetch_sub(static_cast<std::int64_t>(rows), std::memory_order_relaxed);
  }
  /// When the next row of `partition` may be read; none where there is no rate. Any worker.
  std::optional<Environment::Instant> next_due(std::uint32_t partition);
  /// The moment that the rate counts from: row n may be read (n + 1) / rate seconds later.
  std::optional<Environment::Instant> paced_since() const {
    return rate_ ? std::optional(started_) : std::nullopt;
  }

 private:
  struct Cell {
    std::atomic<std::int64_t> watermark{EventTime::min().millis};
    std::atomic<std::int64_t> waited_for{EventTime::min().millis};  ///< EventTime::max(): nobody need wait
    std::atomic<std::int64_t> taken{0};                             ///< rows, where partitions take turns
    PartitionPlace place;
  };
  EventTime own_slowest() const;
  std::atomic<std::int64_t>& taken(std::uint32_t partition) {
    return in_turn_ ? cells_[partition].taken : taken_;
  }

  std::deque<Cell> cells_;
  std::atomic<std::int64_t> merged_{EventTime::min().millis};
  std::atomic<std::size_t> at_end_{0};
  std::atomic<std::int64_t> furthest_at_end_{EventTime::min().millis};
  std::vector<const SourceBoard*> aligned_with_;
  const std::optional<double> rate_;
  const Environment::Instant started_;
  const bool in_turn_;
  std::atomic<std::int64_t> taken_{0};
};

/// A partition given to a worker.
struct AssignedPartition {
  std::uint32_t index = 0;  ///< among all partitions of the source
  std::string name;
  std::unique_ptr<PartitionReader> reader;
  EventTime watermark = EventTime::min();
  std::optional<Position> ended_before = std::nullopt;  ///< where an earlier run had read it to its end
  bool ended = false;                                   ///< in this run
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
  AtEnd at_end = AtEnd::kFire;
  /// Its partitions have ends of their own, as files do: one that has come to it holds nobody back. Otherwise it only ends for this run.
  bool has_own_ends = true;
};

/// Reads the partitions of one source that belong to one worker, in turn; merges their watermarks; injects barriers.
class SourceTask final : public Task {
 public:
  SourceTask(SourceTaskOptions options, AttemptControl& control, MetricRegistry& metrics, SourceBoard& board,
             SourceProgress& progress, TaskOutputs outputs, std::unique_ptr<SourceOperator> driven,
             std::vector<AssignedPartition> partitions);

  bool is_blocked() const override { return outputs_.has_backlog(); }
  /// Until rows may be read again, where there is a rate.
  Environment::Instant nap(Environment::Instant now, Environment::Instant at_most) const override;
  const std::string& vertex() const override { return options_.vertex; }
  std::uint32_t worker() const override { return options_.worker; }

 private:
  struct Partition {
    AssignedPartition assigned;
    Position begin;  ///< at the last barrier
    bool gave_rows = false;
    std::optional<Environment::Instant> caught_up_since;
    EventTime caught_up_at;  ///< its watermark then
    bool idle = false;
    std::optional<Environment::Instant> read_at = std::nullopt;  ///< rows, where there is a rate
  };
  bool do_step(Environment::Instant now) override;
  Waits waits() const override { return is_blocked() ? Waits::kForRoom : Waits::kNot; }
  void note_failure() const override;
  bool read_next(Environment::Instant now);
  bool read(Partition& partition, Environment::Instant now);
  bool may_read(const Partition& partition) const;
  /// With a rate: whether too little time has passed for rows to be worth a batch.
  bool is_gathering(const Partition& partition, Environment::Instant now) const {
    return partition.read_at && now - *partition.read_at < control_.linger();
  }
  void note_status(Partition& partition, ReadStatus status, Environment::Instant now);
  void note_caught_up(Partition& partition, Environment::Instant now);
  void publish(const Partition& partition, Standing standing);
  void send_watermark(Environment::Instant now, bool at_once);
  EventTime own_watermark() const;
  void answer_barrier(Epoch epoch);
  void finish();
  /// At the end of a run that keeps what is open: says how far time has come, and no more.
  void pause();
  void note_end(Partition& partition);
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
  const Partition* reading_ = nullptr;  ///< during a read
  bool finished_ = false;
  bool said_idle_ = false;
  Epoch answered_ = kNoEpoch;
  EventTime sent_watermark_ = EventTime::min();
  Environment::Instant watermark_sent_at_{0};
};

}  // namespace weir
