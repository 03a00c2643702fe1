#pragma once

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

/// The objects `files/`: each under the checksum of its content. An object is there whole or not at all, so that one of the right name and
/// size is taken for what it is when it is to be put again; what is brought back is verified. Throws S3Failure, std::system_error, and
/// FailJob(kStateUnusable) from get() for a file that is not what it was.
class S3StoreFiles {
 public:
  explicit S3StoreFiles(S3Client& client) : client_(client) {}

  /// Any thread.
  StoredFile put(const SnapshotFile& file);
  SnapshotFile get(const StoredFile& file, const std::string& directory);
  bool has(const StoredFile& file);
  /// A manifest that names these files has been published.
  void published(const std::set<std::string>& named);
  /// Removes all files but those named and those put and not published yet. Any thread, beside put().
  void retain(const std::set<std::string>& named);

 private:
  static std::string key_of(const std::string& hex) { return "files/" + hex; }
  /// Protects the file from retain(), then says whether it is there.
  bool claim(const Content& content);
  void note_present(const Content& content);
  void read(const StoredFile& file, const std::function<void(std::string_view)>& visit);
  void list_once();
  void remove(const std::string& hex);

  S3Client& client_;
  ContentCache contents_;
  std::mutex mutex_;  ///< guards what follows
  StoreClaims claims_;
  std::set<std::string> present_;  ///< by checksum; all there are, once listed
  bool listed_ = false;
  std::set<std::string> leaving_;  ///< being removed: not to be relied on
  std::condition_variable left_;
};

}  // namespace weir
