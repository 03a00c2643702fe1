#include "rocksdb_tier.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <rocksdb/sst_file_writer.h>

#include <weir/core/error.hpp>

#include "rocksdb_status.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

using Ranges = std::vector<std::pair<std::string, std::string>>;

/// The same keys as disjoint ranges in order.
Ranges merged(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges merged;
  for (auto& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().second)
      merged.back().second = std::max(merged.back().second, range.second);
    else merged.push_back(std::move(range));
  }
  return merged;
}

/// Files stay where they are as long as this lives.
class DeletionsHeld {
 public:
  explicit DeletionsHeld(rocksdb::DB& db) : db_(db) {
    check(db_.DisableFileDeletions(), "hold the files of the live state");
  }
  ~DeletionsHeld() { db_.EnableFileDeletions(/*force=*/false).PermitUncheckedError(); }
  DeletionsHeld(const DeletionsHeld&) = delete;
  DeletionsHeld& operator=(const DeletionsHeld&) = delete;

 private:
  rocksdb::DB& db_;
};

void copy_beginning(const fs::path& from, const fs::path& to, std::uint64_t bytes) {
  fs::copy_file(from, to);
  fs::resize_file(to, bytes);
}

/// Links what makes the live state at this moment into a directory of its own; what goes on being written is copied.
void link_live_files(rocksdb::DB& db, const fs::path& live, const fs::path& to) {
  const DeletionsHeld held(db);
  std::vector<std::string> names;  // "/000012.sst"
  std::uint64_t manifest_bytes = 0;
  check(db.GetLiveFiles(names, &manifest_bytes, /*flush_memtable=*/false),
        "list the files of the live state");
  fs::create_directory(to);
  for (const std::string& each : names) {
    const std::string name = each.substr(each.find_first_not_of('/'));
    if (name == "CURRENT") continue;
    if (name.ends_with(".sst")) fs::create_hard_link(live / name, to / name);
    else if (!name.starts_with("MANIFEST")) fs::copy_file(live / name, to / name);
    else {
      copy_beginning(live / name, to / name, manifest_bytes);
      std::ofstream current(to / "CURRENT");
      if (!(current << name << '\n').flush())
        throw fs::filesystem_error("cannot write", to / "CURRENT", std::make_error_code(std::errc::io_error));
    }
  }
}

}  // namespace

void TierDirectory::make_anew() const {
  try {
    fs::remove_all(root);
    for (const fs::path& path : {live(), ingest(), snapshots()}) fs::create_directories(path);
  } catch (const fs::filesystem_error& error) {
    throw RestartJob(
        fmt::format("cannot make the state directory {}: {}; check that it exists and may be written",
                    root.string(), error.code().message()));
  }
}

RocksDbTier::~RocksDbTier() {
  db_.reset();
  std::error_code ignored;  // scratch: whoever comes next removes it too
  fs::remove_all(directory_.root, ignored);
}

void RocksDbTier::write_file(const StateDelta& delta, const std::string& path) const {
  const rocksdb::Options& options = shared_->of_delta(delta.bytes());
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(options), options, nullptr,
                                /*invalidate_page_cache=*/false);
  const std::string action = "write state to " + path;
  check(writer.Open(path), action);
  // Tombstones and entries of one file get the same sequence number, and a tombstone hides only smaller ones.
  for (const auto& [begin, end] : merged(delta.ranges())) check(writer.DeleteRange(begin, end), action);
  delta.for_each([&](std::string_view key, const std::string_view* value) {
    const rocksdb::Status status = value ? writer.Put(slice(key), slice(*value)) : writer.Delete(slice(key));
    if (!status.ok()) check(status, action);
  });
  check(writer.Finish(), action);
}

void RocksDbTier::apply(const StateDelta& delta) {
  if (delta.empty()) return;
  const std::string path = directory_.ingest() / fmt::format("{}.sst", ++deltas_);
  write_file(delta, path);
  rocksdb::IngestExternalFileOptions ingest;
  ingest.move_files = true;
  // The number is kept in RocksDB's manifest instead: a file that a checkpoint may name is never written again.
  ingest.write_global_seqno = false;
  check(db_->IngestExternalFile({path}, ingest), "add " + path + " to the live state");
}

bool RocksDbTier::scan_while(std::string_view begin, std::string_view end,
                             const std::function<bool(std::string_view, std::string_view)>& visit) const {
  if (!end.empty() && begin >= end) return true;
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  const rocksdb::Slice bound = slice(end);
  if (!end.empty()) read.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read));
  for (it->Seek(slice(begin)); it->Valid(); it->Next())
    if (!visit(view(it->key()), view(it->value()))) return false;
  check(it->status(), "read the live state in " + directory_.live().string());
  return true;
}

std::vector<std::optional<std::string>> RocksDbTier::multi_get(const std::vector<std::string>& keys) const {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), keys.size(), slices.data(), found.data(),
                statuses.data());
  std::vector<std::optional<std::string>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) check(statuses[i], "read the live state in " + directory_.live().string());
    values[i].emplace(view(found[i]));
  }
  return values;
}

std::vector<SnapshotFile> RocksDbTier::snapshot() {
  const std::uint64_t number = ++snapshots_;
  std::error_code ignored;  // left-over links cost disk space only until the tier goes
  if (number > 2) fs::remove_all(directory_.snapshots() / std::to_string(number - 2), ignored);

  const fs::path path = directory_.snapshots() / std::to_string(number);
  try {
    // Not by rocksdb::Checkpoint: it asks for log files too, which there are none of here, and waits for ever when the
    // clean-up behind a compaction ends at that moment (seen with RocksDB 7.8.3: nobody wakes DBImpl::GetSortedWalFiles).
    link_live_files(*db_, directory_.live(), path);
  } catch (const fs::filesystem_error& error) {
    throw RestartJob(fmt::format("cannot take a snapshot of the live state in {}: {}", path.string(),
                                 error.code().message()));
  }

  std::vector<SnapshotFile> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename();
    files.push_back({name, entry.path(), "", entry.path().extension() == ".sst"});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

void RocksDbTier::set_expired(std::uint32_t state_id, EventTime horizon) { expired_->set(state_id, horizon); }

}  // namespace weir
