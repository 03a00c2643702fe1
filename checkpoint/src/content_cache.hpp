#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "directory_store_io.hpp"

namespace weir {

/// Remembers the content of files that are never changed, so that they are read once. Any thread. Throws std::system_error.
class ContentCache {
 public:
  /// Reads the file unless that was done before, under whatever name.
  Content of(const std::filesystem::path& path);
  void note(const std::filesystem::path& path, const Content& content);
  /// Content with this checksum is on its way out; its inode's number may be given again.
  void forget(const std::string& hex);

 private:
  /// Tells a file whatever its name: a hard link shares it, and a file that RocksDB never changes keeps it. Names would not do: a tier
  /// opened from a snapshot may give a name a second time.
  struct Identity {
    std::uint64_t device;
    std::uint64_t inode;
    std::uint64_t bytes;
    std::int64_t modified_nanos;
    friend auto operator<=>(const Identity&, const Identity&) = default;
  };
  static Identity identity_of(const std::filesystem::path& path);

  std::mutex mutex_;  ///< guards what follows
  std::map<Identity, Content> known_;
};

}  // namespace weir
