#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include <weir/checkpoint/manifest.hpp>
#include <weir/state/tier.hpp>

#include "content_cache.hpp"
#include "directory_store_io.hpp"
#include "store_claims.hpp"

namespace weir {

/// The directory `files/`: each file under the claim of its writer and the checksum of its content. Throws std::system_error on errors of storage, and
/// FailJob(kStateUnusable) from get() for a file that is not what it was.
class DirectoryStoreFiles {
 public:
  /// Makes the directory. `token` tells this process' half-written files from another's.
  DirectoryStoreFiles(std::filesystem::path directory, std::string token);
  /// Whose name what is put from now on bears.
  void claim(ClaimNumber number) { claim_ = number; }
  /// Removes what earlier claims left half written.
  void remove_unfinished();

  /// Makes the content durable; its name only with the next sync_names(), once for all files of a checkpoint. Any thread.
  StoredFile put(const SnapshotFile& file);
  SnapshotFile get(const StoredFile& file, const std::string& directory);
  /// Whether a file of that size is there; does not read it.
  bool has(const StoredFile& file) const;

  /// Makes durable that the files put so far are there. Call before a manifest names them.
  void sync_names();
  /// This process goes on from a manifest that names these.
  void inherit(const Manifest& manifest);
  /// A manifest that names these files has been published.
  void published(const std::set<std::string>& named);
  /// Removes the files of manifests that have gone, and this process' own, unless they are named, or put and not published yet. Any thread, beside put().
  void retain(const std::set<std::string>& of_gone, const std::set<std::string>& named);
  /// Removes what earlier claims put, unless it is named or held.
  void remove_leftovers(const std::set<std::string>& named);

 private:
  std::filesystem::path path_of(const StoredFile& file) const { return directory_ / file.stored_name(); }
  std::filesystem::path new_temporary();
  template <class Visit>
  void visit_names(Visit visit) const;

  StoredFile put_bytes(const std::string& name, std::string_view bytes);
  StoredFile put_immutable(const SnapshotFile& file);
  /// Protects the file from retain(), under the claim where it is relied on already, else under this process' own. Then says whether it is there and,
  /// once verified by reading, to be relied on; where not, the claim is this process' own.
  bool is_there(StoredFile& file);
  bool verify_known(const StoredFile& file);
  void link_or_copy(const std::filesystem::path& from, const StoredFile& file);
  void rename_to_place(const std::filesystem::path& temporary, const StoredFile& file);
  void verify(const StoredFile& file) const;
  void remove(const std::set<std::string>& names);

  const std::filesystem::path directory_;
  const std::string token_;
  std::atomic<ClaimNumber> claim_{0};
  std::atomic<std::uint64_t> temporaries_{0};
  std::atomic<bool> names_changed_{false};
  ContentCache contents_;
  std::mutex mutex_;  ///< guards what follows
  StoreClaims claims_;
};

}  // namespace weir
