#include "scratch_directory.hpp"

#include <unistd.h>

#include <atomic>

#include <fmt/format.h>

namespace weir {

ScratchDirectory::ScratchDirectory(const std::string& purpose) {
  static std::atomic<int> made{0};
  path_ = std::filesystem::temp_directory_path() / fmt::format("weir-{}-{}-{}", purpose, ::getpid(), ++made);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir
