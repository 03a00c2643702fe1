#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/keyed_state.hpp>

#include "state_world.hpp"

namespace weir {

namespace {

constexpr int kKeys = 120;
constexpr std::int64_t kTimeToLive = 4000;

struct Note {
  std::string_view text;
  std::int32_t number;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text, number))

struct Plus {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const { return a + b; }
};

using Key = std::string_view;
using Entry = std::pair<std::string, std::int32_t>;  // of a Note

/// What is kept, and when it was written.
template <class Kept>
struct Was {
  Kept kept{};
  std::int64_t written = 0;
};

struct Model {
  std::map<std::string, Was<Entry>> values;
  std::map<std::string, Was<std::int64_t>> sums;
  std::map<std::string, Was<std::int64_t>> counts;
  std::map<std::string, std::vector<Was<Entry>>> lists;
  std::map<std::string, std::map<std::string, Was<Entry>>> maps;
  std::int64_t event_time = std::numeric_limits<std::int64_t>::min();
};

/// The states of a function.
struct States {
  explicit States(std::optional<StateTtl> ttl)
      : value("value", ttl),
        sum("sum", Plus(), ttl),
        counted("counted", weir::count(), ttl),
        list("list", ttl),
        map("map", ttl) {}
  ValueState<Note> value;
  ReducingState<std::int64_t, Plus> sum;
  AggregatingState<decltype(weir::count())> counted;
  ListState<Note> list;
  MapState<std::string, Note> map;
};

class Comparison {
 public:
  Comparison(const WorldOptions& options, std::optional<StateTtl> ttl, std::uint64_t seed)
      : world_(options), ttl_(ttl), random_(seed) {
    open();
  }
  ~Comparison() { close(); }

  void step() {
    switch (random_() % 200) {
      case 0:
        return barrier();
      case 1:
        if (random_() % 4 == 0) crash();
        return;
      case 2:
      case 3:
      case 4:
        return world_.proceed();
      default:
        break;
    }
    pass_time();
    for (int n = 0; n < 4; ++n) operate();  // in one call of the operator
    world_.states().settle();
    clock_->end_of_call();
  }
  static constexpr std::size_t kOperationsAStep = 4;

  void check_all() {
    for (int n = 0; n < kKeys; ++n) {
      go_to(n);
      check_value();
      check_sum();
      check_count();
      check_list();
      check_map();
    }
  }
  /// Everything goes, by time or by hand, and nothing is left behind.
  void empty_all() {
    if (ttl_) {
      environment_.time = environment_.time + Duration{2 * kTimeToLive};
      model_.event_time = std::max<std::int64_t>(model_.event_time, 0) + 100 * kTimeToLive;
      clock_->reached(EventTime{model_.event_time});
    } else {
      for (int n = 0; n < kKeys; ++n) {
        go_to(n);
        states_->value.clear(), states_->sum.clear(), states_->counted.clear(), states_->list.clear(),
            states_->map.clear();
      }
    }
    for (int n = 0; n < 300; ++n) {
      environment_.time = environment_.time + Duration{10};
      clock_->reached(
          EventTime{model_.event_time += 10});  // a pass that had begun before is followed by another
      sweep();
    }
    if (world_.in_flight()) world_.write();
    world_.seal(EventTime{model_.event_time});
    clock_->end_of_call();
    world_.write();
    CHECK(world_.stored_entries() == 0);
  }

 private:
  void open() {
    clock_ = std::make_unique<StateClock>(&environment_);
    clock_->reached(EventTime{model_.event_time});
    sweep_ = std::make_unique<ExpirySweep>();
    states_ = std::make_unique<States>(ttl_);
    const auto bind = [&](auto& state) {
      fetches_.push_back(state.bind(world_.states(), current_, *clock_, *sweep_));
    };
    bind(states_->value), bind(states_->sum), bind(states_->counted), bind(states_->list), bind(states_->map);
  }
  void close() {
    fetches_.clear();
    states_.reset();
    sweep_.reset();
  }
  void barrier() {
    if (world_.in_flight()) {
      world_.write();
      saved_ = sealed_;
      return;
    }
    sealed_ = model_;
    world_.seal(EventTime{model_.event_time});
    clock_->end_of_call();
  }
  void crash() {
    close();
    world_.crash();
    model_ = saved_;
    open();
  }
  void pass_time() {
    environment_.time = environment_.time + Duration{random_() % 40};
    if (random_() % 8 == 0) {
      model_.event_time =
          std::max<std::int64_t>(model_.event_time, 0) + static_cast<std::int64_t>(random_() % 320);
      clock_->reached(EventTime{model_.event_time});
    }
    row_time_ =
        std::max<std::int64_t>(model_.event_time, 0) + static_cast<std::int64_t>(random_() % 200) - 50;
    clock_->row(EventTime{row_time_});
    if (random_() % 10 == 0) sweep();
    if (random_() % 10 == 0) fetch();
  }
  void sweep() {
    if (sweep_->next() <= environment_.time) sweep_->run(environment_.time);
    world_.states().settle();
    clock_->end_of_call();
  }
  void fetch() {
    std::vector<std::string> names;
    for (int n = 0; n < 10; ++n) names.push_back("key " + std::to_string(random_() % (kKeys + 20)));
    std::vector<KeyRef<Key>> keys;
    for (const std::string& name : names) keys.push_back({hash_key(Key(name)), name});
    for (const auto& fetch : fetches_) fetch(keys);
  }

  // The model's time.
  bool by_event_time() const { return ttl_->clock() == StateTtl::Clock::kEventTime; }
  bool lives(std::int64_t written) const {
    if (!ttl_) return true;
    const std::int64_t now = by_event_time() ? model_.event_time : environment_.time.millis;
    return now < written + kTimeToLive;
  }
  std::int64_t stamp() const {
    if (!ttl_) return 0;
    return by_event_time() ? std::max(model_.event_time, row_time_) : environment_.time.millis;
  }
  bool reads_refresh() const { return ttl_ && ttl_->reads_refresh(); }
  template <class Kept>
  void note_read(Was<Kept>& entry) {
    if (reads_refresh()) entry.written = stamp();
  }
  /// The entry of the current key; null when there is none that lives.
  template <class Kept>
  Was<Kept>* living(std::map<std::string, Was<Kept>>& entries, const std::string& key) {
    const auto found = entries.find(key);
    return found != entries.end() && lives(found->second.written) ? &found->second : nullptr;
  }

  void go_to(int key) {
    name_ = "key " + std::to_string(key);
    current_ = {hash_key(Key(name_)), name_};
  }
  Entry random_entry() {
    return {std::string(random_() % 40, static_cast<char>('a' + random_() % 26)),
            static_cast<std::int32_t>(random_() % 1000)};
  }
  void operate() {
    go_to(static_cast<int>(random_() % kKeys));
    switch (random_() % 8) {
      case 0:
      case 1:
        return value_step();
      case 2:
        return sum_step();
      case 3:
        return count_step();
      case 4:
      case 5:
        return list_step();
      default:
        return map_step();
    }
  }

  void value_step() {
    switch (random_() % 4) {
      case 0:
        states_->value.clear();
        model_.values.erase(name_);
        return;
      case 1:
        return check_value();
      default: {
        const Entry entry = random_entry();
        states_->value.set({entry.first, entry.second});
        model_.values[name_] = {entry, stamp()};
      }
    }
  }
  void check_value() {
    const Note* note = states_->value.get();
    Was<Entry>* wanted = living(model_.values, name_);
    REQUIRE((note != nullptr) == (wanted != nullptr));
    if (!note) return;
    REQUIRE(Entry(note->text, note->number) == wanted->kept);
    note_read(*wanted);
  }
  void sum_step() {
    switch (random_() % 5) {
      case 0:
        states_->sum.clear();
        model_.sums.erase(name_);
        return;
      case 1:
        return check_sum();
      default: {
        const auto added = static_cast<std::int64_t>(random_() % 100);
        states_->sum.add(added);
        const auto* before = living(model_.sums, name_);
        model_.sums[name_] = {(before ? before->kept : 0) + added, stamp()};
      }
    }
  }
  void check_sum() {
    const std::int64_t* sum = states_->sum.get();
    auto* wanted = living(model_.sums, name_);
    REQUIRE((sum != nullptr) == (wanted != nullptr));
    if (!sum) return;
    REQUIRE(*sum == wanted->kept);
    note_read(*wanted);
  }
  void count_step() {
    if (random_() % 3 == 0) return check_count();
    states_->counted.add(0);
    const auto* before = living(model_.counts, name_);
    model_.counts[name_] = {(before ? before->kept : 0) + 1, stamp()};
  }
  void check_count() {
    const bool any = states_->counted.get() != nullptr;
    auto* wanted = living(model_.counts, name_);
    REQUIRE(any == (wanted != nullptr));
    if (!any) return;
    REQUIRE(static_cast<std::int64_t>(states_->counted.result()) == wanted->kept);
    note_read(*wanted);
  }

  std::vector<Entry> living_rows() {
    std::vector<Entry> rows;
    for (const auto& row : model_.lists[name_])
      if (lives(row.written)) rows.push_back(row.kept);
    return rows;
  }
  void list_step() {
    switch (random_() % 8) {
      case 0:
        states_->list.clear();
        model_.lists.erase(name_);
        return;
      case 1: {
        const std::size_t before = living_rows().size();
        std::erase_if(model_.lists[name_], [](const auto& row) { return row.kept.second % 3 == 0; });
        const std::size_t gone =
            states_->list.keep_if([](const Note& note, EventTime) { return note.number % 3 != 0; });
        REQUIRE(gone == before - living_rows().size());
        return;
      }
      case 2:
        return check_list();
      case 3:
        REQUIRE(states_->list.size() == living_rows().size());
        REQUIRE(states_->list.empty() == living_rows().empty());
        return;
      default: {
        const Entry entry = random_entry();
        states_->list.add({entry.first, entry.second}, EventTime{entry.second});
        model_.lists[name_].push_back({entry, stamp()});
      }
    }
  }
  void check_list() {
    std::vector<Entry> rows;
    states_->list.for_each([&](const Note& note, EventTime time) {
      REQUIRE(time.millis == note.number);
      rows.emplace_back(note.text, note.number);
    });
    REQUIRE(rows == living_rows());
    for (auto& row : model_.lists[name_])
      if (lives(row.written)) note_read(row);
  }

  void map_step() {
    auto& model = model_.maps[name_];
    const std::string inner = {static_cast<char>('a' + random_() % 3),
                               static_cast<char>('a' + random_() % 3)};
    switch (random_() % 12) {
      case 0:
        states_->map.clear();
        model.clear();
        return;
      case 1:
      case 2:
        REQUIRE(states_->map.erase(inner) == (living(model, inner) != nullptr));
        model.erase(inner);
        return;
      case 3:
        states_->map.erase_if([](const std::string&, const Note& note) { return note.number % 4 == 0; });
        std::erase_if(model, [](const auto& entry) { return entry.second.kept.second % 4 == 0; });
        return;
      case 4:
        return check_map();
      case 5:
        return check_map_parts(inner);
      case 6: {
        const Note* note = states_->map.get(inner);
        Was<Entry>* wanted = living(model, inner);
        REQUIRE((note != nullptr) == (wanted != nullptr));
        if (!note) return;
        REQUIRE(Entry(note->text, note->number) == wanted->kept);
        return note_read(*wanted);
      }
      case 7: {
        const auto size = std::count_if(model.begin(), model.end(),
                                        [&](const auto& entry) { return lives(entry.second.written); });
        REQUIRE(states_->map.size() == static_cast<std::size_t>(size));
        REQUIRE(states_->map.empty() == (size == 0));
        return;
      }
      default: {
        const Entry entry = random_entry();
        states_->map.put(inner, {entry.first, entry.second});
        model[inner] = {entry, stamp()};
      }
    }
  }
  /// What a walk gave must be what lives of the model's keys for which `belongs` holds.
  template <class Walk, class Belongs>
  void check_walk(Walk&& walk, Belongs&& belongs, bool backwards = false) {
    std::vector<std::pair<std::string, Entry>> found, wanted;
    walk([&](const std::string& key, const Note& note) {
      found.emplace_back(key, Entry(note.text, note.number));
    });
    for (auto& [key, entry] : model_.maps[name_]) {
      if (!belongs(key) || !lives(entry.written)) continue;
      wanted.emplace_back(key, entry.kept);
      note_read(entry);
    }
    if (backwards) std::reverse(wanted.begin(), wanted.end());
    REQUIRE(found == wanted);
  }
  void check_map() {
    check_walk([&](auto visit) { states_->map.for_each(visit); }, [](const std::string&) { return true; });
  }
  void check_map_parts(const std::string& at) {
    check_walk([&](auto visit) { states_->map.for_prefix(at.substr(0, 1), visit); },
               [&](const std::string& key) { return key[0] == at[0]; });
    check_walk([&](auto visit) { states_->map.for_range(at, "cb", visit); },
               [&](const std::string& key) { return key >= at && key < "cb"; });
    check_walk([&](auto visit) { states_->map.for_each_back_from(at, visit); },
               [&](const std::string& key) { return key <= at; }, true);
  }

  SetClock environment_;
  StateWorld world_;
  const std::optional<StateTtl> ttl_;
  std::mt19937_64 random_;
  Model model_, sealed_, saved_;
  std::int64_t row_time_ = 0;
  std::string name_;
  KeyRef<Key> current_;
  std::unique_ptr<StateClock> clock_;
  std::unique_ptr<ExpirySweep> sweep_;
  std::unique_ptr<States> states_;
  std::vector<StateFetch<Key>> fetches_;
};

/// Over all configurations together.
std::size_t operations_wanted() {
  const char* wanted = std::getenv("WEIR_OPERATIONS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 30'000;
}

std::vector<WorldOptions> worlds() {
  std::vector<WorldOptions> all;
  for (const bool rocksdb : {false, true}) {
    all.push_back({rocksdb, StateMode::kHeap, 0});
    for (const std::size_t memory : {std::size_t{1}, std::size_t{50'000}, std::size_t{1} << 30})
      all.push_back({rocksdb, StateMode::kRocksDb, memory});
  }
  return all;
}

std::vector<std::optional<StateTtl>> times_to_live() {
  const StateTtl ttl = expire_after(Duration{kTimeToLive});
  return {std::nullopt, ttl, ttl.refreshed_by_reads(), ttl.by_event_time(),
          ttl.by_event_time().refreshed_by_reads()};
}

}  // namespace

TEST_CASE(
    "States of every kind equal ordinary maps in both modes, on both tiers, with and without expiry, through "
    "crashes") {
  const auto all_worlds = worlds();
  const auto all_times = times_to_live();
  const std::size_t each = operations_wanted() / (all_worlds.size() * all_times.size());
  constexpr std::size_t kOperationsASeed = 12'000;
  for (std::size_t w = 0; w < all_worlds.size(); ++w) {
    for (std::size_t t = 0; t < all_times.size(); ++t) {
      std::size_t left = each;
      for (std::uint64_t seed = 1; left > 0; ++seed) {
        const std::size_t operations = std::min(left, kOperationsASeed);
        left -= operations;
        INFO("tier " << (all_worlds[w].rocksdb_tier ? "RocksDB" : "memory") << ", memory "
                     << all_worlds[w].memory << ", time to live " << t << ", seed " << seed);
        Comparison comparison(all_worlds[w], all_times[t], seed);
        for (std::size_t n = 0; n < operations; n += Comparison::kOperationsAStep) comparison.step();
        comparison.check_all();
        comparison.empty_all();
      }
    }
  }
}

}  // namespace weir
