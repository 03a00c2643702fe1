#include <string>

#include "commit_protocol_world.hpp"

namespace weir {

TEST_CASE("CommitProtocol starts anew where nothing was ever committed, and fences before it asks") {
  World world;
  const RecoveryPoint point = world.recover();
  CHECK_FALSE(point.manifest);
  CHECK(point.next_epoch == 1);
  CHECK(world.journal == Journal{"check owner", "look", "rows reserve", "late reserve", "fence", "read log",
                                 "claim in log", "take over", "rows recover 0", "late recover 0"});
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
  CHECK_THAT(refusal(world), Catch::Contains("epoch 2 was committed by this job") &&
                                 Catch::Contains("control topic was deleted"));
  world.store.committed = kNoEpoch;  // the chain of manifests says it as well
  CHECK_THAT(refusal(world),
             Catch::Contains("manifest 2 follows epoch 1") && Catch::Contains("control topic was deleted"));
}

TEST_CASE("CommitProtocol refuses a log that has lost its only commit, and says how to start anew") {
  World world;
  world.commit({1});
  SECTION("no record at all") { world.log.record.reset(); }
  SECTION("a control topic that was made anew and claimed since") {
    CommitRecord claim = decode_commit_record(*world.log.record);
    claim.epoch = kNoEpoch;
    claim.sources.clear();
    world.log.record = encode(claim);
  }
  CHECK_THAT(refusal(world), Catch::Contains("epoch 1 was committed by this job") &&
                                 Catch::Contains("no commit record") && Catch::Contains("--from fresh"));
  CHECK_THAT(refusal(world, allowing_duplicates()), Catch::Contains("--from fresh"));
  CHECK_FALSE(world.recover(starting_anew()).manifest);
}

TEST_CASE("CommitProtocol refuses a place that has lost its checkpoints but knows of commits") {
  const bool with_log = GENERATE(true, false);
  World world;
  world.commit({1, 2}, with_log);
  world.store.manifests.clear();
  world.log.record.reset();
  try {
    world.recover({"job", "0", kNoEpoch, false}, with_log);
    FAIL("nothing was refused");
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kStateUnusable);
    CHECK_THAT(failure.what(), Catch::Contains("epoch 2") && Catch::Contains("--from fresh"));
  }
  CHECK_FALSE(world.recover(starting_anew(), with_log).manifest);
}

TEST_CASE("CommitProtocol refuses to go back by a checkpoint because the newest is missing") {
  World world;
  world.commit({1, 2}, false);
  world.store.manifests.erase(2);
  CHECK_THROWS_WITH(world.recover({"job", "0", kNoEpoch, false}, false),
                    Catch::Contains("epoch 2 was committed") && Catch::Contains("--allow-duplicates"));
  CHECK(world.recover(allowing_duplicates(), false).manifest->epoch == 1);
}

TEST_CASE("CommitProtocol refuses a log that knows an older commit than the store") {
  World world;
  world.commit({1});
  const auto older = world.log.record;
  world.commit({2});
  world.log.record = older;
  CHECK_THAT(refusal(world), Catch::Contains("epoch 2 was committed") && Catch::Contains("is of epoch 1"));
  CHECK(world.recover(allowing_duplicates()).manifest->epoch == 1);
}

TEST_CASE("CommitProtocol does not need the note of what is committed") {
  const bool with_log = GENERATE(true, false);
  World world;
  world.commit({1}, with_log);
  world.store.committed = kNoEpoch;
  CHECK(world.recover({"job", "0", kNoEpoch, false}, with_log).manifest->epoch == 1);
}

TEST_CASE("CommitProtocol shuts nobody out who keeps the job's checkpoints elsewhere") {
  World world;
  world.commit({1, 2});
  World other;  // the same program, another place
  other.store.id = "elsewhere";
  other.log.record = world.log.record;
  const auto refused = [&](const RecoveryOptions& options) {
    other.journal.clear();
    CHECK_THAT(refusal(other, options), Catch::Contains("--job NAME") && Catch::Contains("--from fresh") &&
                                            Catch::Contains("--checkpoint-dir"));
    CHECK(std::count(other.journal.begin(), other.journal.end(), "fence") == 0);
  };
  RecoveryOptions options{"job", "0", kNoEpoch, false};
  refused(options);
  options.oldest = std::numeric_limits<Epoch>::max();  // --from earliest
  refused(options);
  options.takes_job_over = true;  // --from fresh
  CHECK_FALSE(other.recover(options).manifest);
  CHECK(decode_commit_record(*other.log.record).store == "elsewhere");
}

TEST_CASE("CommitProtocol goes on in a place that was moved, whatever it is called there") {
  World world;
  world.commit({1, 2});
  world.store.id = "moved without what tells it from others";
  CHECK(world.recover().manifest->epoch == 2);
}

TEST_CASE("CommitProtocol begins with a savepoint once, also when what it has committed is lost since") {
  World world;
  RecoveryOptions options = starting_anew();
  Manifest savepoint = World::manifest(9);
  options.savepoint = SavepointOrigin{savepoint, Checksum{7, 7}};
  const bool with_log = GENERATE(true, false);
  CommitProtocol protocol = world.process(with_log);
  CHECK_FALSE(protocol.recover(options).manifest);
  Manifest first = World::manifest(1);
  first.origin = Checksum{7, 7};
  protocol.commit(first);
  world.store.committed = kNoEpoch;
  CHECK(world.recover(options, with_log).manifest->epoch == 1);
  SECTION("another savepoint begins anew") {
    options.savepoint->checksum = Checksum{8, 8};
    CHECK_FALSE(world.recover(options, with_log).manifest);
  }
  SECTION("its checkpoints are lost") {
    world.store.manifests.clear();
    world.store.committed = 1;
    CHECK_THROWS_AS(world.recover(options, with_log), FailJob);
  }
}

TEST_CASE("CommitProtocol moves to the place of a savepoint that holds what was committed last") {
  World world;
  world.commit({1, 2});
  RecoveryOptions options = starting_anew();
  options.savepoint = SavepointOrigin{decode_manifest(world.store.manifests.at(2), "2"), Checksum{7, 7}};
  World other;
  other.store.id = "elsewhere";
  other.log.record = world.log.record;
  CHECK_FALSE(other.recover(options).manifest);
  options.savepoint->manifest = decode_manifest(world.store.manifests.at(1), "1");
  other.store.id = "somewhere else";
  CHECK_THAT(refusal(other, options), Catch::Contains("--job NAME"));
}

TEST_CASE("CommitProtocol shuts nobody out for a checkpoint that does not fit the pipeline") {
  World world;
  world.commit({1, 2});
  world.journal.clear();
  RecoveryOptions options{"job", "0", kNoEpoch, false};
  options.fits = [](const Manifest&) { throw FailJob("does not fit", ExitCode::kStateUnusable); };
  CHECK_THAT(refusal(world, options), Catch::Contains("does not fit"));
  CHECK(std::count(world.journal.begin(), world.journal.end(), "fence") == 0);
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
  protocol.commit(World::manifest(4));
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
  CHECK(world.journal == Journal{"check owner", "rows reserve", "late reserve", "claim",
                                 "rows recover 3 file3", "late recover 3"});
}

TEST_CASE("CommitProtocol takes the log's word where the store has forgotten its highest epoch") {
  World world;
  world.commit({1, 2});
  world.store.highest = 0;
  CHECK(world.recover().next_epoch == 3);
}

}  // namespace weir
