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

/// The directory `files/`: each file under the checksum of its content. Throws std::system_error on errors of storage, and
/// FailJob(kStateUnusable) from get() for a file that is not what it was.
class DirectoryStoreFiles {
 public:
  /// Makes the directory. `token` tells this process' half-written files from another's.
  DirectoryStoreFiles(std::filesystem::path directory, std::string token);
  /// Removes what earlier processes left half written.
  void remove_leftovers();

  /// Makes the content durable; its name only with the next sync_names(), once for all files of a checkpoint. Any thread.
  StoredFile put(const SnapshotFile& file);
  SnapshotFile get(const StoredFile& file, const std::string& directory);
  /// Whether a file of that size is there; does not read it.
  bool has(const StoredFile& file) const;

  /// Makes durable that the files put so far are there. Call before a manifest names them.
  void sync_names();
  /// A manifest that names these files has been published.
  void published(const std::set<std::string>& named);
  /// Removes all files but those named and those put and not published yet. Any thread, beside put().
  void retain(const std::set<std::string>& named);

 private:
  std::filesystem::path path_of(const Checksum& checksum) const { return directory_ / checksum.hex(); }
  std::filesystem::path new_temporary();

  StoredFile put_bytes(const std::string& name, std::string_view bytes);
  StoredFile put_immutable(const SnapshotFile& file);
  /// Protects the file from retain(), then says whether it is there and, once verified by reading, to be relied on.
  bool claim(const Content& content);
  void link_or_copy(const std::filesystem::path& from, const Content& content);
  void rename_to_place(const std::filesystem::path& temporary, const Content& content);
  void verify(const StoredFile& file) const;

  const std::filesystem::path directory_;
  const std::string token_;
  std::atomic<std::uint64_t> temporaries_{0};
  std::atomic<bool> names_changed_{false};
  ContentCache contents_;
  std::mutex mutex_;  ///< guards what follows
  StoreClaims claims_;
  std::set<std::string> verified_;  ///< content durable, and read back or written by this object
};

}  // namespace weir
