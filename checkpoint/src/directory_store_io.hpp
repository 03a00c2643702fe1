#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include <weir/checkpoint/manifest.hpp>

namespace weir {

/// What these functions throw is std::system_error, whose text names the file; the store says what it means for the job.
/// A failed fsync stands out: the kernel may have dropped what it could not write, and a second fsync would report success.
class SyncError : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// Owns a file descriptor.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, int flags);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  void write(std::string_view bytes);
  void sync();

 private:
  std::filesystem::path path_;
  int descriptor_;
};

/// Reads a file in blocks of 1 MiB.
void read_blocks(const std::filesystem::path& path, const std::function<void(std::string_view)>& visit);
std::string read_file(const std::filesystem::path& path);

/// A file's size and checksum.
struct Content {
  std::uint64_t bytes = 0;
  Checksum checksum;
  friend bool operator==(const Content&, const Content&) = default;
};
Content content_of(const std::filesystem::path& path);

/// Writes a new file and syncs it, but not its directory.
void write_file(const std::filesystem::path& path, std::string_view bytes);
/// The same with another file's content; returns what was written.
Content copy_file_synced(const std::filesystem::path& from, const std::filesystem::path& to);
/// Makes `to` a second name of `from`. False where the file system cannot.
[[nodiscard]] bool try_link(const std::filesystem::path& from, const std::filesystem::path& to);

void sync_file(const std::filesystem::path& path);
/// Makes additions, renames and removals in a directory durable.
void sync_directory(const std::filesystem::path& path);

}  // namespace weir
