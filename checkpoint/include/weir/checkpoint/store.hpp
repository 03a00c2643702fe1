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

  /// Makes this instance the one the location belongs to. Nothing is written or deleted before. When another live process has
  /// it: FailJob(kStateUnusable) naming that one; but where `fenced` says that a commit log has shut it out already, the
  /// location is taken over, and what the other still tries to publish here ends it with Fenced. Idempotent.
  virtual void claim(bool fenced) = 0;
  /// Throws Fenced when this instance had claimed the location and another has done so since.
  virtual void check_owner() = 0;

  /// Epochs that have a manifest, ascending, whether or not it can be read.
  virtual std::vector<Epoch> epochs() = 0;
  /// The highest epoch that has left any trace, manifests of aborted attempts included.
  virtual Epoch highest_epoch() = 0;
  /// Bytes of the manifest as published, verified.
  virtual std::string load(Epoch epoch) = 0;

  /// Makes a file of a snapshot durable. Content that is there already is referenced, not written again.
  virtual StoredFile put(const SnapshotFile& file) = 0;
  /// Brings a stored file back, into `directory` (or as bytes where that is empty), verified against its checksum.
  virtual SnapshotFile get(const StoredFile& file, const std::string& directory) = 0;

  /// Makes the manifest durable under its epoch, by one atomic step. Requires: every file it names has been put.
  virtual void publish(Epoch epoch, const std::string& manifest) = 0;
  /// Deletes every manifest but those of `epochs`, and every file that none of these names.
  virtual void retain(const std::vector<Epoch>& epochs) = 0;
  /// Remembers that epoch n is committed, for whoever looks at the store later. Not part of the protocol: may be lost.
  virtual void note_committed(Epoch epoch) = 0;
  /// The newest epoch with a manifest that is known to be committed; kNoEpoch when none is.
  virtual Epoch last_committed() = 0;
  /// For messages: where epoch n is kept.
  virtual std::string describe(Epoch epoch) const = 0;
};

enum class StoreClaim {
  kAtOnce,  ///< claim(false) when the store is made
  kLater,   ///< the commit protocol claims it, after the fence where there is one
};

/// A directory: `LOCK`, `OWNER`, `manifests/<epoch>`, `files/<checksum>`. Throws FailJob(kUsage) when the directory cannot be made
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
