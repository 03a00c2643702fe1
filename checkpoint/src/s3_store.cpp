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
#include "process_identity.hpp"
#include "s3_owner.hpp"
#include "s3_store_files.hpp"

namespace weir {

namespace {

const std::string kManifests = "manifests/";
/// The number of the newest epoch that is known to be committed.
constexpr const char* kCommitted = "COMMITTED";

/// What tells the place from every other one.
constexpr const char* kStore = "STORE";

/// The same objects as the directory store has files: `OWNER`, `STORE`, `COMMITTED`, `manifests/<epoch>`, `files/<claim>-<checksum>`.
class S3Store final : public CheckpointStore {
 public:
  S3Store(S3Address address, S3Credentials credentials)
      : client_(std::move(address), std::move(credentials)), owner_(client_), files_(client_) {}

  std::string identity(bool make) override {
    return storing([&] {
      if (!make || !identity_.empty()) return identity_.empty() ? identity_there() : identity_;
      client_.put(kStore, unique_token(), {true, ""});  // of two that make it at once one does
      return identity_ = identity_there();
    });
  }
  ClaimNumber last_claim() override {
    return storing([&] { return owner_.last_claim(); });
  }

  ClaimNumber claim() override {
    const bool first = owner_.claim() == 0;
    storing([&] { owner_.hold(); });
    claimed(first);
    return owner_.claim();
  }
  void take_over(ClaimNumber number) override {
    const bool first = owner_.claim() == 0;
    storing([&] { owner_.take_over(number); });
    claimed(first);
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
    if (owner_.claim() != 0) files_.inherit(manifest);
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
    ours_.insert(epoch);
    named_[epoch] = files_named_by(manifest);
    files_.published(named_[epoch]);
  }

  void retain(const std::vector<Epoch>& epochs) override {
    const Epoch oldest = *std::min_element(epochs.begin(), epochs.end());
    storing([&] {
      const Names names = list_manifests();
      std::vector<Epoch> gone, left;
      for (const Epoch epoch : names.published)
        (epoch < oldest && ours_.contains(epoch) ? gone : left).push_back(epoch);
      const std::set<std::string> named = files_named_by_all(left);
      const std::set<std::string> of_gone = files_of_gone(gone);
      const bool leftovers_gone = std::exchange(leftovers_gone_, false);
      for (const Epoch epoch : gone) forget(epoch);
      for (const Epoch epoch : names.traces) {  // those of later epochs may be a successor's
        kill_point("retain_before_trace");
        if (epoch < oldest) client_.remove(trace_of(epoch));
      }
      files_.retain(of_gone, named);
      if (!leftovers_gone) files_.remove_leftovers(named);
      leftovers_gone_ = true;
    });
  }

  void note_committed(Epoch epoch) override {
    storing([&] {
      for (;;) {
        if (committed_etag_.empty()) {
          const auto there = client_.get(kCommitted);
          if (there) committed_etag_ = there->etag;
          if (there && epoch_of(there->body) >= epoch) return;
        }
        kill_point("before_note_committed");
        const bool fresh = committed_etag_.empty();
        const auto etag = client_.put(kCommitted, fmt::format("{}\n", epoch), {fresh, committed_etag_});
        committed_etag_ = etag.value_or("");
        if (etag) return;
      }
    });
  }
  Epoch noted_committed() override {
    const auto object = storing([&] { return client_.get(kCommitted); });
    return object ? epoch_of(object->body) : kNoEpoch;
  }

  Epoch last_committed() override {
    const std::vector<Epoch> present = epochs();
    const Epoch noted = noted_committed();
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

  void claimed(bool first) {
    files_.claim(owner_.claim());
    storing([&] {
      // Another process may have published since this one looked last. Only now that it cannot any more, without being noticed.
      const Names names = list_manifests();
      highest_ = std::max({highest_, Names::highest(names.published), Names::highest(names.traces)});
      if (!first) return;
      // This process' to remove, once it has commits of its own behind it.
      ours_.insert(names.published.begin(), names.published.end());
      kill_point("claim_before_uploads");
      files_.abort_uploads();
    });
    identity(true);
  }

  static Epoch epoch_of(const std::string& text) {
    Epoch epoch = kNoEpoch;
    std::istringstream(text) >> epoch;
    return epoch;
  }
  std::string identity_there() {
    const auto object = client_.get(kStore);
    return object ? object->body : "";
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

  /// Of all manifests that stay. When one of them cannot be read no one knows which files it needs.
  std::set<std::string> files_named_by_all(const std::vector<Epoch>& epochs) {
    std::set<std::string> named;
    try {
      for (const Epoch epoch : epochs) {
        if (!named_.contains(epoch)) load(epoch);
        named.insert(named_[epoch].begin(), named_[epoch].end());
      }
    } catch (const FailJob& failure) {
      owner_.check();  // a successor may have removed it
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
    client_.remove(key_of(epoch));
    ours_.erase(epoch);
    named_.erase(epoch);
  }

  S3Client client_;
  S3Owner owner_;
  S3StoreFiles files_;
  Epoch highest_ = kNoEpoch;
  std::string job_;       ///< of the first manifest seen
  std::set<Epoch> ours_;  ///< published by this process, or here when it claimed the place
  std::map<Epoch, std::set<std::string>> named_;  ///< files of the manifests that were published or read
  bool leftovers_gone_ = false;
  std::string identity_;
  std::string committed_etag_;  ///< of COMMITTED, when this process wrote it last
};

}  // namespace

std::unique_ptr<CheckpointStore> make_s3_store(const std::string& address, StoreClaim claim) {
  S3Address place = S3Address::parse(address);  // what is wrong with it comes before what is missing
  auto store = std::make_unique<S3Store>(std::move(place), S3Credentials::of_environment());
  if (claim == StoreClaim::kAtOnce) store->claim();
  return store;
}

}  // namespace weir
