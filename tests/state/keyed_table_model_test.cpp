#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/keyed_table.hpp>
#include <weir/state/ordered_map.hpp>
#include <weir/state/row_list.hpp>
#include <weir/state/timers.hpp>

#include "state_world.hpp"

namespace weir {

namespace {

struct Note {
  std::string_view text;
  std::int32_t number;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text, number))

using Words = std::vector<std::string>;

using Key = std::string_view;
using Values = KeyedTable<Key, Owned<Note>>;
using Lists = KeyedTable<Key, RowList<Note>>;
using Maps = KeyedTable<Key, OrderedMap<std::string, std::int64_t>>;

struct Model {
  std::map<std::string, std::pair<std::string, std::int32_t>> values;
  std::map<std::string, std::vector<std::pair<std::string, std::int32_t>>> lists;
  std::map<std::string, std::map<std::string, std::int64_t>> maps;
  std::map<std::string, std::set<std::int64_t>> timers;
};

class Comparison {
 public:
  Comparison(StateMode mode, std::size_t memory, std::uint64_t seed) : world_(mode, memory), random_(seed) {
    open();
  }

  void step() {
    ++operations_;
    const std::string key = "key " + std::to_string(random_() % 200);
    const std::uint64_t hash = hash_key(std::string_view(key));
    switch (random_() % 100) {
      case 0:
        return barrier();
      case 1:
        return restart();
      case 2:
        return check_all();
      case 3:
        world_.states().settle();
        return;
      case 4:
        return fetch();
      case 5:
      case 6:
      case 7:
        return world_.proceed();
      default:
        break;
    }
    switch (random_() % 4) {
      case 0:
        return value_step(hash, key);
      case 1:
        return list_step(hash, key);
      case 2:
        return map_step(hash, key);
      default:
        return timer_step(hash, key);
    }
  }
  void check_all() {
    for (int n = 0; n < 200; ++n) {
      const std::string key = "key " + std::to_string(n);
      const std::uint64_t hash = hash_key(std::string_view(key));
      check_value(hash, key);
      check_list(hash, key);
      check_map(hash, key);
    }
  }
  std::size_t operations() const { return operations_; }
  StateWorld& world() { return world_; }
  void clear() {
    for (int n = 0; n < 200; ++n) {
      const std::string key = "key " + std::to_string(n);
      const std::uint64_t hash = hash_key(std::string_view(key));
      values_->erase(hash, key);
      lists_->erase(hash, key);
      maps_->erase(hash, key);
    }
    timers_->fire(
        EventTime::max(), [] { return true; }, [](std::uint64_t, Key, EventTime) {});
    model_ = {};
    if (world_.in_flight()) world_.write();
    world_.seal();
    world_.write();
  }

 private:
  void open() {
    values_ = std::make_unique<Values>(world_.states(), "values");
    lists_ = std::make_unique<Lists>(world_.states(), "lists");
    maps_ = std::make_unique<Maps>(world_.states(), "maps");
    timers_ = std::make_unique<Timers<Key>>(world_.states(), "timers");
  }
  void barrier() {
    if (world_.in_flight()) {
      world_.write();
      saved_ = sealed_;
      return;
    }
    sealed_ = model_;
    world_.seal();
  }
  void restart() {
    values_.reset();
    lists_.reset();
    maps_.reset();
    timers_.reset();
    world_.restart(random_() % 2 == 0);
    model_ = saved_;
    open();
  }
  void fetch() {
    struct Row {
      std::uint64_t hash;
      Key key;
    };
    std::vector<std::string> keys;
    for (int n = 0; n < 20; ++n) keys.push_back("key " + std::to_string(random_() % 250));
    std::vector<Row> rows;
    for (const std::string& key : keys) rows.push_back({hash_key(std::string_view(key)), key});
    values_->fetch(rows);
    lists_->fetch(rows);
  }

  void value_step(std::uint64_t hash, const std::string& key) {
    switch (random_() % 3) {
      case 0: {
        const std::string text(random_() % 40, static_cast<char>('a' + random_() % 26));
        const auto number = static_cast<std::int32_t>(random_());
        values_->edit(hash, key).set({text, number});
        model_.values[key] = {text, number};
        return;
      }
      case 1:
        values_->erase(hash, key);
        model_.values.erase(key);
        return;
      default:
        return check_value(hash, key);
    }
  }
  void check_value(std::uint64_t hash, const std::string& key) {
    const auto* value = values_->find(hash, key);
    const auto wanted = model_.values.find(key);
    REQUIRE((value != nullptr) == (wanted != model_.values.end()));
    if (!value) return;
    REQUIRE(value->get().text == wanted->second.first);
    REQUIRE(value->get().number == wanted->second.second);
  }

  void list_step(std::uint64_t hash, const std::string& key) {
    switch (random_() % 6) {
      case 0:
        lists_->erase(hash, key);
        model_.lists.erase(key);
        return;
      case 1: {
        auto* list = lists_->edit_if(hash, key);
        REQUIRE((list != nullptr) == model_.lists.contains(key));
        if (!list) return;
        auto& wanted = model_.lists[key];
        list->keep_if([](const Note& note, EventTime) { return note.number % 3 != 0; });
        std::erase_if(wanted, [](const auto& note) { return note.second % 3 == 0; });
        if (!wanted.empty()) return;
        lists_->erase(hash, key);
        model_.lists.erase(key);
        return;
      }
      case 2:
        return check_list(hash, key);
      default: {
        const std::string text(random_() % 40, static_cast<char>('a' + random_() % 26));
        const auto number = static_cast<std::int32_t>(random_() % 1000);
        lists_->edit_unread(hash, key).append({text, number}, EventTime{number});
        model_.lists[key].emplace_back(text, number);
      }
    }
  }
  void check_list(std::uint64_t hash, const std::string& key) {
    const auto* list = lists_->find(hash, key);
    const auto wanted = model_.lists.find(key);
    REQUIRE((list != nullptr) == (wanted != model_.lists.end()));
    if (!list) return;
    std::vector<std::pair<std::string, std::int32_t>> rows;
    list->for_each([&](const Note& note, EventTime time) {
      REQUIRE(time.millis == note.number);
      rows.emplace_back(note.text, note.number);
    });
    REQUIRE(rows == wanted->second);
    REQUIRE(list->size() == rows.size());
  }

  void map_step(std::uint64_t hash, const std::string& key) {
    const std::string inner = "inner " + std::to_string(random_() % 8);
    switch (random_() % 4) {
      case 0: {
        const auto n = static_cast<std::int64_t>(random_() % 1000);
        maps_->edit(hash, key).put(inner, n);
        model_.maps[key][inner] = n;
        return;
      }
      case 1: {
        auto* map = maps_->edit_if(hash, key);
        REQUIRE((map != nullptr) == model_.maps.contains(key));
        if (!map) return;
        REQUIRE(map->erase(inner) == (model_.maps[key].erase(inner) == 1));
        if (!map->empty()) return;
        maps_->erase(hash, key);
        model_.maps.erase(key);
        return;
      }
      case 2:
        if (random_() % 4 != 0) return;
        maps_->erase(hash, key);
        model_.maps.erase(key);
        return;
      default:
        return check_map(hash, key);
    }
  }
  void check_map(std::uint64_t hash, const std::string& key) {
    const auto* map = maps_->find(hash, key);
    const auto wanted = model_.maps.find(key);
    REQUIRE((map != nullptr) == (wanted != model_.maps.end()));
    if (!map) return;
    std::vector<std::pair<std::string, std::int64_t>> entries;
    map->for_each([&](const std::string& inner, std::int64_t n) { entries.emplace_back(inner, n); });
    REQUIRE(entries ==
            std::vector<std::pair<std::string, std::int64_t>>(wanted->second.begin(), wanted->second.end()));
  }

  void timer_step(std::uint64_t hash, const std::string& key) {
    const auto time = static_cast<std::int64_t>(random_() % 5000);
    switch (random_() % 8) {
      case 0: {
        const EventTime until{static_cast<std::int64_t>(random_() % 1000)};
        std::vector<std::pair<std::int64_t, std::string>> fired, wanted;
        const auto some = [this] { return random_() % 20 != 0; };
        while (!timers_->fire(until, some,
                              [&](std::uint64_t, Key k, EventTime t) { fired.emplace_back(t.millis, k); })) {
        }
        for (auto& [k, times] : model_.timers) {
          for (const std::int64_t t : times)
            if (t <= until.millis) wanted.emplace_back(t, k);
          times.erase(times.begin(), times.upper_bound(until.millis));
        }
        REQUIRE(std::is_sorted(fired.begin(), fired.end(),
                               [](const auto& a, const auto& b) { return a.first < b.first; }));
        std::sort(fired.begin(), fired.end());
        std::sort(wanted.begin(), wanted.end());
        REQUIRE(fired == wanted);
        return;
      }
      case 1:
        timers_->remove(hash, key, EventTime{time});
        model_.timers[key].erase(time);
        return;
      default:
        timers_->set(hash, key, EventTime{time});
        model_.timers[key].insert(time);
    }
  }

  StateWorld world_;
  std::mt19937_64 random_;
  Model model_, sealed_, saved_;
  std::unique_ptr<Values> values_;
  std::unique_ptr<Lists> lists_;
  std::unique_ptr<Maps> maps_;
  std::unique_ptr<Timers<Key>> timers_;
  std::size_t operations_ = 0;
};

}  // namespace

TEST_CASE(
    "A list that is written anew before all of it was read has each row once, also while that is in flight") {
  using Lists = KeyedTable<std::uint64_t, RowList<Note>>;
  constexpr std::uint64_t kKey = 5;
  StateWorld world(StateMode::kRocksDb, 1 << 20);
  const auto add = [&](Lists& lists, std::int32_t n) {
    lists.edit_unread(hash_key(kKey), kKey).append({"note", n}, EventTime{n});
    world.seal();
  };
  {
    Lists lists(world.states(), "lists");
    add(lists, 0);
    world.write();
  }
  world.restart(false);
  Lists lists(world.states(), "lists");
  std::vector<std::int32_t> expected{0};
  for (std::int32_t n = 1; n < 30; ++n) {
    expected.push_back(n);
    add(lists, n);
    for (int portion = 0; portion < 3; ++portion) world.proceed();
    if (n < 9) {  // nine small entries become one, before the first row was read
      world.write();
      continue;
    }
    std::vector<std::int32_t> found;
    lists.find(hash_key(kKey), kKey)->for_each([&](const Note& note, EventTime) {
      found.push_back(note.number);
    });
    REQUIRE(found == expected);
    world.write();
  }
}

TEST_CASE("Keyed tables equal ordinary maps through evictions, barriers in flight and restarts") {
  const auto [mode, memory] =
      GENERATE(std::pair{StateMode::kHeap, std::size_t{0}}, std::pair{StateMode::kRocksDb, std::size_t{1}},
               std::pair{StateMode::kRocksDb, std::size_t{60'000}},
               std::pair{StateMode::kRocksDb, std::size_t{1} << 30});
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed << ", memory " << memory);
    Comparison comparison(mode, memory, seed);
    for (int n = 0; n < 10'000; ++n) comparison.step();
    comparison.check_all();
    comparison.clear();
    CHECK(comparison.world().entries() == 0);
  }
}

TEST_CASE("A timer queue gives the earliest first and equals in order of addition") {
  TimerQueue<int> queue;
  std::mt19937_64 random(3);
  std::vector<std::pair<std::int64_t, int>> wanted;
  for (int n = 0; n < 1000; ++n) {
    const std::int64_t time = static_cast<std::int64_t>(random() % 20'000) - 10'000;
    queue.push(EventTime{time}, n);
    wanted.emplace_back(time, n);
  }
  std::sort(wanted.begin(), wanted.end());
  std::vector<std::pair<std::int64_t, int>> popped;
  for (std::int64_t until = -10'000; until <= 20'000; until += 777)
    while (const auto due = queue.pop(EventTime{until})) {
      CHECK(due->first.millis <= until);
      popped.emplace_back(due->first.millis, due->second);
    }
  CHECK(popped == wanted);
  CHECK(queue.next() == EventTime::max());
}

TEST_CASE("Keys in order are in order as bytes") {
  const auto bytes = [](const auto& key) {
    std::string out;
    OrderedCodec<std::remove_cvref_t<decltype(key)>>::encode(out, key);
    return out;
  };
  CHECK(bytes(std::int32_t{-5}) < bytes(std::int32_t{3}));
  CHECK(bytes(std::int64_t{-1}) < bytes(std::int64_t{0}));
  CHECK(bytes(std::uint8_t{200}) > bytes(std::uint8_t{100}));
  CHECK(bytes(-1.5) < bytes(-0.5));
  CHECK(bytes(-0.5) < bytes(0.0));
  CHECK(bytes(0.25) < bytes(1e9));
  CHECK(bytes(0.0) == bytes(-0.0));
  CHECK(bytes(std::string("a")) < bytes(std::string("aa")));
  CHECK(bytes(std::string("a")) < bytes(std::string("a\0b", 3)));
  CHECK(bytes(std::string("a\0b", 3)) < bytes(std::string("ab")));
  CHECK(bytes(std::optional<int>()) < bytes(std::optional<int>(-5)));
  const std::string text("x\0\xff\0", 4);
  const std::string encoded = bytes(text);
  StateReader in(encoded);
  CHECK(OrderedCodec<std::string>::decode(in) == text);
  CHECK(in.at_end());
}

}  // namespace weir
