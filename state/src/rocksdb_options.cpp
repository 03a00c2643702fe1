#include "rocksdb_options.hpp"

#include <algorithm>
#include <vector>

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace weir {

namespace {

constexpr std::int64_t kCompactionBytesPerSecond = 64 * 1024 * 1024;
constexpr int kSortedRunsBeforeCompaction = 8;
/// Few workers read, and a shard should hold many blocks.
constexpr int kCacheShardBits = 2;
constexpr int kNever = 1 << 30;

/// `wanted`, unless this build of RocksDB lacks it.
rocksdb::CompressionType if_supported(rocksdb::CompressionType wanted) {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool found = std::find(supported.begin(), supported.end(), wanted) != supported.end();
  return found ? wanted : rocksdb::kNoCompression;
}

std::shared_ptr<rocksdb::TableFactory> table_factory(std::size_t cache_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(cache_bytes, kCacheShardBits);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  // Counted against the cache, so that the memory given is the memory used.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  // In pieces: a delta's filter may be larger than a shard of the cache, and would then be read again for every key.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  return std::shared_ptr<rocksdb::TableFactory>(rocksdb::NewBlockBasedTableFactory(table));
}

/// Deltas overlap everything there is, so each is a sorted run of its own. Merging runs of like size (universal) rewrites an
/// entry a few times in its life; the leveled style would rewrite its first level for every handful of deltas.
void configure_compaction(rocksdb::Options& options) {
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.compaction_options_universal.size_ratio = 10;
  options.compaction_options_universal.min_merge_width = 4;
  options.compaction_options_universal.max_size_amplification_percent = 100;
  options.max_background_jobs = 1;
  options.max_subcompactions = 1;
  options.rate_limiter.reset(rocksdb::NewGenericRateLimiter(kCompactionBytesPerSecond));
  options.level0_file_num_compaction_trigger = kSortedRunsBeforeCompaction;
  // A delta is never held up by compaction: a checkpoint would wait with it.
  options.level0_slowdown_writes_trigger = kNever;
  options.level0_stop_writes_trigger = kNever;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
}

void configure_compression(rocksdb::Options& options) {
  const rocksdb::CompressionType fast = if_supported(rocksdb::kLZ4Compression);
  const rocksdb::CompressionType small = if_supported(rocksdb::kZSTD);
  options.compression = fast;
  options.compression_per_level.assign(static_cast<std::size_t>(options.num_levels), small);
  options.compression_per_level[0] = fast;
  options.compression_per_level[1] = fast;
}

}  // namespace

RocksDbShared::RocksDbShared(const RocksDbOptions& options) {
  database.paranoid_checks = true;
  database.table_factory = table_factory(options.memory_bytes);
  // Nothing is ever written but ingested files: memtables stay empty, and the log with them.
  database.write_buffer_size = 1024 * 1024;
  database.max_write_buffer_number = 2;
  database.avoid_flush_during_shutdown = true;
  database.info_log_level = rocksdb::WARN_LEVEL;
  database.keep_log_file_num = 1;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  database.max_open_files = -1;
  configure_compaction(database);
  configure_compression(database);

  delta = database;
  // With a list, the writer of single files takes its last element, which is meant for the bottom.
  delta.compression_per_level.clear();
  delta.rate_limiter.reset();
}

}  // namespace weir
