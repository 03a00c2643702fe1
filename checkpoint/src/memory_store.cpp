#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include <weir/checkpoint/store.hpp>
#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "directory_store_io.hpp"
#include "manifest_frame.hpp"
#include "store_claims.hpp"

namespace weir {

/// What survives a simulated crash.
struct MemoryCheckpoints {
  std::mutex mutex;
  std::map<Epoch, std::string> manifests;
  std::map<std::string, std::string> files;  ///< by checksum, in hex
  Epoch highest = kNoEpoch;
  Epoch committed = kNoEpoch;
  ClaimNumber claim = 0;
};

namespace {

class MemoryStore final : public CheckpointStore {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryCheckpoints> shared) : shared_(std::move(shared)) {}

  std::string identity(bool) override { return "memory"; }
  ClaimNumber last_claim() override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->claim;
  }
  ClaimNumber claim() override {
    const std::lock_guard lock(shared_->mutex);
    if (claim_ == 0) claim_ = ++shared_->claim;
    return claim_;
  }
  void take_over(ClaimNumber number) override {
    const std::lock_guard lock(shared_->mutex);
    if (number < shared_->claim) throw Fenced("checkpoints in memory have been taken over");
    shared_->claim = claim_ = number;
  }
  void check_owner() override {
    const std::lock_guard lock(shared_->mutex);
    if (claim_ != 0 && claim_ != shared_->claim) throw Fenced("checkpoints in memory have been taken over");
  }

  std::vector<Epoch> epochs() override {
    const std::lock_guard lock(shared_->mutex);
    std::vector<Epoch> epochs;
    for (const auto& [epoch, bytes] : shared_->manifests) epochs.push_back(epoch);
    return epochs;
  }

  Epoch highest_epoch() override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->highest;
  }

  std::string load(Epoch epoch) override {
    const std::lock_guard lock(shared_->mutex);
    const auto it = shared_->manifests.find(epoch);
    if (it == shared_->manifests.end()) refuse(describe(epoch), "is missing");
    if (decode_manifest(it->second, describe(epoch)).epoch != epoch)
      refuse(describe(epoch), "is the manifest of another epoch");
    return it->second;
  }

  StoredFile put(const SnapshotFile& file) override {
    std::string bytes = file.path.empty() ? file.bytes : content_at(file.path);
    StoredFile stored{file.name, bytes.size(), checksum(bytes)};
    const std::lock_guard lock(shared_->mutex);
    claims_.hold(stored.stored_name());
    shared_->files.insert_or_assign(stored.checksum.hex(), std::move(bytes));
    return stored;
  }

  SnapshotFile get(const StoredFile& file, const std::string& directory) override {
    const std::string name = fmt::format("state file '{}' in memory", file.name);
    const std::lock_guard lock(shared_->mutex);
    const auto it = shared_->files.find(file.checksum.hex());
    if (it == shared_->files.end()) refuse(name, "is missing");
    if (it->second.size() != file.bytes || checksum(it->second) != file.checksum) refuse(name, "is damaged");
    if (directory.empty()) return {file.name, "", it->second, false};
    return {file.name, written(it->second, directory, file.name), "", false};
  }

  void publish(Epoch epoch, const std::string& bytes) override {
    const Manifest manifest = decode_manifest(bytes, describe(epoch));
    WEIR_ASSERT(manifest.epoch == epoch, "a manifest is published under its own epoch");
    note(epoch);
    kill_point("before_manifest_rename");
    insert(manifest, bytes);
    kill_point("after_manifest_durable");
  }

  void retain(const std::vector<Epoch>& epochs) override {
    const Epoch oldest = *std::min_element(epochs.begin(), epochs.end());
    const std::lock_guard lock(shared_->mutex);
    std::erase_if(shared_->manifests, [&](const auto& manifest) { return manifest.first < oldest; });
    std::set<std::string> named;
    for (const auto& [epoch, bytes] : shared_->manifests)
      named.merge(files_named_by(decode_manifest(bytes, describe(epoch))));
    std::erase_if(shared_->files, [&](const auto& file) {
      return !named.contains(file.first) && !claims_.holds(file.first);
    });
  }

  void note_committed(Epoch epoch) override {
    const std::lock_guard lock(shared_->mutex);
    shared_->committed = std::max(shared_->committed, epoch);
  }
  Epoch noted_committed() override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->committed;
  }
  Epoch last_committed() override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->manifests.contains(shared_->committed) ? shared_->committed : kNoEpoch;
  }

  std::string describe(Epoch epoch) const override { return fmt::format("manifest {} in memory", epoch); }

 private:
  static std::string content_at(const std::string& path) {
    try {
      return read_file(path);
    } catch (const std::system_error& error) {
      throw RestartJob(fmt::format("cannot store a state file: {}", error.what()));
    }
  }

  static std::string written(const std::string& bytes, const std::string& directory,
                             const std::string& name) {
    try {
      std::filesystem::create_directories(directory);
      const std::filesystem::path path = std::filesystem::path(directory) / name;
      write_file(path, bytes);
      return path;
    } catch (const std::system_error& error) {
      throw RestartJob(fmt::format("cannot bring back a state file: {}", error.what()));
    }
  }

  void note(Epoch epoch) {
    const std::lock_guard lock(shared_->mutex);
    shared_->highest = std::max(shared_->highest, epoch);
  }

  void insert(const Manifest& manifest, const std::string& bytes) {
    const std::set<std::string> named = files_named_by(manifest);
    const std::lock_guard lock(shared_->mutex);
    for (const std::string& hex : named)
      WEIR_ASSERT(shared_->files.contains(hex), "a manifest names files that have been put");
    const bool inserted = shared_->manifests.emplace(manifest.epoch, bytes).second;
    WEIR_ASSERT(inserted, "an epoch is published once");
    claims_.published(named);
  }

  std::shared_ptr<MemoryCheckpoints> shared_;
  StoreClaims claims_;
  ClaimNumber claim_ = 0;
};

}  // namespace

std::shared_ptr<MemoryCheckpoints> make_memory_checkpoints() { return std::make_shared<MemoryCheckpoints>(); }

std::unique_ptr<CheckpointStore> make_memory_store(std::shared_ptr<MemoryCheckpoints> shared) {
  return std::make_unique<MemoryStore>(std::move(shared));
}

}  // namespace weir
