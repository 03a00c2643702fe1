#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/store.hpp>
#include <weir/state/tier.hpp>

#include "scratch_directory.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;
using Entries = std::map<std::string, std::string>;

Entries content(const StateTier& tier) {
  Entries entries;
  tier.scan("", "", [&](std::string_view key, std::string_view value) { entries.emplace(key, value); });
  return entries;
}

void put(StateTier& tier, const Entries& entries) {
  StateDelta delta;
  for (const auto& [key, value] : entries) delta.put(key, value);
  delta.sort();
  tier.apply(delta);
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Backends {
  ScratchDirectory directory;
  std::unique_ptr<StateBackend> memory = make_memory_backend();
  std::unique_ptr<StateBackend> rocksdb = make_rocksdb_backend({directory.string(), 8 * 1024 * 1024});
  StateBackend& either() { return GENERATE(0, 1) == 0 ? *memory : *rocksdb; }
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const FailJob& error) {
    CHECK(error.code() == ExitCode::kStateUnusable);
    return error.what();
  }
  FAIL("nothing was refused");
  return "";
}

}  // namespace

TEST_CASE("A tier drops a delta's ranges before it writes the delta's entries") {
  Backends backends;
  const auto tier = backends.either().create(0);
  put(*tier, {{"a", "old"}, {"b", "old"}, {"c", "old"}, {"d", "old"}});
  StateDelta delta;
  delta.put("b", "new");
  delta.put("bb", "new");
  delta.drop_range("a", "c");
  delta.drop_range("b", "d");  // overlaps the other one
  delta.sort();
  tier->apply(delta);
  const Entries expected{{"b", "new"}, {"bb", "new"}, {"d", "old"}};
  CHECK(content(*tier) == expected);
  CHECK(tier->multi_get({"a", "b", "c", "d"}) ==
        std::vector<std::optional<std::string>>{std::nullopt, "new", std::nullopt, "old"});
}

TEST_CASE("A first delta may drop and write the same keys") {
  Backends backends;
  const auto tier = backends.either().create(0);
  StateDelta delta;
  delta.put("a", "1");
  delta.drop_range("a", "b");
  delta.sort();
  tier->apply(delta);
  const Entries expected{{"a", "1"}};
  CHECK(content(*tier) == expected);
  CHECK(content(*backends.rocksdb->create(7)).empty());
}

TEST_CASE("A snapshot does not see what is applied after it") {
  Backends backends;
  StateBackend& backend = backends.either();
  const auto tier = backend.create(0);
  put(*tier, {{"a", "1"}, {"b", "1"}});
  const auto first = tier->snapshot();
  put(*tier, {{"b", "2"}, {"c", "2"}});
  const auto second = tier->snapshot();
  StateDelta drop;
  drop.drop_range("a", "z");
  tier->apply(drop);
  const Entries one{{"a", "1"}, {"b", "1"}}, two{{"a", "1"}, {"b", "2"}, {"c", "2"}};
  CHECK(content(*backend.open(1, first)) == one);
  CHECK(content(*backend.open(2, second)) == two);
  CHECK(content(*tier).empty());
}

TEST_CASE("A tier opened from a snapshot goes on by itself") {
  Backends backends;
  StateBackend& backend = backends.either();
  const auto origin = backend.create(0);
  put(*origin, {{"a", "1"}});
  const auto files = origin->snapshot();
  const auto copy = backend.open(1, files);
  put(*copy, {{"b", "2"}});
  put(*origin, {{"c", "3"}});
  const Entries expected_copy{{"a", "1"}, {"b", "2"}}, expected_origin{{"a", "1"}, {"c", "3"}};
  CHECK(content(*copy) == expected_copy);
  CHECK(content(*origin) == expected_origin);
  CHECK(content(*backend.open(2, copy->snapshot())) == expected_copy);
}

TEST_CASE("An empty tier has a snapshot") {
  Backends backends;
  StateBackend& backend = backends.either();
  const auto files = backend.create(0)->snapshot();
  const auto tier = backend.create(0);
  CHECK(content(*backend.open(1, tier->snapshot())).empty());
}

TEST_CASE("copy_key_groups copies the groups of the range and no others") {
  Backends backends;
  const auto from = backends.either().create(0);
  Entries entries;
  for (const KeyGroup group : {0, 1, 2, 255, 256, 65535})
    for (const char* key : {"", "k", "\xff\xff"})
      entries[state_prefix(group, 0xffffffff, ~0ull) + key] = std::to_string(group);
  put(*from, entries);
  const auto some = backends.rocksdb->create(1);
  copy_key_groups(*from, {1, 256}, *some);
  CHECK(content(*some).size() == 9);
  for (const auto& [key, value] : content(*some)) CHECK((value == "1" || value == "2" || value == "255"));
  copy_key_groups(*from, {0, 1}, *some);
  copy_key_groups(*from, {256, 65536}, *some);
  CHECK(content(*some) == entries);
  copy_key_groups(*from, {5, 5}, *some);
}

TEST_CASE("The RocksDB tier never changes a file that it called immutable") {
  Backends backends;
  const auto tier = backends.rocksdb->create(0);
  std::map<std::string, std::string> seen;
  std::set<std::string> again;
  for (int n = 0; n < 40; ++n) {
    put(*tier, {{"a", std::to_string(n)}, {"b" + std::to_string(n), std::string(1000, 'b')}});
    for (const SnapshotFile& file : tier->snapshot()) {
      CHECK(file.immutable == (fs::path(file.name).extension() == ".sst"));
      if (!file.immutable) continue;
      const auto [it, first] = seen.emplace(file.name, read(file.path));
      if (first) continue;
      again.insert(file.name);
      CHECK((it->second == read(file.path)));
    }
  }
  CHECK(again.size() > 1);
}

TEST_CASE("The RocksDB tier lets go of what has expired when it folds its files together") {
  Backends backends;
  const auto written_at = [](std::int64_t millis) {
    std::string value;
    detail::append_number(value, millis);
    return value + std::string(100, 'x');
  };
  constexpr std::uint32_t kExpires = 7, kOther = 8;
  auto tier = backends.rocksdb->create(0);
  if (GENERATE(false, true)) {
    put(*tier, {{"first", "entry"}});
    tier = backends.rocksdb->open(1, tier->snapshot());
  }
  tier->set_expired(kExpires, EventTime{500});
  tier->set_expired(kExpires, EventTime{400});  // never goes back
  Entries entries;
  for (int n = 0; n < 1000; ++n) {
    const std::string name = std::to_string(n);
    entries[state_prefix(3, kExpires, 0) + name] = written_at(n);
    entries[state_prefix(3, kOther, 0) + name] = written_at(n);
  }
  entries[state_prefix(3, kExpires, 0) + "no time"] = written_at(EventTime::min().millis);
  entries[state_prefix(3, kExpires, 0) + "short"] = "x";
  put(*tier, entries);
  const auto kept = [&] {
    Entries all = content(*tier);
    std::erase_if(all, [](const auto& entry) { return entry.first.starts_with("f"); });
    return all;
  };
  REQUIRE((kept() == entries));
  // It folds, on a thread of its own, when small files together are as large as a large one.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (kept().size() == entries.size() && std::chrono::steady_clock::now() < deadline) {
    Entries filler;
    for (int n = 0; n < 300; ++n) filler["filler" + std::to_string(n)] = written_at(n);
    put(*tier, filler);
  }
  const Entries left = kept();
  for (int n = 0; n <= 500; ++n) entries.erase(state_prefix(3, kExpires, 0) + std::to_string(n));
  CHECK(left.size() == entries.size());
  CHECK((left == entries));
}

TEST_CASE("The RocksDB tier keeps the files of the last snapshot and of the one before") {
  Backends backends;
  auto tier = backends.rocksdb->create(0);
  put(*tier, {{"a", "1"}});
  const auto first = tier->snapshot(), second = tier->snapshot();
  CHECK(fs::exists(first.front().path));
  const auto third = tier->snapshot();
  CHECK_FALSE(fs::exists(first.front().path));
  CHECK(fs::exists(second.front().path));
  CHECK(fs::exists(third.front().path));
  tier.reset();
  CHECK_FALSE(fs::exists(third.front().path));
}

TEST_CASE("What a checkpoint takes beside its table files does not grow with the number of checkpoints") {
  Backends backends;
  const auto tier = backends.rocksdb->create(0);
  std::uintmax_t largest = 0;
  for (int n = 0; n < 1000; ++n) {
    put(*tier, {{"key", std::to_string(n)}});
    std::uintmax_t beside = 0;
    for (const SnapshotFile& file : tier->snapshot())
      if (!file.immutable) beside += fs::file_size(file.path);
    largest = std::max(largest, beside);
  }
  CHECK(largest < 64 * 1024);
  const auto again = backends.rocksdb->open(1, tier->snapshot());
  CHECK(content(*again) == Entries{{"key", "999"}});
}

TEST_CASE("The RocksDB backend removes what an earlier process left") {
  const ScratchDirectory directory;
  fs::create_directories(directory.path() / "run-dead/worker-3/live");
  std::ofstream(directory.path() / "run-dead/worker-3/live/CURRENT") << "not a database";
  const auto backend = make_rocksdb_backend({directory.string(), 8 * 1024 * 1024});
  CHECK_FALSE(fs::exists(directory.path() / "run-dead"));
  CHECK(fs::is_directory(backend->staging_directory()));
  CHECK(fs::is_empty(backend->staging_directory()));
  CHECK(content(*backend->create(3)).empty());
}

TEST_CASE("Two RocksDB backends in one state directory leave each other's files alone") {
  const ScratchDirectory directory;
  const auto first = make_rocksdb_backend({directory.string(), 8 * 1024 * 1024});
  const auto tier = first->create(0);
  put(*tier, {{"a", "1"}});
  const auto second = make_rocksdb_backend({directory.string(), 8 * 1024 * 1024});
  const auto other = second->create(0);
  put(*other, {{"b", "2"}});
  put(*tier, {{"c", "3"}});
  CHECK(content(*tier).size() == 2);
  CHECK(content(*other).size() == 1);
}

TEST_CASE("The RocksDB backend refuses a damaged snapshot and names the file") {
  Backends backends;
  const auto tier = backends.rocksdb->create(0);
  for (int n = 0; n < 3; ++n) put(*tier, {{"a" + std::to_string(n), std::string(5000, 'a')}});
  auto files = tier->snapshot();
  const std::size_t victim = GENERATE(0u, 1u, 2u, 3u, 4u);
  CAPTURE(files[victim].name);
  if (files[victim].name.starts_with("OPTIONS")) return;

  SECTION("a missing file") {
    files[victim].path += ".gone";
    CHECK_THAT(message_of([&] { backends.rocksdb->open(1, files); }), Catch::Contains(files[victim].name));
  }
  SECTION("a truncated file") {
    const fs::path copy = fs::path(backends.rocksdb->staging_directory()) / files[victim].name;
    fs::copy_file(files[victim].path, copy);
    fs::resize_file(copy, fs::file_size(copy) / 2);
    files[victim].path = copy;
    CHECK_THAT(message_of([&] { backends.rocksdb->open(1, files); }), Catch::Contains(files[victim].name));
  }
}

TEST_CASE("A backend refuses the other backend's snapshot") {
  Backends backends;
  const auto memory = backends.memory->create(0), rocksdb = backends.rocksdb->create(0);
  CHECK_THAT(message_of([&] { backends.memory->open(1, rocksdb->snapshot()); }),
             Catch::Contains("memory backend"));
  CHECK_THAT(message_of([&] { backends.rocksdb->open(1, memory->snapshot()); }),
             Catch::Contains("memory backend"));
}

TEST_CASE("The memory backend refuses a truncated or altered snapshot") {
  const auto backend = make_memory_backend();
  const auto tier = backend->create(0);
  put(*tier, {{"a", "1"}, {"b", "2"}});
  const SnapshotFile whole = tier->snapshot().front();
  for (std::size_t n = 0; n < whole.bytes.size(); ++n) {
    SnapshotFile part = whole;
    part.bytes.resize(n);
    message_of([&] { backend->open(0, {part}); });
  }
  SnapshotFile longer = whole;
  longer.bytes += 'x';
  CHECK_THAT(message_of([&] { backend->open(0, {longer}); }), Catch::Contains("behind its last entry"));
}

TEST_CASE("The RocksDB backend says which directory it cannot make") {
  const ScratchDirectory directory;
  std::ofstream(directory.path() / "file") << "in the way";
  try {
    make_rocksdb_backend({(directory.path() / "file/state").string(), 1024 * 1024});
    FAIL("made a directory below a file");
  } catch (const FailJob& error) {
    CHECK(error.code() == ExitCode::kUsage);
    CHECK_THAT(error.what(), Catch::Contains(directory.string()));
  }
}

}  // namespace weir
