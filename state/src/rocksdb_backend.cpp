#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/no_thread.hpp>
#include <weir/state/tier.hpp>

#include "rocksdb_status.hpp"
#include "rocksdb_tier.hpp"
#include "run_directory.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(std::uint32_t worker, const std::string& file, const std::string& why) {
  throw FailJob(
      fmt::format(
          "the state snapshot of worker {} cannot be used: file '{}': {}; restore the file from a copy of "
          "the checkpoint directory, or start from a savepoint",
          worker, file, why),
      ExitCode::kStateUnusable);
}

/// Links what RocksDB never changes; copies the few small files that it may append to.
void bring_in(std::uint32_t worker, const SnapshotFile& file, const fs::path& live) {
  if (file.path.empty()) refuse(worker, file.name, "it is kept in memory: written by the memory backend");
  if (!fs::exists(file.path)) refuse(worker, file.name, "there is no such file: " + file.path);
  const fs::path to = live / file.name;
  std::error_code not_linked = std::make_error_code(std::errc::not_supported);
  if (fs::path(file.name).extension() == ".sst") fs::create_hard_link(file.path, to, not_linked);
  if (!not_linked) return;
  std::error_code not_copied;
  fs::copy_file(file.path, to, not_copied);
  if (not_copied)
    throw RestartJob(fmt::format("cannot copy {} to {}: {}", file.path, to.string(), not_copied.message()));
}

/// The file that RocksDB complains about. It names table files and CURRENT; what it does not name is in its MANIFEST.
std::string culprit(const rocksdb::Status& status, const std::vector<SnapshotFile>& files) {
  const std::string message = status.ToString();
  std::string manifest = "CURRENT";
  for (const SnapshotFile& file : files) {
    if (message.find(file.name) != std::string::npos) return file.name;
    if (file.name.starts_with("MANIFEST")) manifest = file.name;
  }
  return manifest;
}

/// RocksDB takes a MANIFEST that ends early for one that was being written, and forgets, and deletes, what it does not name. A
/// snapshot holds only files that its MANIFEST names, so one that has been forgotten shows the damage.
void check_complete(std::uint32_t worker, rocksdb::DB& db, const std::vector<SnapshotFile>& files) {
  std::vector<rocksdb::LiveFileMetaData> live;
  db.GetLiveFilesMetaData(&live);
  std::set<std::string> names;
  for (const auto& file : live) names.insert(fs::path(file.name).filename());
  for (const SnapshotFile& file : files)
    if (fs::path(file.name).extension() == ".sst" && !names.contains(file.name))
      refuse(worker, culprit(rocksdb::Status::Corruption(), files),
             "it does not name " + file.name + " any more");
}

/// Opens a database; RocksDB starts its threads, which all databases of the process share, with the first.
rocksdb::Status open_database(const rocksdb::Options& options, const fs::path& live, rocksdb::DB** db) {
  try {
    return rocksdb::DB::Open(options, live.string(), db);
  } catch (const std::system_error& refused) {
    throw RestartJob(no_thread_text("rocksdb", refused));
  }
}

class RocksDbBackend final : public StateBackend {
 public:
  explicit RocksDbBackend(const RocksDbOptions& options)
      : run_(options.directory), directory_(run_.path()), shared_(std::make_shared<RocksDbShared>(options)) {}

  std::unique_ptr<StateTier> create(std::uint32_t worker) override {
    const TierDirectory directory = directory_of(worker);
    directory.make_anew();
    const auto expired = std::make_shared<ExpiredEntries>();
    rocksdb::Options options = shared_->database;
    options.create_if_missing = true;
    options.error_if_exists = true;
    options.compaction_filter_factory = expired;
    rocksdb::DB* db = nullptr;
    check(open_database(options, directory.live(), &db),
          "make the live state in " + directory.live().string());
    return std::make_unique<RocksDbTier>(shared_, directory, expired, std::unique_ptr<rocksdb::DB>(db));
  }

  std::unique_ptr<StateTier> open(std::uint32_t worker, const std::vector<SnapshotFile>& files) override {
    const TierDirectory directory = directory_of(worker);
    directory.make_anew();
    for (const SnapshotFile& file : files) bring_in(worker, file, directory.live());
    const auto expired = std::make_shared<ExpiredEntries>();
    return std::make_unique<RocksDbTier>(shared_, directory, expired,
                                         open_live(worker, directory.live(), files, expired));
  }

  std::string staging_directory() const override { return directory_ / "staging"; }

 private:
  std::unique_ptr<rocksdb::DB> open_live(std::uint32_t worker, const fs::path& live,
                                         const std::vector<SnapshotFile>& files,
                                         std::shared_ptr<ExpiredEntries> expired) {
    rocksdb::Options options = shared_->database;
    options.compaction_filter_factory = std::move(expired);
    // Compaction must not replace files before they are counted.
    options.disable_auto_compactions = true;
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status = open_database(options, live, &opened);
    if (says_files_are_unusable(status)) refuse(worker, culprit(status, files), status.ToString());
    check(status, "open the live state in " + live.string());
    std::unique_ptr<rocksdb::DB> db(opened);
    check_complete(worker, *db, files);
    check(db->EnableAutoCompaction({db->DefaultColumnFamily()}), "open the live state in " + live.string());
    return db;
  }

  TierDirectory directory_of(std::uint32_t worker) const {
    return {directory_ / fmt::format("worker-{}", worker)};
  }

  const RunDirectory run_;
  const fs::path directory_;
  std::shared_ptr<const RocksDbShared> shared_;
};

}  // namespace

std::unique_ptr<StateBackend> make_rocksdb_backend(const RocksDbOptions& options) {
  return std::make_unique<RocksDbBackend>(options);
}

}  // namespace weir
