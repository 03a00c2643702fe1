#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/pane_store.hpp>

#include "scratch_directory.hpp"

namespace weir {

namespace {

constexpr std::uint32_t kGroups = 16;
constexpr std::size_t kEverything = ~std::size_t{0};
constexpr EventTime kNoneSettled = EventTime::min();

struct Add {
  void operator()(std::int64_t& into, std::int64_t other) const { into += other; }
};
using Panes = PaneStore<std::string_view, std::int64_t, Add>;
using Sums = std::map<std::int64_t, std::map<std::string, std::int64_t>>;  ///< by pane's end and key

/// A worker: its panes, in front of a tier that can be sealed into, snapshotted and opened again.
class Worker {
 public:
  Worker(StateBackend& backend, std::unique_ptr<StateTier> tier, KeyGroupRange groups,
         const std::vector<std::string>& directories)
      : backend_(backend),
        store_(std::make_unique<StateStore>(std::move(tier), StateMode::kRocksDb, groups, 0)),
        panes_(std::make_unique<Panes>(*store_, "panes", kGroups, Add{})) {
    panes_->restore(directories);
  }

  Panes& panes() { return *panes_; }
  StateStore& store() { return *store_; }

  void add(std::int64_t end, const std::string& key, std::int64_t n) {
    if (!store_->key_groups().contains(key_group_of(hash_key(key), kGroups))) return;
    auto& pane = panes_->pane(EventTime{end});
    panes_->upsert(pane, hash_key(key), key, 0).first += n;
  }
  /// What a barrier does on the worker; the directory.
  std::string seal() {
    std::string directory;
    sealed_ = panes_->seal(directory);
    return directory;
  }
  /// What is done behind.
  std::vector<SnapshotFile> write() {
    while (!sealed_->proceed()) {
    }
    StateDelta delta;
    static_cast<const SealedEntries&>(*sealed_).write(delta);
    sealed_.reset();
    delta.sort();
    store_->tier().apply(delta);
    auto files = store_->tier().snapshot();
    store_->snapshot_taken();
    return files;
  }
  std::size_t stored_entries() const {
    std::size_t entries = 0;
    store_->tier().scan("", "", [&](std::string_view, std::string_view) { ++entries; });
    return entries;
  }
  /// All panes, brought into memory.
  Sums sums() {
    Sums sums;
    for (const auto& [end, pane] : panes_->panes()) {
      panes_->warm(*pane);
      pane->table.for_each(
          [&, e = end.millis](const auto& slot) { sums[e][std::string(slot.key)] = slot.value; });
    }
    return sums;
  }
  Worker reopened(std::uint32_t number) {
    const std::string directory = seal();
    return Worker(backend_, backend_.open(number, write()), store_->key_groups(), {directory});
  }

 private:
  StateBackend& backend_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Panes> panes_;
  std::unique_ptr<SealedState> sealed_;
};

struct Backends {
  ScratchDirectory directory;
  std::unique_ptr<StateBackend> memory = make_memory_backend();
  std::unique_ptr<StateBackend> rocksdb = make_rocksdb_backend({directory.string(), 8 * 1024 * 1024});
  StateBackend& either() { return GENERATE(0, 1) == 0 ? *memory : *rocksdb; }
};

Worker fresh(StateBackend& backend, KeyGroupRange groups = {0, kGroups}) {
  return Worker(backend, backend.create(0), groups, {});
}

}  // namespace

TEST_CASE("Panes come back from a snapshot as they were sealed") {
  Backends backends;
  Worker worker = fresh(backends.either());
  worker.add(10, "a", 1);
  worker.add(10, "b", 2);
  worker.add(-20, "a", 3);
  worker.add(10, "", 4);
  Worker restored = worker.reopened(1);
  REQUIRE(restored.panes().panes().size() == 2);
  CHECK(restored.sums() == worker.sums());
  CHECK(restored.sums() == Sums{{-20, {{"a", 3}}}, {10, {{"", 4}, {"a", 1}, {"b", 2}}}});
}

TEST_CASE("A seal is a copy: what is updated, dropped or spilled after it does not change it") {
  Backends backends;
  StateBackend& backend = backends.either();
  Worker worker = fresh(backend);
  worker.add(10, "a", 1);
  worker.add(20, "b", 2);
  const std::string directory = worker.seal();
  worker.add(10, "a", 100);
  worker.add(10, "c", 100);
  worker.panes().drop(EventTime{20});
  worker.panes().spill(kEverything, kNoneSettled);  // a snapshot is in flight: must not touch the tier
  const auto files = worker.write();
  Worker restored(backend, backend.open(1, files), {0, kGroups}, {directory});
  CHECK(restored.sums() == Sums{{10, {{"a", 1}}}, {20, {{"b", 2}}}});
  CHECK(worker.sums() == Sums{{10, {{"a", 101}, {"c", 100}}}});
}

TEST_CASE("A checkpoint writes only what has changed") {
  Backends backends;
  Worker worker = fresh(*backends.memory);
  for (int n = 0; n < 1000; ++n) worker.add(10, "key " + std::to_string(n), 1);
  worker.seal();
  worker.write();
  worker.add(10, "key 7", 1);
  std::string directory;
  const auto sealed = worker.panes().seal(directory);
  while (!sealed->proceed()) {
  }
  StateDelta delta;
  static_cast<const SealedEntries&>(*sealed).write(delta);
  CHECK(delta.size() == 1);
  CHECK(delta.ranges().empty());
}

TEST_CASE("Entries that were sealed, spilled and warmed are never counted twice") {
  Backends backends;
  Worker worker = fresh(backends.either());
  worker.add(10, "a", 1);
  worker.seal();
  worker.write();  // run 0 holds a = 1, and so does the table
  worker.add(10, "a", 10);
  worker.panes().spill(kEverything, kNoneSettled);  // run 0 becomes a = 11
  worker.add(10, "a", 100);
  worker.seal();
  worker.write();  // run 1 holds a = 100, and so does the table
  CHECK(worker.sums() == Sums{{10, {{"a", 111}}}});
  worker.add(10, "a", 1000);
  worker.panes().spill(kEverything, kNoneSettled);  // replaces all runs
  worker.add(10, "b", 1);
  Worker restored = worker.reopened(1);
  CHECK(restored.sums() == Sums{{10, {{"a", 1111}, {"b", 1}}}});
  restored.panes().drop(EventTime{10});
  restored.seal();
  restored.write();
  CHECK(restored.stored_entries() == 0);
}

TEST_CASE("A dropped pane leaves nothing in the tier") {
  Backends backends;
  Worker worker = fresh(backends.either());
  for (int n = 0; n < 100; ++n) worker.add(10, std::to_string(n), 1);
  worker.panes().spill(kEverything, kNoneSettled);
  for (int n = 50; n < 150; ++n) worker.add(10, std::to_string(n), 1);
  worker.add(20, "stays", 1);
  worker.seal();
  worker.write();
  CHECK(worker.stored_entries() == 201);
  worker.panes().drop(EventTime{10});
  worker.seal();
  worker.write();
  CHECK(worker.stored_entries() == 1);
}

TEST_CASE("A pane that is dropped and made anew before the seal begins empty") {
  Backends backends;
  Worker worker = fresh(backends.either());
  worker.add(10, "a", 1);
  worker.seal();
  worker.write();
  SECTION("and is sealed") { worker.panes().drop(EventTime{10}), worker.add(10, "b", 2); }
  SECTION("and is spilled and warmed") {
    worker.panes().drop(EventTime{10});
    worker.add(10, "b", 2);
    worker.panes().spill(kEverything, kNoneSettled);
  }
  SECTION("and again") {
    worker.panes().drop(EventTime{10});
    worker.add(10, "c", 3);
    worker.panes().drop(EventTime{10});
    worker.add(10, "b", 2);
    worker.panes().spill(kEverything, kNoneSettled);
  }
  Worker restored = worker.reopened(1);
  CHECK(restored.sums() == Sums{{10, {{"b", 2}}}});
  CHECK(worker.sums() == Sums{{10, {{"b", 2}}}});
}

TEST_CASE("Panes spill settled ones first, of all the last to fire first, and only as far as memory asks") {
  Backends backends;
  Worker worker = fresh(*backends.memory);
  for (const std::int64_t end : {10, 20, 30, 40}) worker.add(end, "a", end);
  const auto in_memory = [&](std::int64_t end) {
    return worker.panes().find(EventTime{end})->table.size() == 1;
  };
  worker.panes().spill(0, EventTime{20});
  CHECK(worker.stored_entries() == 0);
  worker.panes().spill(1, EventTime{20});
  CHECK((in_memory(10) && !in_memory(20) && in_memory(30) && in_memory(40)));
  worker.panes().spill(worker.panes().memory_bytes() / 2, EventTime{20});
  CHECK((!in_memory(10) && in_memory(30) && !in_memory(40)));
  worker.panes().spill(kEverything, EventTime{20});
  CHECK(worker.panes().memory_bytes() == 0);
  CHECK(worker.sums() == Sums{{10, {{"a", 10}}}, {20, {{"a", 20}}}, {30, {{"a", 30}}}, {40, {{"a", 40}}}});
}

TEST_CASE(
    "The parts of a key are found in memory and in every run, and what is asked for stays where it is") {
  Backends backends;
  Worker worker = fresh(backends.either());
  worker.add(10, "a", 1);
  worker.panes().spill(kEverything, kNoneSettled);
  worker.add(10, "a", 10);
  worker.add(10, "b", 5);
  worker.panes().spill(kEverything, kNoneSettled);
  worker.add(10, "a", 100);
  const auto parts = [&](const char* key) {
    std::multiset<std::int64_t> found;
    worker.panes().parts(*worker.panes().find(EventTime{10}), hash_key(std::string_view(key)), key,
                         [&](std::int64_t part) { found.insert(part); });
    return found;
  };
  CHECK(parts("a") == std::multiset<std::int64_t>{1, 10, 100});
  CHECK(parts("b") == std::multiset<std::int64_t>{5});
  CHECK(parts("c").empty());
  CHECK(worker.sums() == Sums{{10, {{"a", 111}, {"b", 5}}}});
  CHECK(parts("a") == std::multiset<std::int64_t>{111});
}

TEST_CASE("A pane that was spilled once and comes back is not written again") {
  Backends backends;
  Worker worker = fresh(*backends.memory);
  worker.add(10, "a", 1);
  worker.add(10, "b", 2);
  worker.panes().spill(kEverything, kNoneSettled);
  worker.panes().warm(*worker.panes().find(EventTime{10}));
  worker.add(10, "b", 5);
  std::string directory;
  const auto sealed = worker.panes().seal(directory);
  while (!sealed->proceed()) {
  }
  StateDelta delta;
  static_cast<const SealedEntries&>(*sealed).write(delta);
  CHECK(delta.size() == 1);
  CHECK(delta.ranges().empty());
}

TEST_CASE("Panes charge the worker's account for what they hold, and give it back") {
  Backends backends;
  Worker worker = fresh(*backends.memory);
  worker.add(10, "a", 1);
  worker.add(20, "a", 1);
  CHECK(worker.store().excess_bytes() == worker.panes().memory_bytes());
  CHECK(worker.panes().memory_bytes() > 0);
  worker.panes().grew(*worker.panes().find(EventTime{20}), 1'000'000);
  CHECK(worker.store().excess_bytes() > 1'000'000);
  worker.panes().drop(EventTime{20});
  CHECK(worker.store().excess_bytes() == worker.panes().memory_bytes());
  worker.panes().spill(kEverything, kNoneSettled);
  CHECK(worker.store().excess_bytes() == 0);
}

TEST_CASE("One worker's panes restore into two, and back into one") {
  Backends backends;
  StateBackend& backend = backends.either();
  Worker one = fresh(backend);
  for (int n = 0; n < 500; ++n) one.add(10 + n % 3 * 10, "key " + std::to_string(n), n);
  one.panes().spill(kEverything, kNoneSettled);
  for (int n = 0; n < 500; n += 7) one.add(10 + n % 3 * 10, "key " + std::to_string(n), 1000);
  const Sums expected = [&] {
    Sums sums;
    for (int n = 0; n < 500; ++n)
      sums[10 + n % 3 * 10]["key " + std::to_string(n)] = n + (n % 7 == 0 ? 1000 : 0);
    return sums;
  }();

  const std::string directory = one.seal();
  const auto files = one.write();
  std::vector<Worker> two;
  for (std::uint32_t w = 0; w < 2; ++w) {
    const KeyGroupRange range = key_groups_of(w, 2, kGroups);
    auto tier = backend.create(1 + w);
    copy_key_groups(*backend.open(9, files), range, *tier);
    two.emplace_back(backend, std::move(tier), range, std::vector{directory});
  }
  Sums sums = two[0].sums();
  std::size_t keys = 0;
  for (const auto& [end, pane] : two[1].sums())
    for (const auto& [key, sum] : pane) {
      CHECK(sums[end].emplace(key, sum).second);  // no key on both
      ++keys;
    }
  CHECK(keys > 100);
  CHECK(sums == expected);

  for (Worker& worker : two) worker.add(20, "key 1", 5);
  auto merged = backend.create(5);
  std::vector<std::string> directories;
  for (std::uint32_t w = 0; w < 2; ++w) {
    directories.push_back(two[w].seal());
    copy_key_groups(*backend.open(7 + w, two[w].write()), key_groups_of(w, 2, kGroups), *merged);
  }
  Worker again(backend, std::move(merged), {0, kGroups}, directories);
  Sums updated = expected;
  updated[20]["key 1"] += 5;
  CHECK(again.sums() == updated);
}

TEST_CASE("Panes agree with a map over random updates, seals, spills, warmings, drops and restarts") {
  Backends backends;
  const bool on_disk = GENERATE(false, true);
  StateBackend& backend = on_disk ? *backends.rocksdb : *backends.memory;
  for (std::uint64_t seed = 1; seed <= (on_disk ? 10u : 400u); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    auto worker = std::make_unique<Worker>(fresh(backend));
    std::uint32_t opened = 0;
    Sums model;
    std::optional<std::pair<std::string, Sums>> sealed;  ///< a barrier's directory, and what it is to hold
    for (int n = 0; n < 300; ++n) {
      const std::int64_t end = static_cast<std::int64_t>(random() % 4) * 10 - 20;
      const std::uint64_t what = random() % 40;
      auto* pane = worker->panes().find(EventTime{end});
      if (what == 0 && !sealed) {
        sealed.emplace(worker->seal(), model);
      } else if (what <= 1 && sealed) {
        auto tier = backend.open(++opened, worker->write());
        if (random() % 3 == 0) {  // a restart, to where the barrier was
          const std::vector<std::string> directories{sealed->first};
          worker = std::make_unique<Worker>(backend, std::move(tier), KeyGroupRange{0, kGroups}, directories);
          model = sealed->second;
        }
        sealed.reset();
      } else if (what == 1) {
        worker->panes().spill(random() % 2 ? kEverything : 30'000,
                              EventTime{static_cast<std::int64_t>(random() % 40) - 20});
      } else if (what == 2 && pane) {
        worker->panes().warm(*pane);
      } else if (what == 3 && pane) {
        worker->panes().drop(EventTime{end});
        model.erase(end);
      } else if (what == 4 && !sealed) {
        worker = std::make_unique<Worker>(worker->reopened(++opened));
      } else {
        const std::string key = std::string(random() % 20, 'k') + std::to_string(random() % 5);
        worker->add(end, key, n);
        model[end][key] += n;
      }
    }
    REQUIRE(worker->sums() == model);
  }
}

TEST_CASE("A pane directory that is cut short is refused") {
  Backends backends;
  Worker worker = fresh(*backends.memory);
  worker.add(10, "a", 1);
  const std::string directory = worker.seal();
  for (std::size_t bytes = 1; bytes < directory.size(); ++bytes)
    CHECK_THROWS_AS(detail::decode_pane_directory(directory.substr(0, bytes)), FailJob);
}

TEST_CASE(
    "A walk over a pane gives each key once with all of its parts, in portions, and brings nothing into "
    "memory") {
  const std::unique_ptr<StateBackend> backend = make_memory_backend();
  Worker worker(*backend, backend->create(0), {0, kGroups}, {});
  std::map<std::string, std::int64_t> expected;
  std::mt19937_64 random(7);
  const auto add = [&] {
    for (int n = 0; n < 300; ++n) {
      const std::string key = "k" + std::to_string(random() % 400);
      const auto value = static_cast<std::int64_t>(random() % 100);
      worker.add(10, key, value);
      worker.add(20, key, 1);  // a pane beside it
      expected[key] += value;
    }
  };
  for (int run = 0; run < 3; ++run) {
    add();
    worker.panes().spill(kEverything, kNoneSettled);
  }
  add();
  worker.seal();  // what the barrier writes of the pane in memory is not counted twice
  worker.write();
  add();

  auto& pane = *worker.panes().find(EventTime{10});
  const std::size_t in_memory = pane.table.size();
  REQUIRE(pane.cold);
  REQUIRE(in_memory > 0);
  for (const std::size_t portion : {std::size_t{1}, std::size_t{7}, kEverything}) {
    INFO("portions of " << portion);
    std::map<std::string, std::int64_t> found;
    Panes::Walk walk;
    for (bool done = false; !done;) {
      std::size_t visited = 0;
      done = worker.panes().walk(pane, walk, [&](std::uint64_t hash, std::string_view key, std::int64_t sum) {
        CHECK(hash == hash_key(key));
        CHECK(found.emplace(key, sum).second);
        return ++visited < portion;
      });
      REQUIRE(visited <= portion);
    }
    CHECK(found == expected);
  }
  CHECK(pane.table.size() == in_memory);
}

}  // namespace weir
