#pragma once

#include <filesystem>
#include <string>

namespace weir {

/// A directory of this process' own below the state directory, removed with it. A process that was stopped, and has been
/// replaced meanwhile, thus never writes into its successor's files. What dead processes left is removed first: the kernel tells
/// them by their locks.
class RunDirectory {
 public:
  /// Throws FailJob(kUsage) when it cannot be made.
  explicit RunDirectory(const std::string& state_directory);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  void make(const std::filesystem::path& parent);
  /// The lock of a new directory, then path_; -1 when that name was taken, or another process removed it meanwhile.
  int try_make(const std::filesystem::path& parent);

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace weir
