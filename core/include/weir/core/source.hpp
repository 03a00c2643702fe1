#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/operator.hpp>

namespace weir {

/// Where a reader stands in its partition: the next thing to read. Meaning is the connector's: a Kafka offset, a byte
/// of a file, the number of a generated event. Kept in checkpoints and commit records.
struct Position {
  std::int64_t offset = 0;
  std::string detail;  ///< whatever else the connector needs to check or go on; empty for most

  friend bool operator==(const Position&, const Position&) = default;
};

/// Where a partition without a position in a checkpoint begins.
enum class StartAt { kEarliest, kLatest };

/// Something that could not be decoded.
struct Rejected {
  std::int64_t offset;       ///< of the message, or of the line's first byte
  std::string_view reason;   ///< what is wrong, naming the field
  std::string_view payload;  ///< the bytes as they were read, or their beginning
  /// What to do about it, a sentence, where leaving it out would lose more than a record; empty: leave it out.
  std::string_view remedy = {};
  std::uint64_t bytes = 0;  ///< how many there were; 0: those of `payload`
};

/// Where a reader puts what it reads.
class RowSink {
 public:
  virtual ~RowSink() = default;
  /// The batch to append rows and text to. Never full before `limit` rows of a read() are appended.
  virtual Batch& batch() = 0;
  /// Hands over something undecodable, to be treated by the source's policy (fail, skip, dead letter). Counts as a row
  /// towards the limit. Throws FailJob under the policy `fail`.
  virtual void reject(const Rejected&) = 0;
};

enum class ReadStatus {
  kRows,      ///< something was read, be it no row yet; there may be more at once
  kNothing,   ///< nothing now; the reader is not at the end, or does not know
  kCaughtUp,  ///< nothing now, and the position equals the end that the outside reports
  kEnd,       ///< a bounded partition has ended; stays so
};

/// Reads one partition. Belongs to one worker; never blocks.
class PartitionReader {
 public:
  virtual ~PartitionReader() = default;
  /// Reads at most `limit` rows and rejections, and looks at no more than about 1 MiB for that, whatever it finds there: barriers
  /// wait for the call. What was begun (a long record, blank lines without end) is gone on with in the next one. Throws RestartJob or FailJob when the partition cannot be read any more.
  virtual ReadStatus read(RowSink& rows, std::size_t limit) = 0;
  /// The position after the last row or rejection handed over.
  virtual Position position() const = 0;
  /// How many records lie between the position and the known end; nullopt when unknown. For metrics.
  virtual std::optional<std::int64_t> lag() const { return std::nullopt; }
  /// Share of the partition that has been read, 0 to 1; nullopt when it has no end. For the progress line.
  virtual std::optional<double> progress() const { return std::nullopt; }
};

/// How a job asks its sources to read.
struct SourceOptions {
  StartAt start = StartAt::kEarliest;
  bool bounded = false;  ///< end at what is there now; files and generators with a count always end
};

/// A partition as the checkpoint has it that a job goes on from.
struct RestoredPartition {
  std::string name;
  Position position;
  bool ended = false;  ///< was read to the end that it had then: nothing is missed when it is gone
};

/// A source of an instance: knows its partitions and opens them. Methods may block; they are called off the workers,
/// by one thread at a time. Readers may be used on different workers side by side.
class Source {
 public:
  virtual ~Source() = default;
  /// Stable names of the partitions, in a stable order. Throws FailJob with ExitCode::kCannotConnect or kUsage.
  virtual std::vector<std::string> partitions() = 0;
  /// Called once, after partitions() and before open(), when the job goes on from a checkpoint: `restored` is everything that it
  /// knows of this source, also partitions that partitions() does not name. Throws FailJob(kStateUnusable), with the
  /// remedy, when the outside does not have any more what these positions stand in: a partition is gone before it was
  /// read to its end, or another of the same name is in its place. Partitions that `restored` does not name are new: they begin
  /// at their beginning, whatever SourceOptions says.
  virtual void check_restored(const std::vector<RestoredPartition>& restored) { (void)restored; }
  /// Whether a partition without a position would begin elsewhere when it is opened again later (at the end of a topic, or at the
  /// oldest record that retention has left). Such first positions are made durable before the first row is read.
  virtual bool first_positions_move() const { return false; }
  /// Opens `partition` at `position`, or where the options say. `wake` may be called from any thread when there is something to
  /// read after a read() that found nothing; it is cheap and never blocks. The reader's position() is exact from the beginning,
  /// before anything is read.
  virtual std::unique_ptr<PartitionReader> open(const std::string& partition,
                                                const std::optional<Position>& position,
                                                std::function<void()> wake) = 0;
  /// Tells the outside how far the job has durably come, for lag tools. Not part of exactly-once; errors are logged, not thrown.
  virtual void report_committed(const std::vector<std::pair<std::string, Position>>&) {}
};

/// What to do with input that cannot be decoded.
enum class RejectPolicy { kFail, kSkip, kDeadLetter };

/// The typed end of a source on one worker: takes rows from readers, gives them their event times, keeps a watermark for each
/// partition and passes the rows into the first chain. Made by the pipeline; driven by the runtime, which decides
/// which partition is read when. Threads as for Operator.
class SourceOperator {
 public:
  virtual ~SourceOperator() = default;
  /// A partition that this worker will read. `watermark` is the restored one, or EventTime::min().
  virtual void add_partition(std::uint32_t partition, std::string_view name, EventTime watermark) = 0;
  struct Read {
    ReadStatus status;
    std::size_t rows;  ///< emitted
    std::size_t rejected;
  };
  /// Reads at most one batch, and at most `limit` rows, of `partition` and emits it.
  virtual Read read(std::uint32_t partition, PartitionReader& reader, std::size_t limit) = 0;
  /// How far event time has come in `partition`; never goes back.
  virtual EventTime watermark(std::uint32_t partition) const = 0;
  /// Whether rows have an event time at all. Without one no watermark is sent before the end.
  virtual bool has_event_time() const = 0;
};

struct SourceContext {
  OperatorContext base;  ///< port 0: rows; port 1: dead letters
  RejectPolicy on_reject = RejectPolicy::kFail;
  /// Takes what the operator of the job should know of; may be empty. Any thread.
  std::function<void(const std::string& line)> warn = {};
};

using SourceOperatorFactory = std::function<std::unique_ptr<SourceOperator>(SourceContext)>;

/// What `generator:?…` says.
struct GeneratorOptions {
  std::optional<std::uint64_t> events;  ///< of all partitions together; none: unlimited
  std::uint64_t seed = 1;
  std::uint32_t partitions = 1;  ///< partition k makes rows k, k + partitions, …
};

/// Opens a pipeline's own generator.
using GeneratorFactory = std::function<std::unique_ptr<Source>(const GeneratorOptions&)>;

/// What is known of something undecodable, as a row: the input of dead-letter sinks.
struct DeadLetter {
  std::string_view source;
  std::string_view partition;
  std::int64_t offset = 0;
  std::string_view reason;
  std::string_view payload;   ///< at most the first 64 KiB of what was read
  std::string_view encoding;  ///< of `payload`: `text`, or `base64` where the bytes are no UTF-8
  std::uint64_t bytes = 0;    ///< how long the record was
};
BOOST_DESCRIBE_STRUCT(DeadLetter, (), (source, partition, offset, reason, payload, encoding, bytes))

}  // namespace weir
