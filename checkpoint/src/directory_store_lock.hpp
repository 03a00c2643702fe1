#pragma once

#include <filesystem>

#include "directory_store_io.hpp"

namespace weir {

/// Holds `<directory>/LOCK` as long as it lives; the kernel lets go of it when the process dies, however it dies. The file's
/// content is for people only.
class DirectoryStoreLock {
 public:
  /// Throws FailJob(kStateUnusable) naming the holder when there is another, std::system_error when it cannot be taken at all.
  explicit DirectoryStoreLock(const std::filesystem::path& directory);

 private:
  OpenFile file_;
};

}  // namespace weir
