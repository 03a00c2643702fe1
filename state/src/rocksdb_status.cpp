#include "rocksdb_status.hpp"

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

void check(const rocksdb::Status& status, const std::string& action) {
  if (status.ok()) return;
  const char* advice = status.IsNoSpace()
                           ? "; the disk is full: free space there"
                           : "; the live state is scratch and is rebuilt from the last checkpoint";
  throw RestartJob(fmt::format("cannot {}: {}{}", action, status.ToString(), advice));
}

bool says_files_are_unusable(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ||
         status.IsInvalidArgument() || status.IsNotSupported();
}

}  // namespace weir
