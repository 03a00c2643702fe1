#include "rocksdb_tier.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/utilities/checkpoint.h>

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
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(shared_->delta), shared_->delta, nullptr,
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
  rocksdb::Checkpoint* made = nullptr;
  check(rocksdb::Checkpoint::Create(db_.get(), &made), "take a snapshot of the live state");
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  check(checkpoint->CreateCheckpoint(path.string()), "take a snapshot of the live state in " + path.string());

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
