#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include <weir/state/tier.hpp>

#include "scratch_directory.hpp"

namespace weir {

namespace {

using Model = std::map<std::string, std::string>;

/// A tier and the map it must equal, driven through everything a tier can do.
class Comparison {
 public:
  Comparison(StateBackend& backend, std::uint64_t seed)
      : backend_(backend), random_(seed), tier_(backend.create(0)) {}

  void step() {
    switch (random_() % 64) {
      case 0:
        return take_snapshot();
      case 1:
        return go_back();
      case 2:
        return check_all();
      case 3:
      case 4:
      case 5:
      case 6:
        return scan();
      case 7:
      case 8:
      case 9:
      case 10:
        return multi_get();
      default:
        return change();
    }
  }
  std::size_t operations() const { return operations_; }

  void check_all() {
    REQUIRE((content(*tier_) == model_));
    if (saved_) check_saved();
    ++operations_;
  }

 private:
  struct Saved {
    std::vector<SnapshotFile> files;
    Model model;
  };

  /// Few enough keys that they are overwritten and dropped often; many with a common beginning.
  std::string key() {
    std::string key(random_() % 2, 'k');
    key.append(random_() % 3, '\xff').append(std::to_string(random_() % 3000));
    return key;
  }

  void change() {
    StateDelta delta;
    Model entries;
    const std::size_t drops = random_() % 4 == 0 ? 1 + random_() % 3 : 0;
    for (std::size_t i = 0; i < drops; ++i) {
      std::string begin = key(), end = key();
      if (end < begin) std::swap(begin, end);
      if (random_() % 4 != 0) end = begin + "5";  // mostly narrow, or nothing would ever stay
      delta.drop_range(begin, end);
      model_.erase(model_.lower_bound(begin), model_.lower_bound(end));
    }
    for (std::size_t i = random_() % 900; i > 0; --i) {
      const std::string k = key(), value = std::to_string(random_());
      delta.put(k, value);
      entries[k] = value;
      ++operations_;
    }
    delta.sort();
    tier_->apply(delta);
    for (auto& [k, value] : entries) model_[k] = value;
    operations_ += drops;
  }

  void scan() {
    const std::string begin = key(), end = random_() % 8 == 0 ? "" : key();
    Model found;
    std::string previous;
    tier_->scan(begin, end, [&](std::string_view k, std::string_view value) {
      REQUIRE((found.empty() || previous < k));
      previous = k;
      found.emplace(k, value);
    });
    Model expected;
    for (auto it = model_.lower_bound(begin); it != model_.end() && (end.empty() || it->first < end); ++it)
      expected.insert(*it);
    REQUIRE((found == expected));
    ++operations_;
  }

  void multi_get() {
    std::vector<std::string> keys(random_() % 100);
    for (std::string& k : keys) k = key();
    const auto values = tier_->multi_get(keys);
    REQUIRE(values.size() == keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto it = model_.find(keys[i]);
      REQUIRE((values[i] == (it == model_.end() ? std::nullopt : std::optional(it->second))));
    }
    operations_ += keys.size();
  }

  void take_snapshot() {
    saved_ = Saved{tier_->snapshot(), model_};
    ++operations_;
  }

  void go_back() {
    if (!saved_) return;
    const auto earlier = std::exchange(saved_, std::nullopt);
    // The files go with the tier that made them, as in a restart they come from elsewhere.
    const auto files = copied(earlier->files);
    tier_.reset();
    tier_ = backend_.open(0, files);
    model_ = earlier->model;
    REQUIRE((content(*tier_) == model_));
    ++operations_;
  }

  void check_saved() {
    const auto reopened = backend_.open(1, saved_->files);
    REQUIRE((content(*reopened) == saved_->model));
  }

  std::vector<SnapshotFile> copied(std::vector<SnapshotFile> files) {
    for (SnapshotFile& file : files) {
      if (file.path.empty()) continue;
      const auto to = elsewhere_.path() / file.name;
      // It may be there from an earlier snapshot, even as another name of the same file, which would be no copy.
      std::filesystem::remove(to);
      std::filesystem::copy_file(file.path, to);
      file.path = to;
    }
    return files;
  }

  static Model content(const StateTier& tier) {
    Model content;
    tier.scan("", "", [&](std::string_view k, std::string_view value) { content.emplace(k, value); });
    return content;
  }

  StateBackend& backend_;
  std::mt19937_64 random_;
  std::unique_ptr<StateTier> tier_;
  Model model_;
  std::optional<Saved> saved_;
  ScratchDirectory elsewhere_;
  std::size_t operations_ = 0;
};

constexpr std::size_t kOperations = 250'000;

void compare(StateBackend& backend) {
  constexpr std::uint64_t kSeed = 20240607;
  INFO("seed " << kSeed);
  Comparison comparison(backend, kSeed);
  while (comparison.operations() < kOperations) comparison.step();
  comparison.check_all();
}

}  // namespace

TEST_CASE("The memory tier does what an ordered map does") {
  const auto backend = make_memory_backend();
  compare(*backend);
}

TEST_CASE("The RocksDB tier does what an ordered map does") {
  const ScratchDirectory directory;
  const auto backend = make_rocksdb_backend({directory.string(), 16 * 1024 * 1024});
  compare(*backend);
}

}  // namespace weir
