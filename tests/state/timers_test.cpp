#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/timers.hpp>

#include "state_world.hpp"

namespace weir {

namespace {

using Key = std::string_view;
using Model = std::set<std::pair<std::int64_t, std::string>>;

constexpr std::size_t kPlenty = std::size_t{1} << 30;

/// Timers of many keys, which set others when they fire, with barriers and restarts in between.
class Comparison {
 public:
  Comparison(StateMode mode, std::size_t memory, std::uint64_t seed) : world_(mode, memory), random_(seed) {
    spread_ = std::int64_t{1} << (random_() % 14);
    open();
  }

  void step() {
    switch (random_() % 40) {
      case 0:
        return barrier();
      case 1:
        return restart();
      case 2:
      case 3:
        now_ += static_cast<std::int64_t>(random_()) & (spread_ / 4);
        return fire(EventTime{now_});
      case 4:
      case 5:
        return world_.proceed();
      default:
        set_or_remove();
    }
    check();
  }
  void finish() {
    fire(EventTime::max());
    REQUIRE(model_.empty());
    REQUIRE(timers_->next() == EventTime::max());
    if (world_.in_flight()) world_.write();
    world_.seal();
    world_.write();
    REQUIRE(world_.entries() == 0);
  }

 private:
  void open() { timers_ = std::make_unique<Timers<Key>>(world_.states(), "timers"); }
  void barrier() {
    if (world_.in_flight()) {
      world_.write();
      saved_ = sealed_;
    } else {
      world_.seal();
      sealed_ = std::pair(model_, now_);
    }
  }
  void restart() {
    timers_.reset();
    world_.restart(random_() % 2 == 0);
    std::tie(model_, now_) = saved_;
    open();
  }

  std::int64_t some_time() { return now_ + static_cast<std::int64_t>(random_()) % spread_; }
  void set(const std::string& key, std::int64_t time) {
    timers_->set(hash_key(Key(key)), key, EventTime{time});
    model_.emplace(time, key);
  }
  void set_or_remove() {
    const std::string key = "key " + std::to_string(random_() % 500);
    if (random_() % 6 != 0) return set(key, some_time());
    const std::int64_t time = some_time();
    timers_->remove(hash_key(Key(key)), key, EventTime{time});
    model_.erase({time, key});
  }
  void fire(EventTime until) {
    const auto some = [this] { return random_() % 50 != 0; };
    const auto call = [&](std::uint64_t hash, Key key, EventTime time) {
      REQUIRE(hash == hash_key(key));
      REQUIRE(!model_.empty());
      // The earliest of all; of one moment anybody.
      REQUIRE(model_.begin()->first == time.millis);
      REQUIRE(model_.erase({time.millis, std::string(key)}) == 1);
      if (until != EventTime::max() && random_() % 4 == 0)
        set(random_() % 2 ? std::string(key) : "key " + std::to_string(random_() % 500), some_time());
    };
    const auto ahead = [&](const auto& due) {
      REQUIRE(!due.empty());
      for (const auto& timer : due) REQUIRE(timer.time <= until);
    };
    while (!timers_->fire(until, some, call, ahead)) check();
    REQUIRE((model_.empty() || model_.begin()->first > until.millis));
    check();
  }
  /// Nothing would fire late.
  void check() {
    if (!model_.empty()) REQUIRE(timers_->next().millis <= model_.begin()->first);
    world_.states().settle();
  }

  StateWorld world_;
  std::mt19937_64 random_;
  std::int64_t spread_ = 1;
  std::int64_t now_ = 0;
  Model model_;
  std::pair<Model, std::int64_t> sealed_, saved_;
  std::unique_ptr<Timers<Key>> timers_;
};

}  // namespace

TEST_CASE("Timers that memory has no room for fire none too late and in order, with barriers and restarts") {
  const auto [mode, memory] =
      GENERATE(std::pair{StateMode::kHeap, std::size_t{0}}, std::pair{StateMode::kRocksDb, std::size_t{1}},
               std::pair{StateMode::kRocksDb, std::size_t{30'000}}, std::pair{StateMode::kRocksDb, kPlenty});
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed << ", memory " << memory);
    Comparison comparison(mode, memory, seed);
    for (int n = 0; n < 1'500; ++n) comparison.step();
    comparison.finish();
  }
}

TEST_CASE("Timers of one moment need not be in memory together") {
  StateWorld world(StateMode::kRocksDb, 100'000);
  Timers<std::uint64_t> timers(world.states(), "timers");
  constexpr std::uint64_t kKeys = 20'000;
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    timers.set(hash_key(key), key, EventTime{1'000});
    if (key % 500 == 0) world.states().settle();
  }
  world.states().settle();
  CHECK(world.store().excess_bytes() == 0);
  CHECK(timers.next() <= EventTime{1'000});
  std::vector<bool> fired(kKeys);
  std::size_t most = 0;
  timers.fire(
      EventTime{1'000},
      [&] {
        world.states().settle();
        most = std::max(most, world.store().excess_bytes());
        return true;
      },
      [&](std::uint64_t, std::uint64_t key, EventTime) {
        REQUIRE(!fired[key]);
        fired[key] = true;
      });
  CHECK(std::count(fired.begin(), fired.end(), true) == static_cast<std::ptrdiff_t>(kKeys));
  CHECK(most == 0);
}

TEST_CASE("A queue lets go of the latest, and says from when on") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    TimerQueue<WaitingKey<std::uint64_t>> queue;
    std::vector<TimerPlace> places;
    const std::uint64_t hashes = 1 + random() % 40;
    const std::int64_t spread = std::int64_t{1} << (random() % 14);
    const auto push = [&](std::uint64_t n) {
      const TimerPlace place{{static_cast<std::int64_t>(random()) % spread}, random() % hashes};
      queue.push(place.time, {place.hash, Owned<std::uint64_t>(n)});
      places.push_back(place);
    };
    for (std::uint64_t n = 0; n < 30; ++n) push(n);
    while (queue.pop(EventTime{0})) {
    }
    std::erase_if(places, [](const TimerPlace& place) { return place.time.millis <= 0; });
    for (std::uint64_t n = 0; n < 30; ++n) push(n);

    const std::size_t keep = 1 + random() % 40;
    std::size_t gone = 0;
    const auto cut = queue.let_go(keep, [&](const auto&) { ++gone; });
    std::vector<TimerPlace> left;
    queue.pop(EventTime::max(), 100, [&](const auto& entry) {
      left.push_back({entry.time, entry.what.hash});
    });
    REQUIRE(queue.size() == 0);
    REQUIRE(gone + left.size() == places.size());
    REQUIRE(left.empty() == places.empty());
    std::sort(left.begin(), left.end());
    std::sort(places.begin(), places.end());
    REQUIRE(std::equal(left.begin(), left.end(), places.begin()));
    REQUIRE(cut.has_value() == (gone > 0));
    if (!cut) continue;
    REQUIRE(*cut == places[left.size()]);
    REQUIRE(left.back() < *cut);
    // Not more than asked for, but where many stand at one place.
    if (left.size() > keep) REQUIRE(left[keep - 1] == left.back());
  }
}

}  // namespace weir
