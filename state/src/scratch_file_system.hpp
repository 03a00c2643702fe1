#pragma once

#include <memory>

#include <rocksdb/env.h>

namespace weir {

/// RocksDB's own environment without its waits for the disk (fsync): a live store is made anew from a checkpoint by whoever comes next, so only what a checkpoint
/// names has to last, and that is for the checkpoint store to see to. A store that synced each delta would wait for the disk four times a delta.
std::unique_ptr<rocksdb::Env> make_scratch_environment();

}  // namespace weir
