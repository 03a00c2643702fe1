#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <rocksdb/db.h>

#include <weir/state/tier.hpp>

#include "expired_entries.hpp"
#include "rocksdb_options.hpp"

namespace weir {

/// Where a worker's tier keeps its files, all below one directory that is scratch:
/// `live/` (the database), `ingest/` (files being written), `snapshots/<n>/`.
struct TierDirectory {
  std::filesystem::path root;

  std::filesystem::path live() const { return root / "live"; }
  std::filesystem::path ingest() const { return root / "ingest"; }
  std::filesystem::path snapshots() const { return root / "snapshots"; }
  /// Makes the directories, empty. Throws RestartJob.
  void make_anew() const;
};

/// One worker's RocksDB. Nothing goes through its log or its memtables: each delta becomes one file, ingested whole.
class RocksDbTier final : public StateTier {
 public:
  /// `expired` is what the database's compaction asks.
  RocksDbTier(std::shared_ptr<const RocksDbShared> shared, TierDirectory directory,
              std::shared_ptr<ExpiredEntries> expired, std::unique_ptr<rocksdb::DB> db)
      : shared_(std::move(shared)),
        directory_(std::move(directory)),
        expired_(std::move(expired)),
        db_(std::move(db)) {}
  /// Removes the directory: snapshots too.
  ~RocksDbTier() override;

  void apply(const StateDelta& delta) override;
  bool scan_while(std::string_view begin, std::string_view end,
                  const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  std::vector<std::optional<std::string>> multi_get(const std::vector<std::string>& keys) const override;
  std::vector<SnapshotFile> snapshot() override;
  void set_expired(std::uint32_t state_id, EventTime horizon) override;

 private:
  void write_file(const StateDelta& delta, const std::string& path) const;

  std::shared_ptr<const RocksDbShared> shared_;
  TierDirectory directory_;
  std::shared_ptr<ExpiredEntries> expired_;
  std::unique_ptr<rocksdb::DB> db_;
  std::uint64_t deltas_ = 0;
  std::uint64_t snapshots_ = 0;
};

}  // namespace weir
