#include <algorithm>
#include <functional>
#include <random>

#include <sys/stat.h>
#include <catch2/catch.hpp>

#include <weir/checkpoint/store.hpp>

#include "store_scratch.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

std::string file_name(Epoch epoch) {
  const std::string digits = std::to_string(epoch);
  return std::string(20 - digits.size(), '0') + digits;
}

std::uint64_t inode(const fs::path& path) {
  struct stat s {};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  return s.st_ino;
}

struct Directory {
  StoreScratch scratch;
  std::unique_ptr<CheckpointStore> store = make_directory_store(path().string());

  fs::path path() const { return scratch / "store"; }
  fs::path file(const StoredFile& stored) const { return path() / "files" / stored.stored_name(); }
  fs::path manifest(Epoch epoch) const { return path() / "manifests" / file_name(epoch); }
  void reopen() {
    store.reset();
    store = make_directory_store(path().string());
  }
};

}  // namespace

TEST_CASE("The directory store links immutable files and copies others") {
  Directory d;
  const SnapshotFile table = d.scratch.file("000001.sst", "table", true),
                     current = d.scratch.file("CURRENT", "current", false);
  const StoredFile stored_table = d.store->put(table), stored_current = d.store->put(current);
  CHECK(inode(d.file(stored_table)) == inode(table.path));
  CHECK(inode(d.file(stored_current)) != inode(current.path));
  const SnapshotFile back = d.store->get(stored_table, (d.scratch / "staging").string());
  CHECK(inode(back.path) == inode(table.path));
}

TEST_CASE("The directory store does not read an immutable file twice, under whatever name it comes") {
  Directory d;
  const SnapshotFile table = d.scratch.file("000001.sst", "table", true);
  const StoredFile stored = d.store->put(table);
  // A hard link made by the next snapshot: the same inode, which the store must take for what it was. Changing its content behind
  // the store's back, with size and time kept, shows that it is not read.
  const fs::path link = d.scratch / "000001-again.sst";
  fs::create_hard_link(table.path, link);
  const auto time = fs::last_write_time(link);
  std::fstream(link) << "TABLE";
  fs::last_write_time(link, time);
  const StoredFile again = d.store->put({"000001.sst", link, "", true});
  CHECK(again == stored);
}

TEST_CASE("The directory store takes a new file under an old name for what it is") {
  Directory d;
  const StoredFile one = d.store->put(d.scratch.file("000001.sst", "one", true));
  const StoredFile two = d.store->put(d.scratch.file("000001.sst", "two", true));
  CHECK(one.checksum == checksum("one"));
  CHECK(two.checksum == checksum("two"));
}

TEST_CASE("The directory store does not write content that is there already") {
  Directory d;
  const StoredFile stored = d.store->put({"a", "", "content", false});
  const auto before = inode(d.file(stored));
  d.store->put({"b", "", "content", false});
  d.store->publish(1, encode(manifest_of(1, {stored})));
  d.reopen();
  d.store->load(1);
  d.store->put({"c", "", "content", false});
  d.store->put(d.scratch.file("d", "content", true));
  CHECK(inode(d.file(stored)) == before);
}

TEST_CASE("The directory store does not rely on a damaged file when the content is put again") {
  Directory d;
  const StoredFile stored = d.store->put({"a", "", "content", false});
  d.store->publish(1, encode(manifest_of(1, {stored})));
  d.reopen();
  d.store->load(1);
  std::ofstream(d.file(stored)) << "c0ntent";
  const bool immutable = GENERATE(false, true);
  const StoredFile again = d.store->put(d.scratch.file("a", "content", immutable));
  CHECK(content_of_file(d.file(again)) == "content");
  CHECK(d.store->put({"b", "", "content", false}) == StoredFile{"b", 7, again.checksum, again.claim});
}

TEST_CASE("The directory store refuses a second holder and names the first") {
  Directory d;
  const std::string message = failure_of([&] { make_directory_store(d.path().string()); });
  CHECK_THAT(message, Catch::Contains("in use by process " + std::to_string(::getpid())) &&
                          Catch::Contains(d.path().string()));
  d.store.reset();
  CHECK(failure_of([&] { make_directory_store(d.path().string()); }).empty());
}

TEST_CASE("The directory store says which directory cannot be made") {
  StoreScratch scratch;
  std::ofstream(scratch / "file") << "in the way";
  const std::string path = (scratch / "file/store").string();
  CHECK_THAT(failure_of([&] { make_directory_store(path); }, ExitCode::kUsage), Catch::Contains(path));
}

TEST_CASE("A manifest under another epoch's name is refused") {
  Directory d;
  d.store->publish(1, encode(manifest_of(1, {})));
  d.store->publish(2, encode(manifest_of(2, {})));
  fs::copy_file(d.manifest(1), d.manifest(2), fs::copy_options::overwrite_existing);
  CHECK_THAT(failure_of([&] { d.store->load(2); }),
             Catch::Contains("manifest 2") && Catch::Contains("epoch 1"));
}

TEST_CASE("A manifest of another job is refused") {
  Directory d;
  d.store->publish(1, encode(manifest_of(1, {})));
  Manifest foreign = manifest_of(2, {});
  foreign.job = "other";
  std::ofstream(d.manifest(2), std::ios::binary) << encode(foreign);
  CHECK_THAT(failure_of([&] { d.store->load(2); }), Catch::Contains("'other'") && Catch::Contains("'job'"));
}

TEST_CASE("A manifest is not published when a file that it names is not there") {
  Directory d;
  const StoredFile stored = d.store->put({"a", "", "content", false});
  fs::remove(d.file(stored));
  CHECK_THROWS_AS(d.store->publish(1, encode(manifest_of(1, {stored}))), RestartJob);
  CHECK(d.store->epochs().empty());
  CHECK(d.store->highest_epoch() == 1);
}

TEST_CASE("retain() deletes nothing when a manifest to keep cannot be read, and says so") {
  Directory d;
  const StoredFile a = d.store->put({"a", "", "a", false}), b = d.store->put({"b", "", "b", false});
  d.store->publish(1, encode(manifest_of(1, {a})));
  d.store->publish(2, encode(manifest_of(2, {b})));
  d.reopen();
  fs::resize_file(d.manifest(2), 30);
  CHECK_THROWS_WITH(d.store->retain({2}),
                    Catch::Contains("nothing is removed") && Catch::Contains("manifest 2"));
  CHECK(d.store->epochs() == std::vector<Epoch>{1, 2});
  CHECK(fs::exists(d.file(a)));
  CHECK(fs::exists(d.file(b)));
}

TEST_CASE("An epoch that was begun, published or removed is never the highest twice") {
  Directory d;
  d.store->publish(5, encode(manifest_of(5, {})));
  std::ofstream(d.path() / "manifests" / (file_name(7) + ".tmp")) << "half";
  d.reopen();
  CHECK(d.store->highest_epoch() == 7);
  CHECK(d.store->epochs() == std::vector<Epoch>{5});
  d.reopen();
  CHECK(d.store->highest_epoch() == 7);
  d.store->publish(9, encode(manifest_of(9, {})));
  CHECK(d.store->highest_epoch() == 9);
  d.reopen();
  CHECK(d.store->highest_epoch() == 9);
  d.store->publish(10, encode(manifest_of(10, {})));
  d.store->retain({10});
  CHECK(std::distance(fs::directory_iterator(d.path() / "manifests"), {}) == 1);
}

TEST_CASE("Half-written files are removed when the store is opened") {
  Directory d;
  std::ofstream(d.path() / "files/tmp-17") << "half, by a version without claims";
  std::ofstream(d.path() / "files/unfinished-1-x-1") << "half";
  std::ofstream(d.path() / "files/unfinished-99-x-1") << "half, by a successor";
  d.reopen();
  CHECK_FALSE(fs::exists(d.path() / "files/tmp-17"));
  CHECK_FALSE(fs::exists(d.path() / "files/unfinished-1-x-1"));
  CHECK(fs::exists(d.path() / "files/unfinished-99-x-1"));
}

TEST_CASE("get() finds any damage of a stored file") {
  Directory d;
  constexpr std::uint64_t kSeed = 42;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  std::vector<StoredFile> files;
  std::vector<std::string> contents;
  for (std::size_t i = 0; i < 8; ++i) {
    std::string content(1 + random() % 5000, '\0');
    for (char& c : content) c = static_cast<char>(random());
    files.push_back(d.store->put({"file-" + std::to_string(i), "", content, false}));
    contents.push_back(content);
  }
  for (int n = 0; n < 1200; ++n) {
    const std::size_t i = random() % files.size(),
                      other = (i + 1 + random() % (files.size() - 1)) % files.size();
    std::string damaged = contents[i];
    const int kind = static_cast<int>(random() % 5);
    switch (kind) {
      case 0:
        damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
        break;
      case 1:
        damaged.resize(random() % damaged.size());
        break;
      case 2:
        damaged += static_cast<char>(random());
        break;
      case 3:
        damaged = contents[other];
        break;
      default:
        break;
    }
    fs::remove(d.file(files[i]));
    if (kind < 4) std::ofstream(d.file(files[i]), std::ios::binary) << damaged;
    const std::string staging = random() % 2 == 0 ? "" : (d.scratch / "staging").string();
    const std::string message = failure_of([&] { d.store->get(files[i], staging); });
    if (message.find(d.file(files[i]).string()) == std::string::npos ||
        message.find(files[i].name) == std::string::npos)
      FAIL("damage " << n << " of kind " << kind << ": '" << message << "'");
    fs::remove(d.file(files[i]));
    std::ofstream(d.file(files[i]), std::ios::binary) << contents[i];
    if (n % 50 == 0) REQUIRE(d.store->get(files[i], "").bytes == contents[i]);
  }
}

}  // namespace weir
