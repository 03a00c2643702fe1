#include <csignal>
#include <cstdlib>
#include <random>

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <weir/checkpoint/store.hpp>
#include <weir/core/kill_point.hpp>

#include "store_scratch.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

/// Puts, publishes and retains until it is killed. Some files stay from epoch to epoch, some are new.
[[noreturn]] void publish_for_ever(const std::string& directory, const StoreScratch& scratch,
                                   std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto store = make_directory_store(directory);
  for (Epoch epoch = store->highest_epoch() + 1;; ++epoch) {
    std::vector<StoredFile> files;
    for (std::uint64_t i = 0; i < 6; ++i) {
      const std::uint64_t version = i < 3 ? i : random();
      const std::string content(1 + version % 200'000, static_cast<char>('a' + version % 26));
      files.push_back(store->put(scratch.file("live-" + std::to_string(i), content, i % 2 == 0)));
      files.back().name += std::to_string(i);
    }
    store->publish(epoch, encode(manifest_of(epoch, files)));
    store->retain({epoch - 1, epoch});
  }
}

/// Every published manifest can be read and all its files are there and whole.
void check_complete(CheckpointStore& store) {
  for (const Epoch epoch : store.epochs()) {
    const Manifest manifest = decode_manifest(store.load(epoch), store.describe(epoch));
    for (const StoredFile& file : manifest.shards.at(0).files) REQUIRE_NOTHROW(store.get(file, ""));
  }
}

pid_t run_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    body();
    ::_exit(0);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

void kill_at_before_rename(const char* point) {
  if (std::string_view(point) == "before_manifest_rename") ::_exit(7);
}
void kill_at_after_durable(const char* point) {
  if (std::string_view(point) == "after_manifest_durable") ::_exit(7);
}

}  // namespace

TEST_CASE("Every published manifest is complete after the process was killed at a random moment") {
  StoreScratch scratch;
  const std::string directory = (scratch / "store").string();
  constexpr std::uint64_t kSeed = 7;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  Epoch highest = kNoEpoch;
  for (int n = 0; n < 50; ++n) {
    const std::uint64_t seed = random();
    const pid_t child = run_child([&] { publish_for_ever(directory, scratch, seed); });
    ::usleep(static_cast<useconds_t>(2'000 + random() % 150'000));
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(WIFSIGNALED(wait_for(child)));
    const auto store = make_directory_store(directory);
    check_complete(*store);
    REQUIRE(store->highest_epoch() >= highest);
    highest = store->highest_epoch();
  }
  CHECK(highest > 10);  // it came far enough for every step to be interrupted
}

TEST_CASE("A process that ends before the rename leaves no manifest, and one that ends after it does") {
  StoreScratch scratch;
  const std::string directory = (scratch / "store").string();
  const bool after = GENERATE(false, true);
  const pid_t child = run_child([&] {
    detail::kill_hook = after ? kill_at_after_durable : kill_at_before_rename;
    const auto store = make_directory_store(directory);
    store->publish(4, encode(manifest_of(4, {store->put({"a", "", "content", false})})));
  });
  const int status = wait_for(child);
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 7));
  const auto store = make_directory_store(directory);
  CHECK(store->epochs() == (after ? std::vector<Epoch>{4} : std::vector<Epoch>{}));
  CHECK(store->highest_epoch() == 4);
  check_complete(*store);
}

TEST_CASE("Another process cannot open a directory store that is held, and can when the holder has died") {
  StoreScratch scratch;
  const std::string directory = (scratch / "store").string();
  const pid_t tester = ::getpid();
  auto store = make_directory_store(directory);
  const auto try_open = [&] {
    return run_child([&] {
      const std::string message = failure_of([&] { make_directory_store(directory); });
      ::_exit(message.empty()                                                          ? 1
              : message.find("process " + std::to_string(tester)) == std::string::npos ? 2
                                                                                       : 3);
    });
  };
  CHECK(WEXITSTATUS(wait_for(try_open())) == 3);
  store.reset();
  CHECK(WEXITSTATUS(wait_for(try_open())) == 1);
}

TEST_CASE("A full disk drops the checkpoint with a message that names the directory, and no other") {
  StoreScratch scratch;
  const fs::path disk = scratch / "disk";
  fs::create_directories(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("skipped: a tmpfs cannot be mounted here");
    return;
  }
  const auto unmount = [](const fs::path* path) { ::umount2(path->c_str(), MNT_DETACH); };
  const std::unique_ptr<const fs::path, decltype(unmount)> mounted(&disk, unmount);
  const std::string directory = (disk / "store").string();
  {
    const auto store = make_directory_store(directory);
    const StoredFile fits = store->put({"a", "", std::string(500'000, 'a'), false});
    store->publish(1, encode(manifest_of(1, {fits})));
    std::string message;
    try {
      // On another file system than the scratch directory: this also goes the way of the copy.
      store->put(scratch.file("000001.sst", std::string(2'000'000, 'b'), true));
    } catch (const RestartJob& error) {
      message = error.what();
    }
    CHECK_THAT(message, Catch::Contains(directory) && Catch::Contains("no space left"));
  }
  const auto store = make_directory_store(directory);
  CHECK(store->epochs() == std::vector<Epoch>{1});
  check_complete(*store);
  const StoredFile copied = store->put(scratch.file("000002.sst", "small", true));
  CHECK(content_of_file(store->get(copied, (scratch / "staging").string()).path) == "small");
}

}  // namespace weir
