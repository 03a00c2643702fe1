#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/recovery_choice.hpp>
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

/// Ties source positions, state and output together: they advance together, at a commit, or not at all.
/// docs/checkpoint-protocol.md tells why each step stands where it does. Methods block; one thread at a time.
class CommitProtocol {
 public:
  /// `log` may be null: then the manifest's atomic step is the commit. `report` is told of what goes wrong behind a commit and is left for the next one. All references outlive the protocol.
  CommitProtocol(
      CheckpointStore& store, CommitLog* log, std::vector<NamedSink> sinks,
      std::function<void(const std::string&)> report = [](const std::string&) {});

  /// Looks whom it would shut out, fences, only then asks the log what was committed, claims, and loads exactly the checkpoint that the log names. Sinks are recovered.
  /// Throws FailJob(kStateUnusable) when that checkpoint cannot be had, is another job's, or disagrees with the log: before the fence where that can be seen.
  RecoveryPoint recover(const RecoveryOptions& options);

  /// Requires: every file the manifest names is durable. On return epoch n is committed and visible. Throws as
  /// CheckpointStore::publish and CommitLog::commit do; what was committed then is for the next recover() to find out.
  void commit(Manifest manifest);

 private:
  void look(RecoveryChoice& choice);
  ClaimNumber reserve_sinks();
  void fence();
  std::optional<CommitRecord> record_in(const std::optional<std::string>& bytes) const;
  std::optional<CommitRecord> claim(RecoveryChoice& choice, const RecoveryOptions& options);
  ChosenCheckpoint chosen_by(RecoveryChoice& choice, const std::optional<CommitRecord>& record);
  void recover_sinks(const std::optional<Manifest>& manifest);
  void tell_sinks(const Manifest& manifest);
  void afterwards(Epoch epoch, const std::function<void()>& action);

  CheckpointStore& store_;
  CommitLog* log_;
  std::vector<NamedSink> sinks_;
  std::function<void(const std::string&)> report_;
  CommitRecord record_;  ///< what this process' records say beside the epoch
  Epoch last_ = kNoEpoch;
  Checksum last_checksum_;
};

}  // namespace weir
