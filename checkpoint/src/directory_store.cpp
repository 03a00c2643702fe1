#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <weir/checkpoint/store.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "directory_store_files.hpp"
#include "directory_store_io.hpp"
#include "directory_store_lock.hpp"
#include "epoch_name.hpp"
#include "manifest_frame.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

/// The number of the newest epoch that is known to be committed.
constexpr const char* kCommitted = "COMMITTED";

class DirectoryStore final : public CheckpointStore {
 public:
  explicit DirectoryStore(const fs::path& directory)
      : directory_(directory),
        manifests_(directory / "manifests"),
        lock_(directory),
        files_(directory / "files", lock_.token()) {
    fs::create_directories(manifests_);
    sync_directory(directory_);
  }

  void claim(bool fenced) override {
    lock_.hold(fenced);
    // Another process may have published since this one looked last.
    highest_ = std::max({highest_, highest_of(""), highest_of(kUnpublished)});
    if (std::exchange(claimed_, true)) return;
    remove_outdated_traces();
    files_.remove_leftovers();  // before anything is written: the disk may be full of them
    lock_.announce();
  }

  void check_owner() override { lock_.check_owner(); }

  std::vector<Epoch> epochs() override {
    return reading("list", [&] { return epochs_with(""); });
  }
  Epoch highest_epoch() override { return highest_; }

  std::string load(Epoch epoch) override {
    const std::string name = name_of(epoch);
    std::string bytes;
    try {
      bytes = read_file(manifest_path(epoch));
    } catch (const std::system_error& error) {
      refuse(name, error.code() == std::errc::no_such_file_or_directory
                       ? "is missing"
                       : fmt::format("cannot be read: {}", error.code().message()));
    }
    check_place(decode_manifest(bytes, name), epoch);
    return bytes;
  }

  StoredFile put(const SnapshotFile& file) override {
    return writing([&] { return files_.put(file); });
  }
  SnapshotFile get(const StoredFile& file, const std::string& directory) override {
    return writing([&] { return files_.get(file, directory); });
  }

  void publish(Epoch epoch, const std::string& bytes) override {
    const Manifest manifest = decode_manifest(bytes, name_of(epoch));
    check_place(manifest, epoch);
    highest_ = std::max(highest_, epoch);
    writing([&] {
      check_files(manifest);
      lock_.check_owner();
      files_.sync_names();
      const fs::path written =
          manifests_ / fmt::format("{}.{}{}", epoch_name(epoch), lock_.token(), kUnpublished);
      write_file(written, bytes);
      kill_point("before_manifest_rename");
      // A second name instead of a rename: it fails where the epoch is there already, which only a process that does not
      // know yet that it was fenced can have published.
      fs::create_hard_link(written, manifest_path(epoch));
      fs::remove(written);
      sync_directory(manifests_);
    });
    kill_point("after_manifest_durable");
    files_.published(files_named_by(manifest));
  }

  void retain(const std::vector<Epoch>& epochs) override {
    const std::set<Epoch> kept(epochs.begin(), epochs.end());
    const std::optional<std::set<std::string>> named = files_named_by_all(kept);
    if (!named) return;
    writing([&] {
      const std::vector<Epoch> present = epochs_with("");
      for (const Epoch epoch : present)
        if (!kept.contains(epoch)) forget(epoch, epoch == present.back());
      remove_outdated_traces();
      // Before any file goes: a manifest that came back after a power failure would name files that are gone.
      sync_directory(manifests_);
      files_.retain(*named);
    });
  }

  void note_committed(Epoch epoch) override {
    writing([&] {
      const fs::path fresh = directory_ / fmt::format("COMMITTED.{}", lock_.token());
      std::ofstream(fresh) << epoch << '\n';  // not synced: an older word is true too
      fs::rename(fresh, directory_ / kCommitted);
    });
  }

  Epoch last_committed() override {
    const std::vector<Epoch> present = epochs();
    Epoch noted = kNoEpoch;
    std::ifstream(directory_ / kCommitted) >> noted;
    if (std::find(present.begin(), present.end(), noted) != present.end()) return noted;
    // An epoch begins to be published when the one before it is committed.
    return present.size() < 2 ? kNoEpoch : present[present.size() - 2];
  }

  std::string describe(Epoch epoch) const override { return manifest_path(epoch); }

 private:
  fs::path manifest_path(Epoch epoch) const { return manifests_ / epoch_name(epoch); }
  fs::path unpublished_path(Epoch epoch) const { return manifests_ / epoch_name(epoch).append(kUnpublished); }
  std::string name_of(Epoch epoch) const { return fmt::format("manifest {} ({})", epoch, describe(epoch)); }

  /// What any error of storage means: this attempt is over. After a failed fsync every later one is.
  template <class Action>
  auto writing(const Action& action) -> decltype(action()) {
    if (sync_failed_)
      throw RestartJob(fmt::format(
          "an fsync in checkpoint directory {} has failed: nothing more is written there before a restart",
          directory_.string()));
    try {
      return action();
    } catch (const std::system_error& error) {
      if (dynamic_cast<const SyncError*>(&error) != nullptr) sync_failed_ = true;
      const bool full = error.code() == std::errc::no_space_on_device;
      throw RestartJob(fmt::format(
          "checkpoint directory {}{}: {}; the checkpoint under way is dropped", directory_.string(),
          full ? " has no space left, free some" : " cannot be written", error.what()));
    }
  }

  template <class Action>
  auto reading(const char* verb, const Action& action) -> decltype(action()) {
    try {
      return action();
    } catch (const std::system_error& error) {
      throw FailJob(fmt::format("cannot {} checkpoint directory {}: {}; check the disk and its permissions",
                                verb, directory_.string(), error.what()),
                    ExitCode::kStateUnusable);
    }
  }

  std::vector<Epoch> epochs_with(std::string_view suffix) const {
    std::vector<Epoch> epochs;
    for (const fs::directory_entry& entry : fs::directory_iterator(manifests_))
      if (const auto epoch = epoch_in(entry.path().filename(), suffix)) epochs.push_back(*epoch);
    std::sort(epochs.begin(), epochs.end());
    return epochs;
  }
  Epoch highest_of(std::string_view suffix) const {
    const std::vector<Epoch> epochs = epochs_with(suffix);
    return epochs.empty() ? kNoEpoch : epochs.back();
  }

  /// A manifest says itself what it is: one under another's name, or of another job, was put there by someone.
  void check_place(const Manifest& manifest, Epoch epoch) {
    if (manifest.epoch != epoch)
      refuse(name_of(epoch), fmt::format("is the manifest of epoch {}", manifest.epoch));
    if (job_.empty()) job_ = manifest.job;
    if (manifest.job != job_)
      refuse(name_of(epoch), fmt::format("belongs to job '{}', others here to job '{}'", manifest.job, job_));
  }

  void check_files(const Manifest& manifest) const {
    for (const StateShard& shard : manifest.shards)
      for (const StoredFile& file : shard.files)
        if (!files_.has(file))
          throw RestartJob(
              fmt::format("state file {} ('{}') of checkpoint {} is not in {}: someone removed it",
                          file.checksum.hex(), file.name, manifest.epoch, directory_.string()));
  }

  /// Nullopt when one of them cannot be read: then no one knows which files it needs.
  std::optional<std::set<std::string>> files_named_by_all(const std::set<Epoch>& kept) {
    std::set<std::string> named;
    try {
      for (const Epoch epoch : epochs_with(""))
        if (kept.contains(epoch)) named.merge(files_named_by(decode_manifest(load(epoch), name_of(epoch))));
    } catch (const FailJob&) {
      return std::nullopt;
    }
    return named;
  }

  /// The highest epoch leaves a trace when its manifest goes, so that its number is never given again.
  void forget(Epoch epoch, bool highest) {
    if (highest) fs::rename(manifest_path(epoch), unpublished_path(epoch));
    else fs::remove(manifest_path(epoch));
  }
  void remove_outdated_traces() {
    const Epoch highest = std::max(highest_of(""), highest_of(kUnpublished));
    for (const Epoch epoch : epochs_with(kUnpublished))
      if (epoch < highest) remove_unpublished(epoch);
  }

  void remove_unpublished(Epoch epoch) {
    for (const fs::directory_entry& entry : fs::directory_iterator(manifests_))
      if (epoch_in(entry.path().filename(), kUnpublished) == epoch) fs::remove(entry.path());
  }

  const fs::path directory_;
  const fs::path manifests_;
  DirectoryStoreLock lock_;
  DirectoryStoreFiles files_;
  Epoch highest_ = kNoEpoch;
  bool claimed_ = false;
  std::string job_;  ///< of the first manifest seen
  std::atomic<bool> sync_failed_{false};
};

}  // namespace

std::unique_ptr<CheckpointStore> make_directory_store(const std::string& directory, StoreClaim claim) {
  try {
    fs::create_directories(directory);
    auto store = std::make_unique<DirectoryStore>(directory);
    if (claim == StoreClaim::kAtOnce) store->claim(false);
    return store;
  } catch (const std::system_error& error) {
    throw FailJob(
        fmt::format("checkpoint directory {} cannot be made or written: {}; name a directory that can",
                    directory, error.what()),
        ExitCode::kUsage);
  }
}

}  // namespace weir
