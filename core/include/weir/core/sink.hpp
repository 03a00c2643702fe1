#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/batch.hpp>
#include <weir/core/claim.hpp>
#include <weir/core/digest.hpp>
#include <weir/core/epoch.hpp>

namespace weir {

/// What one writer staged in one epoch. Kept in the manifest, so that a sink that commits by itself can finish later.
struct SinkPart {
  std::uint32_t worker = 0;
  std::string
      payload;  ///< the connector's own: names and lengths of staged files; empty where the commit log commits
  Digest written;  ///< count and digest of the encoded rows
};

/// The commit point of a job whose sinks share a transactional log: the sinks' rows and the commit record become visible
/// together or not at all. Methods block; called by one thread at a time, off the workers.
/// Protocol and reasons: docs/checkpoint-protocol.md.
class CommitLog {
 public:
  virtual ~CommitLog() = default;
  /// The newest commit record as it looks without a fence: what would be shut out is compared with it beforehand. Another may follow at any
  /// moment, so nobody goes on from it. Changes nothing.
  virtual std::optional<std::string> look() = 0;
  /// Shuts out every earlier holder of this identity: aborts what it left open and waits out what is in doubt. Call
  /// before last_record(). Throws RestartJob, or FailJob with kCannotConnect.
  virtual void fence() = 0;
  /// The newest commit record, if there has ever been a commit.
  virtual std::optional<std::string> last_record() = 0;
  /// After fence(): makes `record` the newest one, with nothing else. It says whose the identity is now; throws as commit() does. Of two that fence one
  /// after the other only the later one can.
  virtual void claim(const std::string& record) = 0;
  /// Makes visible, together, everything that the sinks' writers have flushed since the last commit, and `record`.
  /// Returns only when that is certain. Throws RestartJob when it failed or its outcome is unknown: only a new CommitLog,
  /// after fence(), can tell which. Throws Fenced when another holder has taken over.
  virtual void commit(Epoch epoch, const std::string& record) = 0;
};

/// Writes rows on one worker. Never blocks. Threads as for Operator.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  /// Takes all rows, or none: false means "not now", called again later with the same batch.
  [[nodiscard]] virtual bool try_write(const Batch& rows) = 0;
  /// The barrier of `epoch` has come: no more rows of it follow. True when all of them are staged and durable as far as the
  /// protocol asks (files synced; Kafka: acknowledged). False: not yet, called again; nothing else is called before.
  /// Throws RestartJob when a row could not be written.
  [[nodiscard]] virtual bool try_flush(Epoch epoch) = 0;
  /// What try_flush() completed. Called once an epoch.
  virtual SinkPart take_part() = 0;
  /// Rows may leave before the barrier: nothing came for a while. Called now and then.
  virtual void nudge() {}
};

/// A sink of an instance. Methods may block; called off the workers, by one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  /// The log that commits this sink's rows, or null for a sink that commits by itself (or not at all). All transactional sinks of a
  /// job must name the same one. Owned by the connector; lives as long as the sink.
  virtual CommitLog* commit_log() { return nullptr; }
  /// Called first, before anybody is fenced: takes what only one process may have, such as a directory's lock. Throws FailJob(kUsage) where a process of another job
  /// has it. One of the same job and instance is shut out by a commit log where there is one, and what it has is left to claim(); else FailJob(kStateUnusable).
  /// Returns the highest claim that has left a trace there.
  virtual ClaimNumber reserve(bool /*has_log*/) { return 0; }
  /// This process runs the instance from now on. Takes what reserve() could not, from a holder that is fenced; throws FailJob(kUsage) where that is not.
  virtual void claim(const Claim&) {}
  /// Called once before writers are opened, after claim(). `restored` is the epoch the job goes on from (kNoEpoch: a fresh start), `parts`
  /// what its manifest holds for this sink: finishes them, which may have happened already, and removes whatever is
  /// staged by others, but for claims above its own.
  virtual void recover(Epoch restored, const std::vector<SinkPart>& parts) = 0;
  /// `epoch` has been committed: makes its parts visible. Retried after a crash through recover(), so idempotent.
  virtual void commit(Epoch epoch, const std::vector<SinkPart>& parts) = 0;
  virtual std::unique_ptr<SinkWriter> open_writer(std::uint32_t worker) = 0;
};

}  // namespace weir
