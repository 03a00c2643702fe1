#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/environment.hpp>
#include <weir/core/epoch.hpp>
#include <weir/core/key_group.hpp>
#include <weir/core/metrics.hpp>
#include <weir/core/time.hpp>

namespace weir {

class StateStore;  // room state

/// Takes the rows that a vertex emits on one port: the fused stateless chain, up to and including the edge it ends in.
/// Called once a batch; the batch is the caller's and unchanged afterwards.
class BatchConsumer {
 public:
  virtual ~BatchConsumer() = default;
  virtual void consume(const Batch& rows) = 0;
};

/// The sending end of an edge on one worker. `open` gives the batch under construction for a target worker; `ship`
/// sends it when it is full. Batches that are not full leave after the linger, when the input is idle, and before every
/// watermark and barrier: the runtime sees to that. Neither call blocks: room was checked before the step began.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual std::uint32_t targets() const = 0;
  virtual std::uint32_t max_parallelism() const = 0;
  /// The batch to append to. Never full. Valid until the next ship() to that target, or the end of the call into the operator.
  virtual Batch& open(std::uint32_t target) = 0;
  /// Sends the batch and returns the next one to append to.
  virtual Batch& ship(std::uint32_t target) = 0;
};

/// What a task hands over at a barrier. Made during Operator::snapshot, on the worker; what it holds is written
/// behind, on another thread, while the worker goes on.
class SealedState {
 public:
  virtual ~SealedState() = default;
  /// Goes on copying what was sealed, a portion a call, so that no barrier stops the worker for long however much has changed. Called on
  /// the worker between calls into the operator, which copies what it is about to change itself. True: all is copied.
  [[nodiscard]] virtual bool proceed() { return true; }
};

class SnapshotWriter {
 public:
  virtual ~SnapshotWriter() = default;
  /// What changed in the keyed state since the last barrier. At most one an operator and barrier.
  virtual void keyed(std::unique_ptr<SealedState> delta) = 0;
  /// State of this worker's operator that belongs to no key (pane directories, a watermark). Small; kept in the manifest
  /// and given to every worker's operator on restore.
  virtual void operator_state(std::string bytes) = 0;
  /// The inputs have ended, all that waited for event time has come out, and this is the moment of the last of it, or the last
  /// watermark before the end where that is later. The furthest over all workers is OperatorContext::restored_end.
  virtual void ended_at(EventTime) {}
};

/// What an operator is given when it is made: its place, its state, its ways out. Lives as long as the operator.
struct OperatorContext {
  std::string_view name;
  std::uint32_t worker = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = kDefaultMaxParallelism;
  KeyGroupRange key_groups;
  Environment* environment = nullptr;
  MetricRegistry* metrics = nullptr;
  StateStore* state = nullptr;  ///< this worker's shard; null for stateless operators
  /// Makes the operator's worker look at it again soon. From any thread, while the operator lives; cheap, never blocks.
  std::function<void()> wake;
  /// Consumers of each output port, port 0 first.
  std::vector<std::vector<std::unique_ptr<BatchConsumer>>> outputs;
  /// Operator state of the checkpoint that is restored, one entry a worker that took part; empty on a fresh start.
  std::vector<std::string> restored;
  /// Where the inputs had ended: how far event time had come here by that, on whatever worker. What lies up to there has fired.
  EventTime restored_end = EventTime::min();
};

/// One operator on one worker. Everything it owns belongs to that worker: no call ever comes from another thread, and
/// no two calls overlap. It must not block, start threads or read clocks; what it needs is in its OperatorContext.
///
/// Order of calls: the constructor restores; then any number of process(), advance_watermark(), advance_processing_time() and
/// snapshot(); end_of_input() once the inputs have ended; then the destructor, without further notice when the attempt ends. Rows
/// are emitted by calling the consumers of the context.
///
/// Processing time is Environment::wall_clock(): asked for at most once a call, never once a row.
///
/// Exceptions end the attempt: the job restarts from its last commit (FailJob: ends). An operator need not be usable
/// after it has thrown.
class Operator {
 public:
  virtual ~Operator() = default;

  /// Rows of one input, in the order in which their worker sent them. May emit at most a small multiple of what it is given;
  /// more than that belongs into advance_watermark(), which can be interrupted.
  virtual void process(std::uint32_t input, const Batch& rows) = 0;

  /// The watermark over all inputs has advanced to `watermark`: no row with an earlier or equal time is on time
  /// any more. EventTime::max() means that the inputs have ended: all that waits for event time comes out. It is the end of a run
  /// and not of time: a later run may go on from what snapshot() hands over, so that what is not due by the last thing that
  /// came out is kept (SnapshotWriter::ended_at). Emits what that completes, at most about
  /// `kEmitAtMost` rows a call. False: there is more; called again, with the same watermark, before any other method,
  /// as soon as there is room downstream. True: done, the watermark may be passed on.
  [[nodiscard]] virtual bool advance_watermark(EventTime watermark) = 0;

  /// When advance_processing_time() is to be called next; EventTime::max(): not at all. Asked for once a step. A time in the past means
  /// "as soon as possible": so an operator that gets results from other threads has them taken in.
  virtual EventTime next_processing_time() const { return EventTime::max(); }
  /// The wall clock has reached next_processing_time(). Emits what that completes; resumed like advance_watermark().
  [[nodiscard]] virtual bool advance_processing_time(EventTime now) {
    static_cast<void>(now);
    return true;
  }

  /// The highest watermark that may be passed on, for an operator that holds rows back: smaller than the times of all of them.
  /// EventTime::max(): it holds nothing. The end of the input is passed on only then.
  virtual EventTime watermark_hold() const { return EventTime::max(); }
  /// False: no rows now; the inputs wait, and with them the next barrier. Whoever says so must have a next_processing_time(), or wake
  /// its worker, when that changes.
  virtual bool accepts_rows() const { return true; }

  /// All inputs have ended, and advance_watermark(EventTime::max()) is done. Emits at once what only waits for processing time to pass;
  /// resumed like advance_watermark(). What waits for an outside (watermark_hold()) goes on waiting.
  [[nodiscard]] virtual bool end_of_input() { return true; }

  /// All inputs have delivered the barrier. Hands over what a restore needs to go on exactly here. Must be quick: it copies or
  /// seals, it does not write.
  virtual void snapshot(SnapshotWriter&) {}

  static constexpr std::size_t kEmitAtMost = 4096;
};

using OperatorFactory = std::function<std::unique_ptr<Operator>(OperatorContext)>;

}  // namespace weir
