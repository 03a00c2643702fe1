#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/checkpoint/commit_protocol.hpp>
#include <weir/core/error.hpp>

namespace weir {

using Journal = std::vector<std::string>;

/// Manifests in a map; notes what is done to them.
class ScriptedStore final : public CheckpointStore {
 public:
  explicit ScriptedStore(Journal& journal) : journal_(journal) {}

  std::string identity(bool) override { return id; }
  ClaimNumber last_claim() override { return last; }
  ClaimNumber claim() override {
    journal_.push_back("claim");
    return last = 1;
  }
  void take_over(ClaimNumber number) override {
    journal_.push_back("take over");
    last = number;
  }
  void check_owner() override { journal_.push_back("check owner"); }
  std::vector<Epoch> epochs() override {
    std::vector<Epoch> epochs;
    for (const auto& [epoch, bytes] : manifests) epochs.push_back(epoch);
    return epochs;
  }
  Epoch highest_epoch() override { return highest; }
  std::string load(Epoch epoch) override { return manifests.at(epoch); }
  StoredFile put(const SnapshotFile&) override { return {}; }
  SnapshotFile get(const StoredFile&, const std::string&) override { return {}; }
  void publish(Epoch epoch, const std::string& manifest) override {
    journal_.push_back("publish " + std::to_string(epoch));
    manifests[epoch] = manifest;
    highest = std::max(highest, epoch);
  }
  void retain(const std::vector<Epoch>& epochs) override {
    std::string text = "retain";
    for (const Epoch epoch : epochs) text += " " + std::to_string(epoch);
    journal_.push_back(text);
    const Epoch oldest = *std::min_element(epochs.begin(), epochs.end());
    std::erase_if(manifests, [&](const auto& m) { return m.first < oldest; });
    if (!trouble.empty()) throw RestartJob(trouble);
  }
  void note_committed(Epoch epoch) override { committed = std::max(committed, epoch); }
  Epoch noted_committed() override { return committed; }
  Epoch last_committed() override { return committed; }
  std::string describe(Epoch epoch) const override { return "manifest " + std::to_string(epoch); }

  std::string id = "here";
  std::string trouble;
  ClaimNumber last = 0;
  Epoch committed = kNoEpoch;
  std::map<Epoch, std::string> manifests;
  Epoch highest = kNoEpoch;

 private:
  Journal& journal_;
};

class ScriptedLog final : public CommitLog {
 public:
  explicit ScriptedLog(Journal& journal) : journal_(journal) {}
  std::optional<std::string> look() override {
    journal_.push_back("look");
    return record;
  }
  void fence() override { journal_.push_back("fence"); }
  void claim(const std::string& bytes) override {
    journal_.push_back("claim in log");
    record = bytes;
  }
  std::optional<std::string> last_record() override {
    journal_.push_back("read log");
    return record;
  }
  void commit(Epoch epoch, const std::string& bytes) override {
    journal_.push_back("commit " + std::to_string(epoch));
    if (outcome == "happens" || outcome == "happens unseen") record = bytes;
    if (outcome != "happens") throw RestartJob("no answer");
  }

  std::optional<std::string> record;
  std::string outcome = "happens";

 private:
  Journal& journal_;
};

class ScriptedSink final : public Sink {
 public:
  ScriptedSink(std::string name, Journal& journal) : name_(std::move(name)), journal_(journal) {}
  ClaimNumber reserve(bool) override {
    journal_.push_back(name_ + " reserve");
    return 0;
  }
  void recover(Epoch restored, const std::vector<SinkPart>& parts) override {
    note("recover", restored, parts);
  }
  void commit(Epoch epoch, const std::vector<SinkPart>& parts) override { note("commit", epoch, parts); }
  std::unique_ptr<SinkWriter> open_writer(std::uint32_t) override { return nullptr; }

 private:
  void note(const std::string& what, Epoch epoch, const std::vector<SinkPart>& parts) {
    std::string text = name_ + " " + what + " " + std::to_string(epoch);
    for (const SinkPart& part : parts) text += " " + part.payload;
    journal_.push_back(text);
  }
  const std::string name_;
  Journal& journal_;
};

/// What outlives processes, and one process after the other.
struct World {
  Journal journal;
  ScriptedStore store{journal};
  ScriptedLog log{journal};
  ScriptedSink rows{"rows", journal};
  ScriptedSink late{"late", journal};

  CommitProtocol process(bool with_log = true) {
    return CommitProtocol(store, with_log ? &log : nullptr, {{"rows", &rows}, {"late", &late}});
  }
  RecoveryPoint recover(RecoveryOptions options = {"job", "0", kNoEpoch, false}, bool with_log = true) {
    return process(with_log).recover(options);
  }
  /// A process that commits these epochs.
  void commit(const std::vector<Epoch>& epochs, bool with_log = true) {
    CommitProtocol protocol = process(with_log);
    protocol.recover({"job", "0", kNoEpoch, false});
    for (const Epoch epoch : epochs) protocol.commit(manifest(epoch));
  }
  static Manifest manifest(Epoch epoch) {
    Manifest manifest;
    manifest.job = "job";
    manifest.instance = "0";
    manifest.epoch = epoch;
    manifest.sources.push_back(
        {"in", "p", {0, ""}, {static_cast<std::int64_t>(epoch) * 10, ""}, EventTime{1}, false});
    manifest.sinks.push_back({"rows", {{0, "file" + std::to_string(epoch), {}}}});
    return manifest;
  }
};

inline RecoveryOptions allowing_duplicates() { return {"job", "0", kNoEpoch, true}; }
inline RecoveryOptions starting_anew() { return {"job", "0", std::numeric_limits<Epoch>::max(), false}; }

inline std::string refusal(World& world, const RecoveryOptions& options = {"job", "0", kNoEpoch, false}) {
  try {
    world.recover(options);
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kStateUnusable);
    return failure.what();
  }
  FAIL("nothing was refused");
  return "";
}

}  // namespace weir
