#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

/// What a script of one run says, in order; a restart stands for itself.
struct Step {
  enum class Kind { kRow, kWatermark, kRestart } kind;
  std::uint32_t key;
  std::int32_t value;
  std::int64_t millis;
};

struct Shape {
  std::int64_t size;
  std::int64_t offset;
  std::int64_t lateness;
  std::uint32_t keys;
  std::size_t memory;
};

using Random = std::mt19937_64;

Shape random_shape(Random& random) {
  const std::int64_t size = 1 + static_cast<std::int64_t>(random() % 50);
  return {size, static_cast<std::int64_t>(random() % 100) - 50,
          random() % 2 ? static_cast<std::int64_t>(random() % 120) : 0,
          1 + static_cast<std::uint32_t>(random() % 40),
          random() % 2 ? std::size_t{1} : std::size_t{1} << (14 + random() % 10)};
}

std::vector<Step> random_script(Random& random, std::uint32_t keys) {
  std::vector<Step> script;
  std::int64_t now = static_cast<std::int64_t>(random() % 400) - 200;
  std::int64_t watermark = now - 300;
  const std::int64_t disorder = 1 + static_cast<std::int64_t>(random() % 150);
  for (std::size_t n = 5 + random() % 60; n > 0; --n) {
    now += static_cast<std::int64_t>(random() % 12);
    const std::uint64_t what = random() % 10;
    if (what == 0) {
      script.push_back({Step::Kind::kRestart, 0, 0, 0});
    } else if (what == 1) {
      watermark = std::max(watermark, now - static_cast<std::int64_t>(random() % 80));
      script.push_back({Step::Kind::kWatermark, 0, 0, watermark});
    } else {
      script.push_back({Step::Kind::kRow, static_cast<std::uint32_t>(random() % keys),
                        static_cast<std::int32_t>(random() % 1000) - 500,
                        now - static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(disorder))});
    }
  }
  return script;
}

/// The specification once more, as naive as can be: (time, key, window start, sum) of every result.
class Model {
 public:
  using Row = std::tuple<std::int64_t, std::uint32_t, std::int64_t, std::int64_t>;

  explicit Model(const Shape& shape) : shape_(shape) {}

  void row(std::uint32_t key, std::int32_t value, std::int64_t millis) {
    std::int64_t start = shape_.offset;
    while (start > millis) start -= shape_.size;
    while (start + shape_.size <= millis) start += shape_.size;
    const std::int64_t last = start + shape_.size - 1;
    if (last + shape_.lateness <= watermark_) {
      ++late;
      return;
    }
    std::int64_t& sum = sums_[{start, key}];
    sum += value;
    if (last <= watermark_) results.emplace_back(last, key, start, sum);
  }
  void watermark(std::int64_t to) {
    for (const auto& [place, sum] : sums_) {
      const std::int64_t last = place.first + shape_.size - 1;
      if (last > watermark_ && last <= to) results.emplace_back(last, place.second, place.first, sum);
    }
    watermark_ = std::max(watermark_, to);
  }

  std::vector<Row> results;
  double late = 0;

 private:
  const Shape shape_;
  std::map<std::pair<std::int64_t, std::uint32_t>, std::int64_t>
      sums_;  // never forgets: lateness alone decides
  std::int64_t watermark_ = EventTime::min().millis;
};

struct Numbered {
  std::uint32_t key;
  std::string_view name;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (key, name, value))

struct Pair {
  std::uint8_t low;
  std::string_view name;
  friend bool operator==(const Pair&, const Pair&) = default;
};
BOOST_DESCRIBE_STRUCT(Pair, (), (low, name))

std::string name_of(std::uint32_t key) {
  return key == 0 ? "" : "key " + std::to_string(key) + std::string(key % 30, 'x');
}

std::uint32_t number_of(std::uint32_t key, const std::map<std::string, std::uint32_t>&) { return key; }
std::uint32_t number_of(std::int64_t key, const std::map<std::string, std::uint32_t>&) {
  return static_cast<std::uint32_t>(-key / 128);
}
std::uint32_t number_of(std::string_view key, const std::map<std::string, std::uint32_t>& numbers) {
  return numbers.at(std::string(key));
}
std::uint32_t number_of(const Pair& key, const std::map<std::string, std::uint32_t>& numbers) {
  return number_of(key.name, numbers);
}

/// Runs the script through the engine, keyed as `key_of` says, and compares.
template <class KeyOf>
void check(const Shape& shape, const std::vector<Step>& script, KeyOf key_of) {
  using Key = std::remove_cvref_t<std::invoke_result_t<KeyOf, const Numbered&>>;
  Pipeline pipeline("model");
  pipeline.source<Numbered>("rows")
      .key_by(key_of)
      .window(tumbling(Duration{shape.size})
                  .offset(Duration{shape.offset})
                  .allowed_lateness(Duration{shape.lateness}))
      .aggregate("window", sum(&Numbered::value))
      .sink("results");
  auto harness = testing::harness_for<Numbered, WindowResult<Key, std::int64_t>>(pipeline.graph(), "window");
  harness.memory(shape.memory);
  Model model(shape);
  std::map<std::string, std::uint32_t> numbers;
  for (const Step& step : script) {
    const std::string name = name_of(step.key);
    numbers[name] = step.key;
    switch (step.kind) {
      case Step::Kind::kRow:
        harness.record({step.key, name, step.value}, EventTime{step.millis});
        model.row(step.key, step.value, step.millis);
        break;
      case Step::Kind::kWatermark:
        harness.watermark(EventTime{step.millis});
        model.watermark(step.millis);
        break;
      case Step::Kind::kRestart:
        harness.restart();
        break;
    }
  }
  harness.end();
  model.watermark(EventTime::max().millis);
  harness.watermark(EventTime{EventTime::max().millis / 4});  // what may still be late is kept beyond the end
  std::vector<Model::Row> results;
  for (const auto& [row, time] : harness.output()) {
    REQUIRE(row.window_end - row.window_start == Duration{shape.size});
    results.emplace_back(time.millis, number_of(row.key, numbers), row.window_start.millis, row.value);
  }
  std::sort(results.begin(), results.end());
  std::sort(model.results.begin(), model.results.end());
  REQUIRE(results == model.results);
  REQUIRE(harness.metric("weir_operator_late_records_total") == model.late);
  REQUIRE(harness.stored_entries() == 0);
}

}  // namespace

TEST_CASE(
    "Tumbling windows agree with a naive model over random disorder, lateness, restarts, memory and keys") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Shape shape = random_shape(random);
    const std::vector<Step> script = random_script(random, shape.keys);
    switch (seed % 4) {
      case 0:
        check(shape, script, &Numbered::key);
        break;
      case 1:
        check(shape, script, &Numbered::name);
        break;
      case 2:
        check(shape, script, [](const Numbered& n) { return -static_cast<std::int64_t>(n.key) * 128; });
        break;
      default:
        check(shape, script, [](const Numbered& n) {
          return Pair{static_cast<std::uint8_t>(n.key), n.name};
        });
    }
  }
}

}  // namespace weir
