#include <catch2/catch.hpp>

#include <weir/checkpoint/store.hpp>

#include "store_scratch.hpp"

namespace weir {

namespace {

/// Either store, and how to open it again after a crash.
struct Stores {
  StoreScratch scratch;
  bool in_memory = GENERATE(false, true);
  std::shared_ptr<MemoryCheckpoints> shared = make_memory_checkpoints();
  std::unique_ptr<CheckpointStore> store = make();

  std::unique_ptr<CheckpointStore> make() {
    return in_memory ? make_memory_store(shared) : make_directory_store((scratch / "store").string());
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

TEST_CASE("A checkpoint store brings back what was put, from memory and from files") {
  Stores s;
  const std::string large(3'000'000, 'x');
  const StoredFile bytes = s.store->put({"entries", "", "state", false});
  const StoredFile immutable = s.store->put(s.scratch.file("000001.sst", large, true));
  const StoredFile changing = s.store->put(s.scratch.file("CURRENT", "MANIFEST-1", false));
  CHECK(bytes == StoredFile{"entries", 5, checksum("state")});
  CHECK(immutable == StoredFile{"000001.sst", large.size(), checksum(large)});
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

TEST_CASE("A checkpoint store is not changed by what happens to the files behind it") {
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

TEST_CASE("A checkpoint store lists and loads what was published") {
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

TEST_CASE("retain() removes other manifests and the files that only they named") {
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
  s.store->retain({2});
  CHECK(s.is_there(b));
  CHECK(s.is_there(c));
  CHECK_FALSE(s.is_there(d));
  s.reopen();
  CHECK(s.store->epochs() == std::vector<Epoch>{2});
  CHECK(s.store->highest_epoch() == 3);
}

TEST_CASE("retain() leaves files that are put but not published yet") {
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

TEST_CASE("Files of an epoch that came to nothing go in the end") {
  Stores s;
  const StoredFile aborted = s.store->put({"a", "", "aborted", false});
  for (Epoch epoch = 1; epoch <= 20; ++epoch) {
    s.store->publish(epoch, encode(manifest_of(epoch, {})));
    s.store->retain({epoch});
  }
  CHECK_FALSE(s.is_there(aborted));
}

TEST_CASE("A new store object removes at once what no manifest names") {
  Stores s;
  const StoredFile aborted = s.store->put({"a", "", "aborted", false}),
                   kept = s.store->put({"b", "", "kept", false});
  s.store->publish(1, encode(manifest_of(1, {kept})));
  s.reopen();
  s.store->retain({1});
  CHECK_FALSE(s.is_there(aborted));
  CHECK(s.is_there(kept));
}

TEST_CASE("get() refuses a file that was never put, by its name") {
  Stores s;
  const std::string message = failure_of([&] { s.store->get({"000009.sst", 4, checksum("lost")}, ""); });
  CHECK_THAT(message, Catch::Contains("000009.sst") && Catch::Contains("missing"));
}

}  // namespace weir
