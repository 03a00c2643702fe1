#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/checkpoint/commit_protocol.hpp>
#include <weir/core/error.hpp>

namespace weir {

namespace {

using Journal = std::vector<std::string>;

/// Manifests in a map; notes what is done to them.
class ScriptedStore final : public CheckpointStore {
 public:
  explicit ScriptedStore(Journal& journal) : journal_(journal) {}

  void claim(bool fenced) override { journal_.push_back(fenced ? "claim after fence" : "claim"); }
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
    std::erase_if(manifests, [&](const auto& m) {
      return std::find(epochs.begin(), epochs.end(), m.first) == epochs.end();
    });
  }
  void note_committed(Epoch epoch) override { committed = epoch; }
  Epoch last_committed() override { return committed; }
  std::string describe(Epoch epoch) const override { return "manifest " + std::to_string(epoch); }

  Epoch committed = kNoEpoch;
  std::map<Epoch, std::string> manifests;
  Epoch highest = kNoEpoch;

 private:
  Journal& journal_;
};

class ScriptedLog final : public CommitLog {
 public:
  explicit ScriptedLog(Journal& journal) : journal_(journal) {}
  void fence() override { journal_.push_back("fence"); }
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

RecoveryOptions allowing_duplicates() { return {"job", "0", kNoEpoch, true}; }

std::string refusal(World& world, const RecoveryOptions& options = {"job", "0", kNoEpoch, false}) {
  try {
    world.recover(options);
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kStateUnusable);
    return failure.what();
  }
  FAIL("nothing was refused");
  return "";
}

}  // namespace

TEST_CASE("CommitProtocol starts anew where nothing was ever committed, and fences before it asks") {
  World world;
  const RecoveryPoint point = world.recover();
  CHECK_FALSE(point.manifest);
  CHECK(point.next_epoch == 1);
  CHECK(world.journal ==
        Journal{"check owner", "fence", "claim after fence", "read log", "rows recover 0", "late recover 0"});
}

TEST_CASE("CommitProtocol publishes, commits, tells the sinks, and only then lets go of older checkpoints") {
  World world;
  CommitProtocol protocol = world.process();
  protocol.recover({"job", "0", kNoEpoch, false});
  world.journal.clear();
  protocol.commit(World::manifest(1));
  CHECK(world.journal == Journal{"publish 1", "commit 1", "rows commit 1 file1", "retain 1"});
  world.journal.clear();
  protocol.commit(World::manifest(2));
  protocol.commit(World::manifest(5));
  CHECK(world.journal == Journal{"publish 2", "commit 2", "rows commit 2 file2", "retain 1 2", "publish 5",
                                 "commit 5", "rows commit 5 file5", "retain 2 5"});
}

TEST_CASE("CommitProtocol chains manifests, each naming the one before it") {
  World world;
  world.commit({1, 2});
  const Manifest first = decode_manifest(world.store.manifests.at(1), "1");
  const Manifest second = decode_manifest(world.store.manifests.at(2), "2");
  CHECK(first.predecessor == kNoEpoch);
  CHECK(first.predecessor_checksum == Checksum{});
  CHECK(second.predecessor == 1);
  CHECK(second.predecessor_checksum == checksum(world.store.manifests.at(1)));
  const CommitRecord record = decode_commit_record(*world.log.record);
  CHECK(record.epoch == 2);
  CHECK(record.manifest == checksum(world.store.manifests.at(2)));
}

TEST_CASE("CommitProtocol goes on from exactly the epoch that is committed, and sinks finish its parts") {
  World world;
  world.commit({1, 2});
  world.journal.clear();
  const RecoveryPoint point = world.recover();
  REQUIRE(point.manifest);
  CHECK(point.manifest->epoch == 2);
  CHECK(point.checksum == checksum(world.store.manifests.at(2)));
  CHECK(point.next_epoch == 3);
  CHECK(world.journal == Journal{"check owner", "fence", "claim after fence", "read log",
                                 "rows recover 2 file2", "late recover 2"});
}

TEST_CASE("CommitProtocol does nothing more once a commit has failed") {
  World world;
  CommitProtocol protocol = world.process();
  protocol.recover({"job", "0", kNoEpoch, false});
  protocol.commit(World::manifest(1));
  world.journal.clear();
  world.log.outcome = "fails";
  CHECK_THROWS_AS(protocol.commit(World::manifest(2)), RestartJob);
  CHECK(world.journal == Journal{"publish 2", "commit 2"});
  CHECK(world.store.manifests.size() == 2);
}

TEST_CASE("CommitProtocol asks the log, not itself, how a commit of unknown outcome ended") {
  World world;
  world.commit({1});
  world.log.outcome = GENERATE("fails", "happens unseen");
  const bool happened = world.log.outcome == "happens unseen";
  CHECK_THROWS_AS(world.commit({2}), RestartJob);
  world.log.outcome = "happens";
  RecoveryPoint point = world.recover();
  REQUIRE(point.manifest);
  CHECK(point.manifest->epoch == (happened ? 2 : 1));
  CHECK(point.next_epoch == 3);  // 2 has left a trace: it is never used again
  world.commit({3});
  CHECK(world.recover().manifest->epoch == 3);
  CHECK(decode_manifest(world.store.manifests.at(3), "3").predecessor == (happened ? 2 : 1));
}

TEST_CASE("CommitProtocol starts anew when only the first epoch is durable and it never was committed") {
  World world;
  world.log.outcome = "fails";
  CHECK_THROWS_AS(world.commit({1}), RestartJob);
  const RecoveryPoint point = world.recover();
  CHECK_FALSE(point.manifest);
  CHECK(point.next_epoch == 2);
  world.log.outcome = "happens";
  world.commit({2});
  CHECK(world.recover().manifest->epoch == 2);
  CHECK(decode_manifest(world.store.manifests.at(2), "2").predecessor == kNoEpoch);
}

TEST_CASE("CommitProtocol refuses a log that has lost its commits") {
  World world;
  world.commit({1, 2});
  world.log.record.reset();
  CHECK_THAT(refusal(world),
             Catch::Contains("manifest 2 follows epoch 1") && Catch::Contains("control topic was deleted"));
}

TEST_CASE("CommitProtocol refuses to go on without the committed checkpoint, unless output may be repeated") {
  World world;
  world.commit({1, 2});
  world.store.manifests.erase(2);
  CHECK_THAT(refusal(world),
             Catch::Contains("epoch 2 is committed") && Catch::Contains("--allow-duplicates"));
  const RecoveryPoint point = world.recover(allowing_duplicates());
  CHECK(point.manifest->epoch == 1);
  CHECK(point.next_epoch == 3);
  world.store.manifests.clear();
  CHECK_THAT(refusal(world, allowing_duplicates()), Catch::Contains("is missing"));
}

TEST_CASE("CommitProtocol refuses a damaged checkpoint, unless output may be repeated") {
  const bool with_log = GENERATE(true, false);
  World world;
  world.commit({1, 2}, with_log);
  world.store.manifests.at(2).back() ^= 1;
  try {
    world.recover({"job", "0", kNoEpoch, false}, with_log);
    FAIL("nothing was refused");
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kStateUnusable);
    CHECK_THAT(failure.what(), Catch::Contains("manifest 2") && Catch::Contains("epoch 1, is kept") &&
                                   Catch::Contains("--allow-duplicates"));
  }
  CommitProtocol protocol = world.process(with_log);
  const RecoveryPoint point = protocol.recover(allowing_duplicates());
  REQUIRE(point.manifest);
  CHECK(point.manifest->epoch == 1);
  CHECK(point.next_epoch == 3);
  protocol.commit(World::manifest(3));
  CHECK(decode_manifest(world.store.manifests.at(3), "3").predecessor == 1);
  CHECK(world.store.manifests.contains(1));  // the one it went on from, not the damaged one
  CHECK_FALSE(world.store.manifests.contains(2));
}

TEST_CASE("CommitProtocol refuses a damaged checkpoint that has no older one, whatever is allowed") {
  World world;
  world.commit({1});
  world.store.manifests.at(1).back() ^= 1;
  CHECK_THAT(refusal(world, allowing_duplicates()), Catch::Contains("manifest 1"));
}

TEST_CASE("CommitProtocol refuses a checkpoint that disagrees with the commit record") {
  World world;
  world.commit({1});
  SECTION("in its bytes") {
    Manifest other = World::manifest(1);
    other.created_millis = 99;
    world.store.manifests.at(1) = encode(other);
  }
  SECTION("in its positions") {
    CommitRecord record = decode_commit_record(*world.log.record);
    record.sources.at(0).end.offset += 1;
    world.log.record = encode(record);
  }
  SECTION("in its partitions") {
    CommitRecord record = decode_commit_record(*world.log.record);
    record.sources.clear();
    world.log.record = encode(record);
  }
  CHECK_THAT(refusal(world), Catch::Contains("the commit record of epoch 1 names another checkpoint"));
}

TEST_CASE("CommitProtocol refuses what belongs to another job or instance") {
  World world;
  world.commit({1, 2});
  CHECK_THAT(refusal(world, {"other", "0", kNoEpoch, false}), Catch::Contains("belongs to job 'job'"));
  CHECK_THAT(refusal(world, {"job", "1", kNoEpoch, false}),
             Catch::Contains("instance '0', not to job 'job' instance '1'"));
  for (const bool allow : {false, true})
    CHECK_THROWS_WITH(world.recover({"other", "0", kNoEpoch, allow}, false),
                      Catch::StartsWith("manifest 2 belongs to job 'job'"));
}

TEST_CASE("CommitProtocol that starts anew ignores what was committed before, and never repeats an epoch") {
  const bool with_log = GENERATE(true, false);
  World world;
  world.commit({1, 2}, with_log);
  CommitProtocol protocol = world.process(with_log);
  const RecoveryPoint point = protocol.recover({"job", "0", std::numeric_limits<Epoch>::max(), false});
  CHECK_FALSE(point.manifest);
  CHECK(point.next_epoch == 3);
  world.journal.clear();
  protocol.commit(World::manifest(3));
  CHECK(world.journal.back() == "retain 3");
  CHECK(decode_manifest(world.store.manifests.at(3), "3").predecessor == kNoEpoch);
  CHECK(world.recover({"job", "0", 3, false}, with_log).manifest->epoch == 3);  // its own are not ignored
}

TEST_CASE("CommitProtocol without a log takes the newest manifest for committed") {
  World world;
  world.commit({1, 2, 3}, false);
  world.journal.clear();
  const RecoveryPoint point = world.recover({"job", "0", kNoEpoch, false}, false);
  CHECK(point.manifest->epoch == 3);
  CHECK(world.journal == Journal{"check owner", "claim", "rows recover 3 file3", "late recover 3"});
}

TEST_CASE("CommitProtocol takes the log's word where the store has forgotten its highest epoch") {
  World world;
  world.commit({1, 2});
  world.store.highest = 0;
  CHECK(world.recover().next_epoch == 3);
}

}  // namespace weir
