#pragma once

#include <memory>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/state/tier.hpp>

namespace weir {

/// Keeps an instance's checkpoints. Belongs to one instance at a time. Methods block; one thread at a time, except put(),
/// which may be called by several. Failures to write throw RestartJob: that checkpoint is dropped, never retried in place.
/// Failures to read throw FailJob(kStateUnusable) with the file's name and what to do.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  /// Tells the location from every other one; made once, by the first that asks with `make`, and kept there. Empty: not made yet.
  virtual std::string identity(bool make) = 0;
  /// The highest claim that has left a trace.
  virtual ClaimNumber last_claim() = 0;
  /// Makes this process the one the location belongs to. Nothing else is written or deleted before. When another live process has it:
  /// FailJob(kStateUnusable) naming that one. Returns its claim, one above all others. Idempotent.
  virtual ClaimNumber claim() = 0;
  /// The same where a commit log has shut out everybody else already, and has given this number: takes the location from a process that lives, and what that one still
  /// tries to publish here ends it with Fenced. Throws Fenced itself when a later one has been here. Again with a higher number: also.
  virtual void take_over(ClaimNumber number) = 0;
  /// Throws Fenced when this process had claimed the location and another has done so since.
  virtual void check_owner() = 0;

  /// Epochs that have a manifest, ascending, whether or not it can be read.
  virtual std::vector<Epoch> epochs() = 0;
  /// The highest epoch that has left any trace, manifests of aborted attempts included.
  virtual Epoch highest_epoch() = 0;
  /// Bytes of the manifest as published, verified. After claim() its files are known to be there: content that is in them is not written again.
  virtual std::string load(Epoch epoch) = 0;

  /// Makes a file of a snapshot durable, under this process' claim. Content that this process has put, or of a manifest that it has loaded since
  /// its claim, is referenced instead: nobody deletes that but this process.
  virtual StoredFile put(const SnapshotFile& file) = 0;
  /// Brings a stored file back, into `directory` (or as bytes where that is empty), verified against its checksum.
  virtual SnapshotFile get(const StoredFile& file, const std::string& directory) = 0;

  /// Makes the manifest durable under its epoch, by one atomic step. Requires: every file it names has been put.
  virtual void publish(Epoch epoch, const std::string& manifest) = 0;
  /// Deletes what came before `epochs`, of which all are this process' own or what it began with: manifests below the lowest that were here when it claimed the
  /// location or that it has published, files of those and its own files that no other manifest names. The first time also what
  /// earlier claims have left over. Never anything by not knowing it: a process that comes here late may have a successor, whose are the epochs above and the claims above.
  /// Requires: a claim.
  virtual void retain(const std::vector<Epoch>& epochs) = 0;
  /// Remembers that epoch n is committed, for whoever looks at the store later. The protocol does not rest on it, it may be lost; an older epoch is not
  /// remembered instead of a newer one.
  virtual void note_committed(Epoch epoch) = 0;
  /// The newest epoch that is remembered as committed, whether or not its manifest is there.
  virtual Epoch noted_committed() = 0;
  /// The newest epoch with a manifest that is known to be committed; kNoEpoch when none is.
  virtual Epoch last_committed() = 0;
  /// For messages: where epoch n is kept.
  virtual std::string describe(Epoch epoch) const = 0;
};

enum class StoreClaim {
  kAtOnce,  ///< claim() when the store is made
  kLater,   ///< the commit protocol claims it, after the fence where there is one
};

/// A directory: `LOCK`, `OWNER.<claim>`, `STORE`, `manifests/<epoch>`, `files/<claim>-<checksum>`. Throws FailJob(kUsage) when the directory cannot be made
/// or written.
std::unique_ptr<CheckpointStore> make_directory_store(const std::string& directory,
                                                      StoreClaim claim = StoreClaim::kAtOnce);
/// Objects of an S3 store, `s3://bucket/prefix?…` (docs/state.md), signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Throws
/// FailJob(kUsage) when the address or these are not as they must be; the store is first asked by the first call.
std::unique_ptr<CheckpointStore> make_s3_store(const std::string& address,
                                               StoreClaim claim = StoreClaim::kAtOnce);
/// In memory; for the simulation. `shared` outlives the store and survives a simulated crash.
struct MemoryCheckpoints;
std::shared_ptr<MemoryCheckpoints> make_memory_checkpoints();
std::unique_ptr<CheckpointStore> make_memory_store(std::shared_ptr<MemoryCheckpoints> shared);

}  // namespace weir
