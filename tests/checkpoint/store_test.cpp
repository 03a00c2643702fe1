#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <weir/checkpoint/store.hpp>

#include "store_scratch.hpp"

namespace weir {

namespace {

enum class Kind { kDirectory, kMemory, kS3 };

/// The stores that these promises hold for. One that needs a server is among them when the variable WEIR_S3_TEST names one, as
/// tests/s3/s3_test.py does.
std::vector<Kind> kinds() {
  std::vector<Kind> all{Kind::kDirectory, Kind::kMemory};
  if (std::getenv("WEIR_S3_TEST")) all.push_back(Kind::kS3);
  return all;
}

/// Each store in turn, and how to open it again after a crash.
struct Stores {
  StoreScratch scratch;
  Kind kind = GENERATE(from_range(kinds()));
  std::string address = address_of_test();
  std::shared_ptr<MemoryCheckpoints> shared = make_memory_checkpoints();
  std::unique_ptr<CheckpointStore> store = make();

  static std::string address_of_test() {
    static std::atomic<int> number{0};
    const char* server = std::getenv("WEIR_S3_TEST");
    return server ? fmt::format("s3://weir-test/{}-{}?endpoint={}", ::getpid(), ++number, server) : "";
  }
  std::unique_ptr<CheckpointStore> make() {
    if (kind == Kind::kMemory) return make_memory_store(shared);
    if (kind == Kind::kS3) return make_s3_store(address);
    return make_directory_store((scratch / "store").string());
  }
  void reopen() {
    store.reset();
    store = make();
  }
  std::string content(const StoredFile& file) { return store->get(file, "").bytes; }
  bool is_there(const StoredFile& file) {
    return failure_of([&] { store->get(file, ""); }).empty();
  }
};

}  // namespace

TEST_CASE("A checkpoint store brings back what was put, from memory and from files", "[store]") {
  Stores s;
  const std::string large(3'000'000, 'x');
  const StoredFile bytes = s.store->put({"entries", "", "state", false});
  const StoredFile immutable = s.store->put(s.scratch.file("000001.sst", large, true));
  const StoredFile changing = s.store->put(s.scratch.file("CURRENT", "MANIFEST-1", false));
  const ClaimNumber own = s.kind == Kind::kMemory ? 0 : 1;
  CHECK(bytes == StoredFile{"entries", 5, checksum("state"), own});
  CHECK(immutable == StoredFile{"000001.sst", large.size(), checksum(large), own});
  s.reopen();
  CHECK(s.content(bytes) == "state");
  CHECK(s.content(immutable) == large);
  const std::string staging = (s.scratch / "staging").string();
  const SnapshotFile back = s.store->get(changing, staging);
  CHECK(back.name == "CURRENT");
  CHECK(back.path == staging + "/CURRENT");
  CHECK(content_of_file(back.path) == "MANIFEST-1");
  CHECK(content_of_file(s.store->get(immutable, staging).path) == large);
}

TEST_CASE("A checkpoint store is not changed by what happens to the files behind it", "[store]") {
  Stores s;
  const SnapshotFile file = s.scratch.file("CURRENT", "one", false);
  const StoredFile stored = s.store->put(file);
  std::ofstream(file.path) << "two";
  CHECK(s.content(stored) == "one");
  std::filesystem::remove(file.path);
  CHECK(s.content(stored) == "one");
  s.store->get(stored, (s.scratch / "staging").string());
  CHECK(s.content(stored) == "one");
}

TEST_CASE("A checkpoint store lists and loads what was published", "[store]") {
  Stores s;
  CHECK(s.store->epochs().empty());
  CHECK(s.store->highest_epoch() == kNoEpoch);
  const std::string three = encode(manifest_of(3, {s.store->put({"a", "", "1", false})}));
  const std::string eleven = encode(manifest_of(11, {}));
  s.store->publish(3, three);
  s.store->publish(11, eleven);
  s.reopen();
  CHECK(s.store->epochs() == std::vector<Epoch>{3, 11});
  CHECK(s.store->highest_epoch() == 11);
  CHECK(s.store->load(3) == three);
  CHECK(s.store->load(11) == eleven);
  CHECK_THAT(failure_of([&] { s.store->load(4); }),
             Catch::Contains("manifest 4") && Catch::Contains("missing"));
  CHECK_THAT(s.store->describe(11), Catch::Contains("11"));
}

TEST_CASE("retain() removes earlier manifests and the files that only they named", "[store]") {
  Stores s;
  const StoredFile a = s.store->put({"a", "", "only 1", false}),
                   b = s.store->put({"b", "", "1 and 2", false});
  s.store->publish(1, encode(manifest_of(1, {a, b})));
  const StoredFile c = s.store->put({"c", "", "2 and 3", false});
  s.store->publish(2, encode(manifest_of(2, {b, c})));
  const StoredFile d = s.store->put({"d", "", "only 3", false});
  s.store->publish(3, encode(manifest_of(3, {c, d})));
  s.store->retain({2, 3});
  CHECK(s.store->epochs() == std::vector<Epoch>{2, 3});
  CHECK_FALSE(s.is_there(a));
  CHECK(s.is_there(b));
  CHECK(s.is_there(d));
  s.reopen();
  s.store->retain({3});
  CHECK_FALSE(s.is_there(b));
  CHECK(s.is_there(c));
  CHECK(s.is_there(d));
  s.reopen();
  CHECK(s.store->epochs() == std::vector<Epoch>{3});
  CHECK(s.store->highest_epoch() == 3);
}

TEST_CASE("retain() leaves later manifests, whoever published them, and their files", "[store]") {
  Stores s;
  s.store->publish(1, encode(manifest_of(1, {})));
  const StoredFile later = s.store->put({"a", "", "later", false});
  s.store->publish(5, encode(manifest_of(5, {later})));
  s.store->retain({1});
  CHECK(s.store->epochs() == std::vector<Epoch>{1, 5});
  CHECK(s.is_there(later));
}

TEST_CASE("retain() leaves files that are put but not published yet", "[store]") {
  Stores s;
  const StoredFile old = s.store->put({"a", "", "old", false});
  s.store->publish(1, encode(manifest_of(1, {old})));
  s.store->publish(2, encode(manifest_of(2, {})));
  const StoredFile next = s.store->put({"b", "", "next", false});
  const StoredFile again = s.store->put({"a", "", "old", false});
  s.store->retain({2});
  CHECK(s.is_there(next));
  CHECK(s.is_there(again));
  s.store->publish(3, encode(manifest_of(3, {next, again})));
  s.store->retain({3});
  CHECK(s.is_there(next));
  s.store->publish(4, encode(manifest_of(4, {})));
  s.store->retain({4});
  CHECK_FALSE(s.is_there(next));
}

TEST_CASE("Files of an epoch that came to nothing go in the end", "[store]") {
  Stores s;
  const StoredFile aborted = s.store->put({"a", "", "aborted", false});
  for (Epoch epoch = 1; epoch <= 20; ++epoch) {
    s.store->publish(epoch, encode(manifest_of(epoch, {})));
    s.store->retain({epoch});
  }
  CHECK_FALSE(s.is_there(aborted));
}

TEST_CASE("A new claim removes what an earlier one left, once it has a commit of its own", "[store]") {
  Stores s;
  const StoredFile aborted = s.store->put({"a", "", "aborted", false}),
                   kept = s.store->put({"b", "", "kept", false});
  s.store->publish(1, encode(manifest_of(1, {kept})));
  s.reopen();
  CHECK(s.is_there(aborted));
  s.store->publish(2, encode(manifest_of(2, {kept})));
  s.store->retain({1, 2});
  CHECK_FALSE(s.is_there(aborted));
  CHECK(s.is_there(kept));
}

TEST_CASE("Content that another claim has put and no manifest names is not relied on", "[store]") {
  Stores s;
  if (s.kind == Kind::kMemory) return;
  const StoredFile before = s.store->put({"a", "", "content", false});
  s.reopen();
  const StoredFile own = s.store->put({"a", "", "content", false});
  CHECK(own.claim > before.claim);
  CHECK(s.content(own) == "content");
  s.store->publish(1, encode(manifest_of(1, {own})));
  s.reopen();
  s.store->load(1);
  CHECK(s.store->put({"b", "", "content", false}).claim == own.claim);
}

TEST_CASE("get() refuses a file that was never put, by its name", "[store]") {
  Stores s;
  const std::string message = failure_of([&] { s.store->get({"000009.sst", 4, checksum("lost")}, ""); });
  CHECK_THAT(message, Catch::Contains("000009.sst") && Catch::Contains("missing"));
}

TEST_CASE("A manifest is published once", "[store]") {
  Stores s;
  if (s.kind == Kind::kMemory) return;  // asserts
  s.store->publish(1, encode(manifest_of(1, {})));
  Manifest other = manifest_of(1, {});
  other.fingerprint = "another";
  CHECK_THROWS_AS(s.store->publish(1, encode(other)), RestartJob);
  CHECK(s.store->load(1) == encode(manifest_of(1, {})));
}

TEST_CASE("A manifest of another job is refused where others are", "[store]") {
  Stores s;
  if (s.kind == Kind::kMemory) return;
  s.store->publish(1, encode(manifest_of(1, {})));
  Manifest foreign = manifest_of(2, {});
  foreign.job = "other";
  const std::string message = failure_of([&] { s.store->publish(2, encode(foreign)); });
  CHECK_THAT(message, Catch::Contains("'other'") && Catch::Contains("'job'"));
}

TEST_CASE("A manifest is not published when a file that it names was never put", "[store]") {
  Stores s;
  if (s.kind == Kind::kMemory) return;
  const StoredFile stored{"a", 7, checksum("content")};
  CHECK_THROWS_AS(s.store->publish(1, encode(manifest_of(1, {stored}))), RestartJob);
  CHECK(s.store->epochs().empty());
  CHECK(s.store->highest_epoch() == 1);
}

TEST_CASE("An epoch that was published and removed is never the highest twice", "[store]") {
  Stores s;
  s.store->publish(5, encode(manifest_of(5, {})));
  s.store->publish(9, encode(manifest_of(9, {})));
  CHECK(s.store->highest_epoch() == 9);
  s.reopen();
  CHECK(s.store->highest_epoch() == 9);
  s.store->publish(10, encode(manifest_of(10, {})));
  s.store->retain({10});
  CHECK(s.store->epochs() == std::vector<Epoch>{10});
}

TEST_CASE("The last committed epoch is the one that was noted, or the one before the last", "[store]") {
  Stores s;
  CHECK(s.store->last_committed() == kNoEpoch);
  for (Epoch epoch = 1; epoch <= 3; ++epoch) s.store->publish(epoch, encode(manifest_of(epoch, {})));
  s.store->note_committed(3);
  s.reopen();
  CHECK(s.store->last_committed() == 3);
  s.store->publish(4, encode(manifest_of(4, {})));
  CHECK(s.store->last_committed() == 3);
  s.store->note_committed(2);
  CHECK(s.store->noted_committed() == 3);
  s.store->retain({4});
  if (s.kind != Kind::kMemory) CHECK(s.store->last_committed() == kNoEpoch);
}

TEST_CASE("Several threads may put the same and other files at once, while others go", "[store]") {
  Stores s;
  const SnapshotFile shared = s.scratch.file("shared.sst", std::string(100'000, 's'), true);
  std::array<std::vector<StoredFile>, 3> stored;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < stored.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 8; ++i) {
        stored[t].push_back(s.store->put(shared));
        stored[t].push_back(s.store->put({"own", "", fmt::format("{}/{}", t, i), false}));
        stored[t].push_back(s.store->put({"common", "", std::to_string(i), false}));
      }
    });
  s.store->publish(1, encode(manifest_of(1, {})));
  for (int n = 0; n < 5; ++n) s.store->retain({1});
  for (std::thread& thread : threads) thread.join();
  for (const auto& files : stored)
    for (const StoredFile& file : files) CHECK(checksum(s.content(file)) == file.checksum);
}

TEST_CASE("A second holder is refused, and the first is named", "[store]") {
  Stores s;
  if (s.kind == Kind::kMemory) return;
  const std::string message = failure_of([&] { s.make(); });
  CHECK_THAT(message, Catch::Contains("in use by process " + std::to_string(::getpid())));
  s.store.reset();
  CHECK(failure_of([&] { s.make(); }).empty());
}

TEST_CASE("A holder that a commit log has shut out is fenced by the one that takes its place", "[store]") {
  Stores s;
  if (s.kind == Kind::kMemory) return;
  const auto open = [&] {
    return s.kind == Kind::kS3 ? make_s3_store(s.address, StoreClaim::kLater)
                               : make_directory_store((s.scratch / "store").string(), StoreClaim::kLater);
  };
  s.store->publish(1, encode(manifest_of(1, {})));
  const auto successor = open();
  successor->take_over(s.store->last_claim() + 1);
  CHECK(successor->epochs() == std::vector<Epoch>{1});
  CHECK_THROWS_AS(s.store->check_owner(), Fenced);
  CHECK_THROWS_AS(s.store->publish(2, encode(manifest_of(2, {}))), Fenced);
  successor->publish(2, encode(manifest_of(2, {})));
  CHECK(successor->epochs() == std::vector<Epoch>{1, 2});
  CHECK(successor->identity(false) == s.store->identity(false));
  // One that was late to claim finds that out, and hides nothing.
  CHECK_THROWS_AS(open()->take_over(successor->last_claim() - 1), Fenced);
  CHECK_NOTHROW(successor->check_owner());
}

}  // namespace weir
