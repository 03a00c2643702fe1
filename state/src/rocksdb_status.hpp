#pragma once

#include <string>

#include <rocksdb/status.h>

namespace weir {

/// The one translation of RocksDB's errors: throws RestartJob unless `status` is ok. The live store is scratch, so even a
/// corruption found there is cured by a restart, which rebuilds it. `action` completes "cannot … ".
void check(const rocksdb::Status& status, const std::string& action);

/// True for a status that says the files themselves are unusable, and not that the machine could not serve them now.
bool says_files_are_unusable(const rocksdb::Status& status);

}  // namespace weir
