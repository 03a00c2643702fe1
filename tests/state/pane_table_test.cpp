#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>

#include <catch2/catch.hpp>

#include <weir/core/hash.hpp>
#include <weir/state/pane_table.hpp>

namespace weir {

namespace {

using Random = std::mt19937_64;

template <class Key, class Value>
std::map<Key, Value> content(const PaneTable<Key, Value>& table) {
  std::map<Key, Value> all;
  table.for_each([&](const auto& slot) { all.emplace(slot.key, slot.value); });
  return all;
}

template <class Key, class Value>
std::set<Key> take_dirty(PaneTable<Key, Value>& table) {
  std::set<Key> dirty;
  table.take_dirty([&](const auto& slot) { dirty.insert(slot.key); });
  return dirty;
}

/// Hashes that collide: in their upper bits, which choose the slot, or altogether.
std::uint64_t poor_hash(std::uint64_t key, std::uint64_t kind) {
  switch (kind) {
    case 0:
      return detail::hash_u64(key);
    case 1:
      return key;  // all in the first slot's neighbourhood
    case 2:
      return ~std::uint64_t{0} << 54 | key;  // at the table's end, wrapping around
    default:
      return key % 3;  // equal hashes, 0 among them
  }
}

}  // namespace

TEST_CASE("A pane table agrees with std::unordered_map over a million random operations") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    PaneTable<std::uint64_t, std::uint64_t> table;
    std::unordered_map<std::uint64_t, std::uint64_t> model;
    std::set<std::uint64_t> dirty;
    for (int n = 0; n < 300'000; ++n) {
      const std::uint64_t what = random() % 100'000;
      if (what == 0) {
        table.clear();
        model.clear();
        dirty.clear();
      } else if (what < 4) {
        REQUIRE(take_dirty(table) == dirty);
        REQUIRE(take_dirty(table).empty());
        dirty.clear();
      } else if (what == 4) {
        table.mark_all_dirty();
        for (const auto& [key, value] : model) dirty.insert(key);
      } else if (what == 5) {
        PaneTable<std::uint64_t, std::uint64_t> moved(std::move(table));
        table = std::move(moved);
      }
      const std::uint64_t key = random() % (1 + random() % 60'000);
      const auto [value, added] =
          table.upsert(detail::hash_u64(key), key, [&] { return std::pair(key, key * 3); });
      REQUIRE(added == model.try_emplace(key, key * 3).second);
      dirty.insert(key);
      value += what;
      model[key] += what;
      REQUIRE(value == model[key]);
    }
    REQUIRE(table.size() == model.size());
    REQUIRE((content(table) == std::map<std::uint64_t, std::uint64_t>(model.begin(), model.end())));
    REQUIRE(take_dirty(table) == dirty);
  }
}

TEST_CASE("A pane table stands hashes that collide, wrap around and are zero") {
  for (std::uint64_t kind = 0; kind < 4; ++kind) {
    INFO("kind " << kind);
    PaneTable<std::uint64_t, int> table;
    std::map<std::uint64_t, int> model;
    Random random(kind);
    for (int n = 0; n < 20'000; ++n) {
      const std::uint64_t key = random() % 700;
      table.upsert(poor_hash(key, kind), key, [&] { return std::pair(key, 0); }).first += 1;
      ++model[key];
    }
    CHECK(content(table) == model);
  }
}

TEST_CASE("A pane table destroys what it holds, once") {
  const auto witness = std::make_shared<int>(0);
  {
    PaneTable<std::string, std::shared_ptr<int>> table;
    const auto fill = [&](int keys) {
      for (int n = 0; n < keys; ++n) {
        const std::string key = "a key too long to be kept inside " + std::to_string(n);
        table.upsert(hash_bytes(key), key, [&] { return std::pair(key, witness); });
      }
    };
    fill(5000);
    CHECK(witness.use_count() == 5001);
    table.clear();
    CHECK(witness.use_count() == 1);
    fill(10);
    table.clear();  // far too large for ten: lets go of its memory
    CHECK(table.bytes() == 0);
    table.clear();
    fill(100);
    PaneTable<std::string, std::shared_ptr<int>> other;
    other = std::move(table);
    CHECK(other.size() == 100);
    CHECK(witness.use_count() == 101);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("A table that never held anything can be cleared, walked and sealed") {
  PaneTable<int, int> table;
  table.clear();
  table.prefetch(7);
  CHECK(content(table).empty());
  CHECK(take_dirty(table).empty());
  table.mark_all_dirty();
  CHECK(take_dirty(table).empty());
}

TEST_CASE("A walk over a pane table in portions visits every slot once") {
  for (const std::uint64_t size : {0u, 1u, 1000u, 300'000u}) {
    PaneTable<std::uint64_t, std::uint64_t> table;
    for (std::uint64_t key = 0; key < size; ++key)
      table.upsert(detail::hash_u64(key), key, [&] { return std::pair(key, key); });
    std::set<std::uint64_t> keys;
    for (TableCursor at; !table.at_end(at); table.advance(at))
      if (const auto* slot = table.slot(at)) REQUIRE(keys.insert(slot->key).second);
    CHECK(keys.size() == size);
  }
}

TEST_CASE("What leaves one table in the order of its slots does not gather in another one while it grows") {
  PaneTable<std::uint64_t, std::uint64_t> from(1), to(2);
  for (std::uint64_t key = 0; key < 200'000; ++key)
    from.upsert(detail::hash_u64(key), key, [&] { return std::pair(key, key); });
  const auto longest_run = [&] {
    std::size_t longest = 0, run = 0;
    for (TableCursor at; !to.at_end(at); to.advance(at)) {
      run = to.slot(at) ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return longest;
  };
  std::size_t longest = 0;
  from.for_each([&](const auto& slot) {
    to.upsert(slot.hash, slot.key, [&] { return std::pair(slot.key, slot.value); });
    if ((to.size() & (to.size() - 1)) == 0 || to.size() % 20'000 == 0)
      longest = std::max(longest, longest_run());
  });
  CHECK(content(to) == content(from));
  CHECK(longest < 150);
}

TEST_CASE("A pane table takes a segment or two more at a time, however large it is") {
  PaneTable<std::uint64_t, std::uint64_t> table;
  std::size_t most = 0;
  for (std::uint64_t key = 0; key < 1'000'000; ++key) {
    const std::size_t before = table.bytes();
    table.upsert(detail::hash_u64(key), key, [&] { return std::pair(key, key); });
    most = std::max(most, table.bytes() - std::min(before, table.bytes()));
  }
  CHECK(table.bytes() > 16 * detail::kSegmentBytes);
  CHECK(most <= detail::kSegmentBytes);
  for (std::uint64_t key = 0; key < 1'000'000; ++key)
    REQUIRE(table.find(detail::hash_u64(key), key)->value == key);
}

TEST_CASE("A seal holds what was dirty when it began, whatever changes while it is copied") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    PaneTable<std::uint64_t, std::uint64_t> table;
    std::map<std::uint64_t, std::uint64_t> model, dirty;
    const std::uint64_t keys = 1 + random() % 200'000;
    for (int round = 0; round < 6; ++round) {
      std::map<std::uint64_t, std::uint64_t> copies;
      const auto copy = [&](const auto& slot) { REQUIRE(copies.emplace(slot.key, slot.value).second); };
      const auto change = [&] {
        const std::uint64_t key = random() % keys;
        const auto value = table.upsert(
            detail::hash_u64(key), key, [&] { return std::pair(key, key); }, copy);
        value.first += 1;
        const std::uint64_t now = ++model.try_emplace(key, key).first->second;
        REQUIRE(value.first == now);
        dirty[key] = now;
      };
      for (std::uint64_t n = random() % 50'000; n > 0; --n) change();
      const auto sealed = std::exchange(dirty, {});
      table.begin_seal();
      while (!table.seal_some(1 + random() % 3000, copy))
        for (std::uint64_t n = random() % 5000; n > 0; --n) change();
      REQUIRE(copies == sealed);
    }
    REQUIRE(content(table) == model);
  }
}

}  // namespace weir
