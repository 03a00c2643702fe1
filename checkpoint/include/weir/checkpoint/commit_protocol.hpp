#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/store.hpp>
#include <weir/core/sink.hpp>

namespace weir {

/// A sink of the job, as the protocol sees it.
struct NamedSink {
  std::string name;
  Sink* sink;
};

/// What a job goes on from.
struct RecoveryPoint {
  std::optional<Manifest> manifest;  ///< none: a fresh start
  Checksum checksum;                 ///< of its bytes
  Epoch next_epoch = 1;              ///< above all that store and log have ever seen
  Epoch ignored = kNoEpoch;          ///< the last commit, where RecoveryOptions::oldest passes over it
};

/// What a job asks of its recovery.
struct RecoveryOptions {
  std::string job;
  std::string instance;
  /// Commits before this epoch are ignored: 0 resumes from whatever there is; the largest number starts anew.
  Epoch oldest = kNoEpoch;
  bool allow_duplicates =
      false;  ///< a damaged checkpoint may be replaced by an older one, which repeats output
};

/// Throws FailJob(kStateUnusable) when `what`, a checkpoint or commit record of that job and instance, is another's than the options say.
void check_ownership(const std::string& what, const std::string& job, const std::string& instance,
                     const RecoveryOptions& options);

/// Ties source positions, state and output together: they advance together, at a commit, or not at all.
/// docs/checkpoint-protocol.md tells why each step stands where it does. Methods block; one thread at a time.
class CommitProtocol {
 public:
  /// `log` may be null: then the manifest's atomic step is the commit. All references outlive the protocol.
  CommitProtocol(CheckpointStore& store, CommitLog* log, std::vector<NamedSink> sinks);

  /// Fences, only then asks the log what was committed, and loads exactly the checkpoint it names. Sinks are recovered.
  /// Throws FailJob(kStateUnusable) when that checkpoint cannot be had, is another job's, or disagrees with the log.
  RecoveryPoint recover(const RecoveryOptions& options);

  /// Requires: every file the manifest names is durable. On return epoch n is committed and visible. Throws as
  /// CheckpointStore::publish and CommitLog::commit do; what was committed then is for the next recover() to find out.
  void commit(Manifest manifest);

 private:
  void fence();
  std::optional<CommitRecord> committed_in_log(const RecoveryOptions& options);
  Manifest load(Epoch epoch, const RecoveryOptions& options);
  /// The last commit where a manifest's atomic step is the commit.
  Epoch last_without_log();
  Epoch choose(const std::optional<CommitRecord>& record, const RecoveryOptions& options);
  void recover_sinks(const std::optional<Manifest>& manifest);

  CheckpointStore& store_;
  CommitLog* log_;
  std::vector<NamedSink> sinks_;
  Epoch last_ = kNoEpoch;
  Checksum last_checksum_;
};

}  // namespace weir
