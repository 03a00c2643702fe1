#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
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
#include "process_identity.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

/// The number of the newest epoch that is known to be committed.
constexpr const char* kCommitted = "COMMITTED";
/// What tells the directory from every other one, wherever it is moved.
constexpr const char* kStore = "STORE";

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

  std::string identity(bool make) override {
    return reading("read", [&] {
      std::string identity = identity_there();
      if (identity.empty() && make) {
        make_identity();
        identity = identity_there();
      }
      return identity;
    });
  }
  ClaimNumber last_claim() override {
    return reading("list", [&] { return lock_.last_claim(); });
  }

  ClaimNumber claim() override {
    lock_.hold();
    const bool first = lock_.claim() == 0;
    look_again();
    if (first) {
      files_.claim(lock_.last_claim() + 1);
      files_.remove_unfinished();  // before anything is written: the disk may be full of them
      lock_.announce_next();
      begin();
    }
    return lock_.claim();
  }

  void take_over(ClaimNumber number) override {
    const bool first = lock_.claim() == 0;
    files_.claim(number);
    if (first) files_.remove_unfinished();
    kill_point("claim_before_owner");
    lock_.announce(number);
    look_again();
    if (first) begin();
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
    const Manifest manifest = decode_manifest(bytes, name);
    check_place(manifest, epoch);
    if (lock_.claim() != 0) files_.inherit(manifest);
    named_[epoch] = files_named_by(manifest);
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
    ours_.insert(epoch);
    named_[epoch] = files_named_by(manifest);
    files_.published(named_[epoch]);
  }

  void retain(const std::vector<Epoch>& epochs) override {
    const Epoch oldest = *std::min_element(epochs.begin(), epochs.end());
    writing([&] {
      std::vector<Epoch> gone, left;
      for (const Epoch epoch : epochs_with(""))
        (epoch < oldest && ours_.contains(epoch) ? gone : left).push_back(epoch);
      const std::set<std::string> named = files_named_by_all(left);
      const std::set<std::string> of_gone = files_of_gone(gone);
      const bool leftovers_gone = std::exchange(leftovers_gone_, false);
      for (const Epoch epoch : gone) forget(epoch);
      remove_traces_before(oldest);
      // Before any file goes: a manifest that came back after a power failure would name files that are gone.
      sync_directory(manifests_);
      files_.retain(of_gone, named);
      if (!leftovers_gone) files_.remove_leftovers(named);
      leftovers_gone_ = true;
    });
  }

  void note_committed(Epoch epoch) override {
    if (epoch <= noted_committed()) return;
    writing([&] {
      const fs::path fresh = directory_ / fmt::format("COMMITTED.{}", lock_.token());
      std::ofstream(fresh) << epoch << '\n';  // not synced: an older word is true too
      kill_point("before_note_committed");
      fs::rename(fresh, directory_ / kCommitted);
    });
  }
  Epoch noted_committed() override {
    Epoch noted = kNoEpoch;
    std::ifstream(directory_ / kCommitted) >> noted;
    return noted;
  }

  Epoch last_committed() override {
    const std::vector<Epoch> present = epochs();
    const Epoch noted = noted_committed();
    if (std::find(present.begin(), present.end(), noted) != present.end()) return noted;
    // An epoch begins to be published when the one before it is committed.
    return present.size() < 2 ? kNoEpoch : present[present.size() - 2];
  }

  std::string describe(Epoch epoch) const override { return manifest_path(epoch); }

 private:
  fs::path manifest_path(Epoch epoch) const { return manifests_ / epoch_name(epoch); }
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

  /// Of all manifests that stay. When one of them cannot be read no one knows which files it needs.
  std::set<std::string> files_named_by_all(const std::vector<Epoch>& epochs) {
    std::set<std::string> named;
    try {
      for (const Epoch epoch : epochs) {
        if (!named_.contains(epoch)) load(epoch);
        named.insert(named_[epoch].begin(), named_[epoch].end());
      }
    } catch (const FailJob& failure) {
      lock_.check_owner();  // a successor may have removed it
      throw RestartJob(fmt::format("nothing is removed: {}", failure.what()));
    }
    return named;
  }
  /// Of one that cannot be read the files stay, as leftovers.
  std::set<std::string> files_of_gone(const std::vector<Epoch>& epochs) {
    std::set<std::string> named;
    for (const Epoch epoch : epochs) {
      try {
        named.merge(files_named_by_all({epoch}));
      } catch (const RestartJob&) {
      }
    }
    return named;
  }

  void forget(Epoch epoch) {
    kill_point("retain_before_manifest");
    fs::remove(manifest_path(epoch));
    ours_.erase(epoch);
    named_.erase(epoch);
  }
  /// Those of later epochs may be a successor's.
  void remove_traces_before(Epoch oldest) {
    std::vector<fs::path> traces;
    for (const fs::directory_entry& entry : fs::directory_iterator(manifests_))
      if (const auto epoch = epoch_in(entry.path().filename(), kUnpublished); epoch && *epoch < oldest)
        traces.push_back(entry.path());
    for (const fs::path& trace : traces) {
      kill_point("retain_before_trace");
      fs::remove(trace);
    }
  }

  /// Another process may have published since this one looked last.
  void look_again() { highest_ = std::max({highest_, highest_of(""), highest_of(kUnpublished)}); }
  /// What is here now is this process' to remove, once it has commits of its own behind it.
  void begin() {
    make_identity();
    for (const Epoch epoch : epochs_with("")) ours_.insert(epoch);
  }

  std::string identity_there() const {
    std::string identity;
    std::ifstream(directory_ / kStore) >> identity;
    return identity;
  }
  /// By a link: of two that make it at once one does.
  void make_identity() {
    if (!identity_there().empty()) return;
    const fs::path written = directory_ / ("store-" + lock_.token());
    write_file(written, fmt::format("{}\n", unique_token()));
    std::error_code there;
    fs::create_hard_link(written, directory_ / kStore, there);
    fs::remove(written);
    if (there && there != std::errc::file_exists)
      throw fs::filesystem_error("cannot link", written, directory_ / kStore, there);
    sync_directory(directory_);
  }

  const fs::path directory_;
  const fs::path manifests_;
  DirectoryStoreLock lock_;
  DirectoryStoreFiles files_;
  Epoch highest_ = kNoEpoch;
  std::string job_;       ///< of the first manifest seen
  std::set<Epoch> ours_;  ///< published by this process, or here when it claimed the directory
  std::map<Epoch, std::set<std::string>> named_;  ///< files of the manifests that were published or read
  bool leftovers_gone_ = false;
  std::atomic<bool> sync_failed_{false};
};

}  // namespace

std::unique_ptr<CheckpointStore> make_directory_store(const std::string& directory, StoreClaim claim) {
  try {
    fs::create_directories(directory);
    auto store = std::make_unique<DirectoryStore>(directory);
    if (claim == StoreClaim::kAtOnce) store->claim();
    return store;
  } catch (const std::system_error& error) {
    throw FailJob(
        fmt::format("checkpoint directory {} cannot be made or written: {}; name a directory that can",
                    directory, error.what()),
        ExitCode::kUsage);
  }
}

}  // namespace weir
