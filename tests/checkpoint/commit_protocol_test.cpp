#include <string>

#include "commit_protocol_world.hpp"

namespace weir {

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
  CHECK(world.journal == Journal{"publish 2", "commit 2", "rows commit 2 file2", "retain 2 1", "publish 5",
                                 "commit 5", "rows commit 5 file5", "retain 5 2"});
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
  CHECK(world.journal == Journal{"check owner", "look", "rows reserve", "late reserve", "fence", "read log",
                                 "claim in log", "take over", "rows recover 2 file2", "late recover 2"});
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

TEST_CASE("CommitProtocol reports what it could not clean up, and goes on") {
  World world;
  std::vector<std::string> told;
  CommitProtocol protocol(world.store, &world.log, {},
                          [&](const std::string& line) { told.push_back(line); });
  protocol.recover({"job", "0", kNoEpoch, false});
  world.store.trouble = "the disk is read-only";
  protocol.commit(World::manifest(1));
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::Contains("epoch 1 is committed") && Catch::Contains("the disk is read-only"));
  world.store.trouble.clear();
  protocol.commit(World::manifest(2));
  CHECK(told.size() == 1);
}

TEST_CASE("CommitProtocol numbers its claims upwards, by log and store") {
  World world;
  world.commit({1});
  const ClaimNumber first = decode_commit_record(*world.log.record).claim;
  CHECK(first > 0);
  world.store.last = first + 7;  // a log that has lost some
  world.commit({2});
  CHECK(decode_commit_record(*world.log.record).claim == first + 8);
  CHECK(world.store.last == first + 8);
}

}  // namespace weir
