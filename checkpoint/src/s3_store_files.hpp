#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include <weir/checkpoint/manifest.hpp>
#include <weir/state/tier.hpp>

#include "content_cache.hpp"
#include "s3_client.hpp"
#include "store_claims.hpp"

namespace weir {

/// The objects `files/`: each under the claim of its writer and the checksum of its content. An object is there whole or not at all; what is brought back
/// is verified. Nobody but this process removes what it has put, or what a manifest names that it goes on from, so that it remembers these and does not ask. Throws S3Failure, std::system_error, and
/// FailJob(kStateUnusable) from get() for a file that is not what it was.
class S3StoreFiles {
 public:
  explicit S3StoreFiles(S3Client& client) : client_(client) {}

  /// Whose name what is put from now on bears.
  void claim(ClaimNumber number) { claim_ = number; }
  /// Ends what earlier claims have begun to upload.
  void abort_uploads();
  /// Any thread.
  StoredFile put(const SnapshotFile& file);
  SnapshotFile get(const StoredFile& file, const std::string& directory);
  bool has(const StoredFile& file);
  /// This process goes on from a manifest that names these.
  void inherit(const Manifest& manifest);
  /// A manifest that names these files has been published.
  void published(const std::set<std::string>& named);
  /// Removes the files of manifests that have gone, and this process' own, unless they are named, or put and not published yet. Any thread, beside put().
  void retain(const std::set<std::string>& of_gone, const std::set<std::string>& named);
  /// Removes what earlier claims put, unless it is named or held.
  void remove_leftovers(const std::set<std::string>& named);

 private:
  static std::string key_of(const std::string& stored_name) { return "files/" + stored_name; }
  static std::string key_of(const StoredFile& file) { return key_of(file.stored_name()); }
  /// Protects the file from retain(), under the claim where it is known already, else under this process' own. Then says whether it is there.
  bool is_there(StoredFile& file);
  void note_put(const StoredFile& file);
  void read(const StoredFile& file, const std::function<void(std::string_view)>& visit);
  void remove(const std::set<std::string>& names);
  void remove(const std::string& name);

  S3Client& client_;
  ContentCache contents_;
  std::atomic<ClaimNumber> claim_{0};
  std::mutex mutex_;  ///< guards what follows
  StoreClaims claims_;
  std::set<std::string> leaving_;  ///< being removed: not to be relied on
  std::condition_variable left_;
};

}  // namespace weir
