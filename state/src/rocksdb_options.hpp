#pragma once

#include <cstddef>
#include <memory>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/rate_limiter.h>

#include <weir/state/tier.hpp>

namespace weir {

/// What all tiers of a backend share: one memory budget and one budget for folding files together.
struct RocksDbShared {
  explicit RocksDbShared(const RocksDbOptions& options);

 private:
  std::unique_ptr<rocksdb::Env> environment_;  ///< of all that follows

 public:
  rocksdb::Options database;  ///< of a live store
  /// Of the file that a delta of so many bytes is written to.
  const rocksdb::Options& of_delta(std::size_t bytes) const;

 private:
  rocksdb::Options small_delta, large_delta;
};

}  // namespace weir
