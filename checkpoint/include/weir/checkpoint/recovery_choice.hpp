#pragma once

#include <functional>
#include <optional>
#include <string>

#include <weir/checkpoint/manifest.hpp>
#include <weir/checkpoint/store.hpp>

namespace weir {

/// A savepoint that a job is to begin with, unless what it has committed goes back to it already.
struct SavepointOrigin {
  Manifest manifest;
  Checksum checksum;  ///< of its bytes
};

/// What a job asks of its recovery.
struct RecoveryOptions {
  std::string job;
  std::string instance;
  /// Commits before this epoch are ignored: 0 resumes from whatever there is; the largest number starts anew.
  Epoch oldest = kNoEpoch;
  bool allow_duplicates =
      false;  ///< a damaged checkpoint may be replaced by an older one, which repeats output
  std::string fingerprint = "";  ///< of the pipeline
  bool takes_job_over =
      false;  ///< may begin in another place than where the job's checkpoints are (--from fresh)
  std::optional<SavepointOrigin> savepoint = std::nullopt;
  /// Throws when the job cannot go on from this checkpoint; asked before anybody is fenced for it.
  std::function<void(const Manifest&)> fits = [](const Manifest&) {};
};

/// Throws FailJob(kStateUnusable) when `what`, a checkpoint or commit record of that job and instance, is another's than the options say.
void check_ownership(const std::string& what, const std::string& job, const std::string& instance,
                     const RecoveryOptions& options);

/// The checkpoint that a job goes on from.
struct ChosenCheckpoint {
  std::optional<Manifest> manifest;  ///< none: a fresh start
  Checksum checksum;                 ///< of its bytes
};

/// Decides by what store and log say where a job goes on, and refuses where they disagree or one of them has lost what the other still knows. Changes nothing, so
/// that it is asked before the fence as well, and by `check`.
class RecoveryChoice {
 public:
  RecoveryChoice(CheckpointStore& store, bool has_log, const RecoveryOptions& options)
      : store_(store), has_log_(has_log), options_(options) {}

  /// Throws FailJob(kStateUnusable) when the record is of another job, or of a job of this name that has its checkpoints elsewhere: to go on would take that one's
  /// identity away.
  void check_same_job(const CommitRecord& record);
  /// Throws FailJob(kStateUnusable) when the checkpoint cannot be had or disagrees with the record.
  ChosenCheckpoint choose(const std::optional<CommitRecord>& record);
  const RecoveryOptions& options() const { return options_; }

 private:
  struct Loaded {
    Manifest manifest;
    Checksum checksum;
  };
  bool is_here(const CommitRecord& record);
  bool is_savepoint(const CommitRecord& record) const;
  bool goes_back_to_savepoint(const std::optional<CommitRecord>& record);
  Epoch epoch_of(const CommitRecord& record, Epoch oldest);
  Epoch epoch_without_record(Epoch oldest);
  std::optional<Epoch> newest_before(Epoch epoch);
  Loaded load(Epoch epoch);

  CheckpointStore& store_;
  const bool has_log_;
  const RecoveryOptions& options_;
};

}  // namespace weir
