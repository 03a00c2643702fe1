#include "rocksdb_options.hpp"

#include <algorithm>
#include <vector>

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "scratch_file_system.hpp"

namespace weir {

namespace {

constexpr std::int64_t kCompactionBytesPerSecond = 256 * 1024 * 1024;
constexpr int kSortedRunsBeforeCompaction = 8;
/// Few workers read, and a shard should hold many blocks.
constexpr int kCacheShardBits = 2;
constexpr int kNever = 1 << 30;
/// RocksDB notes each delta and each compaction in its manifest, which every checkpoint copies. Beyond this size it begins a new one, with what there is.
constexpr std::size_t kLargestManifest = std::size_t{32} << 10;

/// `wanted`, unless this build of RocksDB lacks it.
rocksdb::CompressionType if_supported(rocksdb::CompressionType wanted) {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool found = std::find(supported.begin(), supported.end(), wanted) != supported.end();
  return found ? wanted : rocksdb::kNoCompression;
}

/// A file's filter and index should be a small part of a shard of the cache: at most about a sixteenth of the file is the filter.
constexpr std::size_t kSmallestFile = std::size_t{2} << 20, kLargestFile = std::size_t{64} << 20;
std::size_t file_bytes(std::size_t cache_bytes) {
  return std::clamp(cache_bytes / 2, kSmallestFile, kLargestFile);
}

rocksdb::BlockBasedTableOptions table_options(std::size_t cache_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(cache_bytes, kCacheShardBits);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  // Counted against the cache, so that the memory given is the memory used.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  return table;
}
/// With index and filter in pieces, because as a whole they may be larger than a shard of the cache, and would then be read again for every key. That costs
/// a key one more look into the cache for each run of files.
rocksdb::BlockBasedTableOptions in_pieces(rocksdb::BlockBasedTableOptions table) {
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  return table;
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

/// Most of what there is lies in the bottom level, and is seldom rewritten.
void configure_compression(rocksdb::Options& options) {
  options.compression = if_supported(rocksdb::kLZ4Compression);
  options.bottommost_compression = if_supported(rocksdb::kZSTD);
  options.bottommost_compression_opts.level = 1;
  options.bottommost_compression_opts.enabled = true;
}

}  // namespace

RocksDbShared::RocksDbShared(const RocksDbOptions& options) : environment_(make_scratch_environment()) {
  database.env = environment_.get();
  database.paranoid_checks = true;
  const rocksdb::BlockBasedTableOptions table = table_options(options.memory_bytes);
  database.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  database.target_file_size_base = file_bytes(options.memory_bytes);
  // Nothing is ever written but ingested files: memtables stay empty, and the log with them.
  database.write_buffer_size = 1024 * 1024;
  database.max_write_buffer_number = 2;
  database.avoid_flush_during_shutdown = true;
  database.info_log_level = rocksdb::WARN_LEVEL;
  database.keep_log_file_num = 1;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  database.max_open_files = -1;
  // With several, RocksDB ends the process where the system gives it only some of them. Files of a worker are local, and few.
  database.max_file_opening_threads = 1;
  database.max_manifest_file_size = kLargestManifest;
  configure_compaction(database);
  configure_compression(database);

  small_delta = database;
  // The writer of single files would take them for the bottom.
  small_delta.bottommost_compression = rocksdb::kDisableCompressionOption;
  small_delta.rate_limiter.reset();
  large_delta = small_delta;
  large_delta.table_factory.reset(rocksdb::NewBlockBasedTableFactory(in_pieces(table)));
}

const rocksdb::Options& RocksDbShared::of_delta(std::size_t bytes) const {
  return bytes <= database.target_file_size_base ? small_delta : large_delta;
}

}  // namespace weir
