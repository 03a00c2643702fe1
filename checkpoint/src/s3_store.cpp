#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <weir/checkpoint/store.hpp>
#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "epoch_name.hpp"
#include "manifest_frame.hpp"
#include "s3_owner.hpp"
#include "s3_store_files.hpp"

namespace weir {

namespace {

const std::string kManifests = "manifests/";
/// The number of the newest epoch that is known to be committed.
constexpr const char* kCommitted = "COMMITTED";

/// The same objects as the directory store has files: `OWNER`, `COMMITTED`, `manifests/<epoch>`, `files/<checksum>`.
class S3Store final : public CheckpointStore {
 public:
  S3Store(S3Address address, S3Credentials credentials)
      : client_(std::move(address), std::move(credentials)), owner_(client_), files_(client_) {}

  void claim(bool fenced) override {
    storing([&] {
      owner_.hold(fenced);
      // Another process may have published since this one looked last. Only now that it cannot any more, without being noticed.
      const Names names = list_manifests();
      highest_ = std::max({highest_, names.highest(names.published), names.highest(names.traces)});
      if (std::exchange(claimed_, true)) return;
      remove_outdated_traces(names);
      client_.abort_uploads();
    });
  }

  void check_owner() override {
    storing([&] { owner_.check(); });
  }

  std::vector<Epoch> epochs() override {
    return storing([&] { return list_manifests().published; });
  }
  Epoch highest_epoch() override { return highest_; }

  std::string load(Epoch epoch) override {
    const std::string name = name_of(epoch);
    const auto object = storing([&] { return client_.get(key_of(epoch)); });
    if (!object) refuse(name, "is missing");
    const Manifest manifest = decode_manifest(object->body, name);
    check_place(manifest, epoch);
    named_[epoch] = files_named_by(manifest);
    return object->body;
  }

  StoredFile put(const SnapshotFile& file) override {
    return storing([&] { return files_.put(file); });
  }
  SnapshotFile get(const StoredFile& file, const std::string& directory) override {
    return storing([&] { return files_.get(file, directory); });
  }

  void publish(Epoch epoch, const std::string& bytes) override {
    const Manifest manifest = decode_manifest(bytes, name_of(epoch));
    check_place(manifest, epoch);
    highest_ = std::max(highest_, epoch);
    storing([&] {
      check_files(manifest);
      owner_.check();
      kill_point("before_manifest_rename");
      put_manifest(epoch, bytes);
      // Once more: a process that was late, and put its manifest when the place had another owner already, must not go on as if it had
      // committed. That owner sees the manifest, or has an epoch of its own behind it.
      owner_.check();
    });
    kill_point("after_manifest_durable");
    named_[epoch] = files_named_by(manifest);
    files_.published(named_[epoch]);
  }

  void retain(const std::vector<Epoch>& epochs) override {
    const std::set<Epoch> kept(epochs.begin(), epochs.end());
    storing([&] {
      Names names = list_manifests();
      const std::optional<std::set<std::string>> named = files_named_by_all(names.published, kept);
      if (!named) return;
      for (const Epoch epoch : names.published) {
        if (kept.contains(epoch)) continue;
        const bool highest = epoch == names.published.back();
        forget(epoch, highest);
        if (highest) names.traces.push_back(epoch);
      }
      remove_outdated_traces(names);
      files_.retain(*named);
    });
  }

  void note_committed(Epoch epoch) override {
    storing([&] { client_.put(kCommitted, fmt::format("{}\n", epoch)); });
  }

  Epoch last_committed() override {
    const std::vector<Epoch> present = epochs();
    const auto object = storing([&] { return client_.get(kCommitted); });
    Epoch noted = kNoEpoch;
    if (object) std::istringstream(object->body) >> noted;
    if (std::find(present.begin(), present.end(), noted) != present.end()) return noted;
    // An epoch begins to be published when the one before it is committed.
    return present.size() < 2 ? kNoEpoch : present[present.size() - 2];
  }

  std::string describe(Epoch epoch) const override { return client_.address().shown(key_of(epoch)); }

 private:
  struct Names {
    std::vector<Epoch> published;  ///< ascending
    std::vector<Epoch> traces;
    static Epoch highest(const std::vector<Epoch>& epochs) {
      return epochs.empty() ? kNoEpoch : epochs.back();
    }
  };

  static std::string key_of(Epoch epoch) { return kManifests + epoch_name(epoch); }
  static std::string trace_of(Epoch epoch) { return key_of(epoch).append(kUnpublished); }
  std::string name_of(Epoch epoch) const { return fmt::format("manifest {} ({})", epoch, describe(epoch)); }

  /// What passes is left to a restart, which begins with looking at what there is. What does not is for people.
  template <class Action>
  auto storing(const Action& action) -> decltype(action()) {
    try {
      return action();
    } catch (const S3Failure& failure) {
      const std::string what =
          fmt::format("checkpoint store {}: {}", client_.address().shown(), failure.what());
      if (failure.status == 0 || failure.status >= 500) throw RestartJob(what);
      throw FailJob(what + "; check address, bucket, credentials and what they are allowed",
                    ExitCode::kUsage);
    } catch (const std::system_error& error) {
      throw RestartJob(fmt::format("checkpoint store {}: {}", client_.address().shown(), error.what()));
    }
  }

  Names list_manifests() {
    Names names;
    for (const S3Listed& object : client_.list(kManifests)) {
      const std::string name = object.key.substr(kManifests.size());
      if (const auto epoch = epoch_in(name, "")) names.published.push_back(*epoch);
      if (const auto trace = epoch_in(name, kUnpublished)) names.traces.push_back(*trace);
    }
    std::sort(names.published.begin(), names.published.end());
    std::sort(names.traces.begin(), names.traces.end());
    return names;
  }

  void put_manifest(Epoch epoch, const std::string& bytes) {
    if (client_.put(key_of(epoch), bytes, {true, ""})) return;
    // An answer of ours may have been lost, and the put repeated.
    if (const auto there = client_.get(key_of(epoch)); there && there->body == bytes) return;
    owner_.check();
    throw RestartJob(fmt::format("{} is there already: put by a process that was late", name_of(epoch)));
  }

  /// A manifest says itself what it is: one under another's name, or of another job, was put there by someone.
  void check_place(const Manifest& manifest, Epoch epoch) {
    if (manifest.epoch != epoch)
      refuse(name_of(epoch), fmt::format("is the manifest of epoch {}", manifest.epoch));
    if (job_.empty()) job_ = manifest.job;
    if (manifest.job != job_)
      refuse(name_of(epoch), fmt::format("belongs to job '{}', others here to job '{}'", manifest.job, job_));
  }

  void check_files(const Manifest& manifest) {
    for (const StateShard& shard : manifest.shards)
      for (const StoredFile& file : shard.files)
        if (!files_.has(file))
          throw RestartJob(
              fmt::format("state file {} ('{}') of checkpoint {} is not in {}: someone removed it",
                          file.checksum.hex(), file.name, manifest.epoch, client_.address().shown()));
  }

  /// Nullopt when one of them cannot be read: then no one knows which files it needs.
  std::optional<std::set<std::string>> files_named_by_all(const std::vector<Epoch>& published,
                                                          const std::set<Epoch>& kept) {
    std::erase_if(named_, [&](const auto& named) { return !kept.contains(named.first); });
    std::set<std::string> all;
    try {
      for (const Epoch epoch : published) {
        if (!kept.contains(epoch)) continue;
        if (!named_.contains(epoch)) load(epoch);
        all.insert(named_[epoch].begin(), named_[epoch].end());
      }
    } catch (const FailJob&) {
      return std::nullopt;
    }
    return all;
  }

  /// The highest epoch leaves a trace when its manifest goes, so that its number is never given again.
  void forget(Epoch epoch, bool highest) {
    if (highest) client_.put(trace_of(epoch), "");
    client_.remove(key_of(epoch));
  }
  void remove_outdated_traces(const Names& names) {
    const Epoch highest = std::max(Names::highest(names.published), Names::highest(names.traces));
    for (const Epoch epoch : names.traces)
      if (epoch < highest) client_.remove(trace_of(epoch));
  }

  S3Client client_;
  S3Owner owner_;
  S3StoreFiles files_;
  Epoch highest_ = kNoEpoch;
  bool claimed_ = false;
  std::string job_;                               ///< of the first manifest seen
  std::map<Epoch, std::set<std::string>> named_;  ///< files of the manifests that were published or read
};

}  // namespace

std::unique_ptr<CheckpointStore> make_s3_store(const std::string& address, StoreClaim claim) {
  auto store = std::make_unique<S3Store>(S3Address::parse(address), S3Credentials::of_environment());
  if (claim == StoreClaim::kAtOnce) store->claim(false);
  return store;
}

}  // namespace weir
