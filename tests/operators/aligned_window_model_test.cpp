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

using Random = std::mt19937_64;
using Kind = WindowPlan::Kind;
constexpr std::int64_t kHour = 3'600'000;

struct Shape {
  Kind kind;
  std::int64_t size, step, offset, lateness;
  std::int64_t early_event, early_processing;
  bool purging;
  std::int64_t unit;  ///< of the script's times
  std::int64_t begin;
  std::size_t memory;
};

Shape random_shape(Random& random, Kind kind) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  Shape shape{};
  shape.kind = kind;
  shape.step = 1 + below(12);
  shape.size = kind == Kind::kCumulative ? shape.step * (1 + below(6)) : 1 + below(40);
  shape.offset = below(60) - 30;
  shape.lateness = random() % 2 ? below(60) : 0;
  if (random() % 2) shape.early_event = 1 + below(20);
  if (random() % 3 == 0) shape.early_processing = 1 + below(20);
  shape.purging = random() % 4 == 0;
  shape.unit = 1;
  shape.begin = below(200) - 100;
  // The second has room for some panes, or for running totals.
  static constexpr std::size_t kMemory[] = {1, 300'000, 1 << 24};
  shape.memory = kMemory[random() % 3];
  if (kind == Kind::kCalendarDays) {
    shape.unit = kHour;
    // Around the spring or the autumn change of 2024 in Berlin.
    shape.begin =
        (random() % 2 ? std::int64_t{1'711'843'200'000} : std::int64_t{1'729'987'200'000}) / kHour - 60;
    shape.offset = random() % 2 ? 0 : below(6) - 3;
  }
  return shape;
}

/// Windows as naively as can be.
std::vector<Window> windows_of(const Shape& shape, std::int64_t t) {
  std::vector<Window> windows;
  if (shape.kind == Kind::kCalendarDays) {
    const auto day = [&](std::int64_t hour) {
      const std::int64_t utc = hour - shape.offset;
      const bool summer = utc * kHour >= 1'711'846'800'000 && utc * kHour < 1'729'990'800'000;
      return (utc + (summer ? 2 : 1)) / 24;
    };
    std::int64_t start = t, end = t + 1;
    while (day(start - 1) == day(t)) --start;
    while (day(end) == day(t)) ++end;
    return {{{start}, {end}}};
  }
  const std::int64_t between =
      shape.kind == Kind::kTumbling || shape.kind == Kind::kCumulative ? shape.size : shape.step;
  std::int64_t start = shape.offset;
  while (start > t) start -= between;
  while (start + between <= t) start += between;
  if (shape.kind == Kind::kCumulative) {
    for (std::int64_t end = start + shape.step; end <= start + shape.size; end += shape.step)
      if (t < end) windows.push_back({{start}, {end}});
  } else {
    for (; start + shape.size > t; start -= between) windows.push_back({{start}, {start + shape.size}});
  }
  return windows;
}

struct Fired {
  std::uint32_t key;
  EventTime start, end;
  std::int32_t kind;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Fired, (), (key, start, end, kind, value))

struct Numbered {
  std::uint32_t key;
  std::int32_t value;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (key, value))

/// The specification once more, over all rows of a window at once.
class Model {
 public:
  using Row = std::tuple<std::int64_t, std::uint32_t, std::int64_t, std::int32_t, std::string>;
  using ValueOf = std::string (*)(const std::vector<std::int32_t>&);

  Model(const Shape& shape, ValueOf value_of) : shape_(shape), value_of_(value_of) {}

  void row(std::uint32_t key, std::int32_t value, std::int64_t t) {
    const std::vector<Window> windows = windows_of(shape_, t);
    bool taken = false;
    for (const Window& window : windows) {
      if (last(window) + shape_.lateness * shape_.unit <= watermark_) continue;
      taken = true;
      Content& content = contents_[{window, key}];
      content.values.push_back(value);
      if (last(window) <= watermark_) fire(window, key, content, PaneKind::kLate);
      else content.changed = true;
    }
    if (!windows.empty() && !taken) ++late;
    if (taken && shape_.early_processing && due_ < 0)
      due_ = (wall_ / shape_.early_processing + 1) * shape_.early_processing;
  }
  void watermark(std::int64_t to) {
    if (to <= watermark_) return;
    for (auto& [place, content] : contents_)
      if (last(place.first) > watermark_ && last(place.first) <= to)
        fire(place.first, place.second, content, PaneKind::kOnTime);
    const std::int64_t interval = shape_.early_event * shape_.unit;
    const auto multiple = [&](std::int64_t t) {
      std::int64_t n = (t + 1) / interval;
      while (n * interval > t + 1) --n;
      return n;
    };
    const bool early = interval && to != EventTime::max().millis &&
                       (watermark_ == EventTime::min().millis || multiple(to) > multiple(watermark_));
    watermark_ = to;
    if (early) fire_early();
  }
  void wall(std::int64_t to) {
    wall_ = to;
    if (due_ < 0 || wall_ < due_) return;
    due_ = -1;
    fire_early();
  }

  std::vector<Row> results;
  double late = 0;

 private:
  struct Content {
    std::vector<std::int32_t> values;
    bool changed = false;
  };
  std::int64_t last(const Window& window) const { return window.end.millis * shape_.unit - 1; }
  void fire(const Window& window, std::uint32_t key, Content& content, PaneKind kind) {
    if (content.values.empty()) return;
    results.emplace_back(last(window), key, window.start.millis * shape_.unit,
                         static_cast<std::int32_t>(kind), value_of_(content.values));
    if (shape_.purging) content.values.clear();
  }
  void fire_early() {
    for (auto& [place, content] : contents_)
      if (std::exchange(content.changed, false) && last(place.first) > watermark_)
        fire(place.first, place.second, content, PaneKind::kEarly);
  }

  const Shape shape_;
  const ValueOf value_of_;
  std::map<std::pair<Window, std::uint32_t>, Content> contents_;  // never forgets: lateness alone decides
  std::int64_t watermark_ = EventTime::min().millis;
  std::int64_t wall_ = testing::kWallClockBegins.millis;
  std::int64_t due_ = -1;
};

/// Sums, with a way back.
struct SumOfValues {
  using Accumulator = std::int64_t;
  std::int32_t lift(const Numbered& n) const { return n.value; }
  void add(std::int64_t& sum, std::int32_t value) const { sum += value; }
  void merge(std::int64_t& sum, std::int64_t other) const { sum += other; }
  void retract(std::int64_t& sum, std::int64_t other) const { sum -= other; }
  Fired result(std::uint32_t key, const Window& w, WindowPane pane, std::int64_t sum) const {
    return {key, w.start, w.end, static_cast<std::int32_t>(pane.kind), std::to_string(sum)};
  }
  static std::string of(const std::vector<std::int32_t>& values) {
    std::int64_t sum = 0;
    for (const std::int32_t value : values) sum += value;
    return std::to_string(sum);
  }
};

/// Every value in order of size, in text: no way back, and an accumulator that owns memory.
struct SortedValues {
  using Accumulator = std::string;
  char lift(const Numbered& n) const { return static_cast<char>('a' + (n.value + 500) % 26); }
  void add(std::string& all, char value) const {
    all.insert(std::lower_bound(all.begin(), all.end(), value), value);
  }
  void merge(std::string& all, const std::string& other) const {
    all += other;
    std::sort(all.begin(), all.end());
  }
  Fired result(std::uint32_t key, const Window& w, WindowPane pane, const std::string& all) const {
    return {key, w.start, w.end, static_cast<std::int32_t>(pane.kind), all};
  }
  static std::string of(const std::vector<std::int32_t>& values) {
    std::string all;
    for (const std::int32_t value : values) SortedValues().add(all, SortedValues().lift({0, value}));
    return all;
  }
};

std::string in_order(const std::vector<std::int32_t>& values) {
  std::string all;
  for (const std::int32_t value : values) all += std::to_string(value) + " ";
  return all;
}

enum class Way { kSum, kSorted, kProcess };

template <bool kEarly>
JobGraph graph_of(AlignedWindows<kEarly> windows, const Shape& shape, Way way) {
  const Duration unit{shape.unit};
  windows = windows.offset(shape.offset * unit).allowed_lateness(shape.lateness * unit);
  if (shape.purging) windows = windows.purging();
  Pipeline pipeline("model");
  auto keyed = pipeline.source<Numbered>("rows").key_by(&Numbered::key).window(windows);
  if (way == Way::kSum) keyed.aggregate("window", SumOfValues{}).sink("results");
  if (way == Way::kSorted) keyed.aggregate("window", SortedValues{}).sink("results");
  if (way == Way::kProcess)
    keyed
        .template process<Fired>(
            "window",
            [](std::uint32_t key, const Window& w, WindowPane pane, const auto& rows, auto&& collect) {
              std::string all;
              for (const Numbered& n : rows) all += std::to_string(n.value) + " ";
              collect(Fired{key, w.start, w.end, static_cast<std::int32_t>(pane.kind), all});
            })
        .sink("results");
  return pipeline.graph();
}

AlignedWindows<> windows_for(const Shape& shape) {
  switch (shape.kind) {
    case Kind::kTumbling:
      return tumbling(Duration{shape.size});
    case Kind::kSliding:
      return sliding(Duration{shape.size}, Duration{shape.step});
    case Kind::kCumulative:
      return cumulative(Duration{shape.size}, Duration{shape.step});
    default:
      return calendar_days("Europe/Berlin");
  }
}

JobGraph graph_for(const Shape& shape, Way way) {
  const AlignedWindows<> windows = windows_for(shape);
  if (shape.early_event == 0 && shape.early_processing == 0) return graph_of(windows, shape, way);
  AlignedWindows<true> early = shape.early_event
                                   ? windows.early_every(Duration{shape.early_event * shape.unit})
                                   : windows.early_every_processing_time(Duration{shape.early_processing});
  if (shape.early_processing) early = early.early_every_processing_time(Duration{shape.early_processing});
  return graph_of(early, shape, way);
}

std::string as_text(const std::vector<Model::Row>& rows) {
  std::string text;
  for (const auto& [time, key, start, kind, value] : rows)
    text += std::to_string(start) + " to " + std::to_string(time) + ", key " + std::to_string(key) +
            ", kind " + std::to_string(kind) + ": " + value + "\n";
  return text;
}

void check(Random& random, Kind kind) {
  const Shape shape = random_shape(random, kind);
  const Way way = static_cast<Way>(random() % 3);
  auto harness = testing::harness_for<Numbered, Fired>(graph_for(shape, way), "window");
  harness.memory(shape.memory).max_parallelism(8);
  Model model(shape, way == Way::kSum      ? &SumOfValues::of
                     : way == Way::kSorted ? &SortedValues::of
                                           : &in_order);

  const std::uint64_t keys = 1 + random() % 5;
  const std::uint64_t disorder = 1 + random() % 60;
  std::int64_t now = shape.begin, watermark = shape.begin - 1000, wall = 0;
  for (std::size_t n = 4 + random() % 26; n > 0; --n) {
    now += static_cast<std::int64_t>(random() % (random() % 20 ? 6 : 200));
    const std::uint64_t what = random() % 12;
    if (what == 0) {
      harness.restart();
    } else if (what == 1) {
      harness.wall_clock(Duration{wall += static_cast<std::int64_t>(random() % 30)});
      model.wall((testing::kWallClockBegins + Duration{wall}).millis);
    } else if (what <= 3) {
      watermark = std::max(watermark, now - static_cast<std::int64_t>(random() % 50));
      const std::int64_t millis = watermark * shape.unit - static_cast<std::int64_t>(random() % 2);
      harness.watermark(EventTime{millis});
      model.watermark(millis);
    } else {
      const auto key = static_cast<std::uint32_t>(random() % keys);
      const auto value = static_cast<std::int32_t>(random() % 1000) - 500;
      const std::int64_t t = now - static_cast<std::int64_t>(random() % disorder);
      harness.record({key, value}, EventTime{t * shape.unit});
      model.row(key, value, t);
    }
  }
  harness.end();
  model.watermark(EventTime::max().millis);
  harness.watermark(EventTime{EventTime::max().millis / 4});  // what may still be late is kept beyond the end
  std::vector<Model::Row> results;
  for (const auto& [row, time] : harness.output())
    results.emplace_back(time.millis, row.key, row.start.millis, row.kind, row.value);
  std::sort(results.begin(), results.end());
  std::sort(model.results.begin(), model.results.end());
  REQUIRE(as_text(results) == as_text(model.results));
  REQUIRE(harness.metric("weir_operator_late_records_total") == model.late);
  REQUIRE(harness.stored_entries() == 0);
}

void check_all(Kind kind, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    check(random, kind);
  }
}

}  // namespace

TEST_CASE("Tumbling windows agree with a naive model over early firing, purging, lateness and restarts") {
  check_all(Kind::kTumbling, 10'000);
}
TEST_CASE("Sliding windows agree with a naive model over early firing, purging, lateness and restarts") {
  check_all(Kind::kSliding, 10'000);
}
TEST_CASE("Cumulative windows agree with a naive model over early firing, purging, lateness and restarts") {
  check_all(Kind::kCumulative, 10'000);
}
TEST_CASE("Calendar days agree with a naive model around changes of clocks") {
  check_all(Kind::kCalendarDays, 10'000);
}

}  // namespace weir
