#pragma once

#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/options.h>
#include <rocksdb/rate_limiter.h>

#include <weir/state/tier.hpp>

namespace weir {

/// What all tiers of a backend share: one memory budget and one budget for folding files together.
struct RocksDbShared {
  explicit RocksDbShared(const RocksDbOptions& options);

  rocksdb::Options database;  ///< of a live store
  rocksdb::Options delta;     ///< of the files that deltas are written to
};

}  // namespace weir
