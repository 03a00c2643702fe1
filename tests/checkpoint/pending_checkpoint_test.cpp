#include <memory>

#include <catch2/catch.hpp>

#include <weir/checkpoint/pending_checkpoint.hpp>
#include <weir/core/error.hpp>

namespace weir {

namespace {

Digest digest_of(std::initializer_list<std::uint64_t> hashes) {
  Digest digest;
  for (const std::uint64_t hash : hashes) digest.add(hash);
  return digest;
}

TaskSnapshot task(std::uint32_t worker, const std::string& vertex) {
  TaskSnapshot snapshot;
  snapshot.epoch = 7;
  snapshot.worker = worker;
  snapshot.vertex = vertex;
  return snapshot;
}

struct Sealed final : SealedState {};

/// Two workers: source → window → sink; the order in which they answer is given.
PendingCheckpoint answered(const std::vector<int>& order, std::uint64_t received_row = 2) {
  PendingCheckpoint pending(7, 6);
  for (std::size_t n = 0; n < order.size(); ++n) {
    const std::uint32_t worker = static_cast<std::uint32_t>(order[n]) % 2;
    TaskSnapshot snapshot = task(worker, order[n] < 2 ? "source" : order[n] < 4 ? "window" : "sink");
    if (order[n] < 2) {
      snapshot.partitions.push_back(
          {"source", "p" + std::to_string(worker), {1, ""}, {2 + worker, ""}, EventTime{5}, false});
      snapshot.sent.push_back({"source → window", digest_of({worker + 1u})});
    } else if (order[n] < 4) {
      snapshot.keyed = std::make_unique<Sealed>();
      snapshot.operator_state = "state " + std::to_string(worker);
      if (worker == 0) snapshot.received.push_back({"source → window", digest_of({1, received_row})});
    } else {
      snapshot.sink_parts.push_back({worker, "part " + std::to_string(worker), {}});
    }
    const bool complete = pending.add(std::move(snapshot));
    CHECK(complete == (n + 1 == order.size()));
  }
  return pending;
}

}  // namespace

TEST_CASE("PendingCheckpoint assembles the same manifest in whatever order tasks answer") {
  PendingCheckpoint pending = answered({0, 1, 2, 3, 4, 5});
  const Manifest manifest = pending.assemble();
  CHECK(manifest.epoch == 7);
  REQUIRE(manifest.sources.size() == 2);
  CHECK(manifest.sources[1].partition == "p1");
  CHECK(manifest.sources[1].end == Position{3, ""});
  REQUIRE(manifest.operator_states.size() == 2);
  CHECK(manifest.operator_states[0].bytes == "state 0");
  REQUIRE(manifest.sinks.size() == 1);
  CHECK(manifest.sinks[0].parts[1].payload == "part 1");
  REQUIRE(manifest.edges.size() == 1);
  CHECK(manifest.edges[0].edge == "source → window");
  CHECK(manifest.edges[0].sent == digest_of({1, 2}));
  for (const auto& order : {std::vector{5, 4, 3, 2, 1, 0}, std::vector{3, 0, 5, 1, 2, 4}})
    CHECK(encode(answered(order).assemble()) == encode(manifest));
}

TEST_CASE("PendingCheckpoint gives keyed state by worker, once") {
  PendingCheckpoint pending = answered({3, 5, 1, 2, 0, 4});
  auto keyed = pending.take_keyed();
  CHECK(keyed.size() == 2);
  CHECK(keyed.at(0).size() == 1);
  CHECK(keyed.at(1).size() == 1);
  CHECK(pending.take_keyed().empty());
}

TEST_CASE("PendingCheckpoint refuses a checkpoint whose edge ends disagree, naming the edge") {
  const PendingCheckpoint pending = answered({0, 1, 2, 3, 4, 5}, 3);  // as many rows, but another one
  CHECK_THROWS_AS(pending.assemble(), RestartJob);
  CHECK_THROWS_WITH(pending.assemble(), Catch::Contains("epoch 7") && Catch::Contains("source → window"));
}

TEST_CASE("PendingCheckpoint refuses a checkpoint whose rows were sent and never received") {
  PendingCheckpoint pending(7, 1);
  TaskSnapshot snapshot = task(0, "source");
  snapshot.sent.push_back({"source → sink", digest_of({1})});
  REQUIRE(pending.add(std::move(snapshot)));
  CHECK_THROWS_WITH(pending.assemble(), Catch::Contains("1 rows were sent and 0 received"));
}

}  // namespace weir
