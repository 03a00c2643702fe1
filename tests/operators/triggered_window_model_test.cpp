#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "window_scripts.hpp"

namespace weir {

namespace {

constexpr std::int64_t kNever = EventTime::max().millis;
const std::int64_t kBegin = testing::kWallClockBegins.millis;

/// What a random pipeline is made of.
struct Shape {
  enum Windows { kGlobal, kOfRow, kOfClock } windows;
  enum Trigger { kDefault, kCount, kEventEvery, kClockEvery, kDelta } trigger;
  bool purging;
  enum Evict { kNone, kLast, kLatest, kWithin } before, after;
  std::int64_t n;     ///< rows, milliseconds or distance, as the trigger wants
  std::int64_t keep;  ///< the same for evictors
  std::int64_t size;
  std::int64_t slide;
  std::int64_t lateness;
};

std::int64_t floor_to(std::int64_t t, std::int64_t n) { return t - ((t % n) + n) % n; }

/// Windows of `size` every `slide`; rows of odd value are in the first of them only.
std::vector<Window> windows_of_row(const Shape& shape, std::int64_t t, std::int32_t value) {
  std::vector<Window> windows;
  for (std::int64_t start = floor_to(t, shape.slide); start + shape.size > t; start -= shape.slide)
    windows.push_back({EventTime{start}, EventTime{start + shape.size}});
  if (value % 2 != 0 && windows.size() > 1) windows.resize(1);
  return windows;
}

/// Windows, triggers and evictors as the documentation says them: every step looks at everything.
class Model {
 public:
  using Result = std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t, std::string, int>;

  explicit Model(const Shape& shape) : shape_(shape) {}

  void row(const std::string& user, const Click& click, std::int64_t t) {
    std::vector<Window> windows{{EventTime::min(), EventTime::max()}};
    if (shape_.windows == Shape::kOfRow) windows = windows_of_row(shape_, t, click.value);
    if (shape_.windows == Shape::kOfClock) windows = windows_of_row(shape_, clock_, 0);
    bool late_for_all = !windows.empty();
    for (const Window& window : windows) {
      if (shape_.windows == Shape::kOfRow && window.last().millis + shape_.lateness <= watermark_) continue;
      late_for_all = false;
      Open& open = open_[{user, window}];
      open.rows.push_back({click.number, click.value, t});
      open.latest = std::max(open.latest, t);
      on_row(user, window, open, click, t);
    }
    late += late_for_all;
  }
  void watermark(std::int64_t to) {
    watermark_ = std::max(watermark_, to);
    for (auto it = open_.begin(); it != open_.end();) {
      auto& [place, open] = *it;
      const std::int64_t last = place.second.last().millis;
      const std::int64_t close = shape_.windows == Shape::kOfRow ? last + shape_.lateness : kNever;
      while (!open.timers.empty() && *open.timers.begin() <= std::min(watermark_, close)) {
        const std::int64_t time = *open.timers.begin();
        open.timers.erase(time);
        int kind = 0;
        if (shape_.windows == Shape::kOfRow) kind = time < last ? 0 : time == last ? 1 : 2;
        fire(place.first, place.second, open, time, kind);
      }
      it = close <= watermark_ && shape_.windows == Shape::kOfRow ? open_.erase(it) : std::next(it);
    }
  }
  void wall_clock(std::int64_t to) { pass_clock(kBegin + to); }
  void end() {
    watermark(kNever);
    pass_clock(kNever);
  }

  std::vector<Result> results;
  double late = 0;

 private:
  struct Row {
    std::int64_t number;
    std::int32_t value;
    std::int64_t millis;
  };
  struct Open {
    std::vector<Row> rows;
    std::int64_t latest = EventTime::min().millis;
    std::int64_t count = 0;
    std::optional<std::int32_t> last_fired;
    std::set<std::int64_t> timers;
    std::set<std::int64_t> clock_timers;
  };

  void on_row(const std::string& user, const Window& window, Open& open, const Click& click, std::int64_t t) {
    const std::int64_t last = window.last().millis;
    const bool by_row = shape_.windows == Shape::kOfRow;
    const int kind = by_row && last <= watermark_ ? 2 : 0;
    const std::int64_t next = floor_to(std::max(t, watermark_), shape_.n) + shape_.n;
    switch (shape_.trigger) {
      case Shape::kDefault:
        if (shape_.windows == Shape::kOfClock) open.clock_timers.insert(window.end.millis);
        else if (last <= watermark_) fire(user, window, open, t, kind);
        else open.timers.insert(last);
        break;
      case Shape::kCount:
        if (++open.count < shape_.n) return;
        open.count = 0;
        fire(user, window, open, t, kind);
        break;
      case Shape::kEventEvery:
        if (last <= watermark_) return fire(user, window, open, t, kind);
        if (next < last) open.timers.insert(next);
        if (shape_.windows != Shape::kGlobal) open.timers.insert(last);
        break;
      case Shape::kClockEvery:
        open.clock_timers.insert(floor_to(clock_, shape_.n) + shape_.n);
        break;
      case Shape::kDelta: {
        const bool far = open.last_fired && std::abs(click.value - *open.last_fired) > shape_.n;
        if (far || !open.last_fired) open.last_fired = click.value;
        if (far) fire(user, window, open, t, kind);
        break;
      }
    }
  }
  void pass_clock(std::int64_t to) {
    clock_ = std::max(clock_, to);
    for (auto it = open_.begin(); it != open_.end();) {
      auto& [place, open] = *it;
      const bool by_clock = shape_.windows == Shape::kOfClock;
      const std::int64_t end = by_clock ? place.second.end.millis : kNever;
      while (!open.clock_timers.empty() && *open.clock_timers.begin() <= std::min(clock_, end)) {
        const std::int64_t time = *open.clock_timers.begin();
        open.clock_timers.erase(time);
        int kind = by_clock && time >= end ? 1 : 0;
        if (shape_.windows == Shape::kOfRow && place.second.last().millis <= watermark_) kind = 2;
        fire(place.first, place.second, open, open.latest, kind);
      }
      it = by_clock && end <= clock_ ? open_.erase(it) : std::next(it);
    }
  }
  void evict(Shape::Evict how, std::vector<Row>& rows) const {
    if (how == Shape::kNone || rows.empty()) return;
    std::vector<Row> kept;
    std::int64_t latest = EventTime::min().millis;
    for (const Row& row : rows) latest = std::max(latest, row.millis);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool keep = how == Shape::kLast     ? static_cast<std::int64_t>(rows.size() - i) <= shape_.keep
                        : how == Shape::kLatest ? rows[i].millis > latest - shape_.keep
                                                : std::abs(rows[i].value - rows.back().value) < shape_.keep;
      if (keep) kept.push_back(rows[i]);
    }
    rows = kept;
  }
  void fire(const std::string& user, const Window& window, Open& open, std::int64_t time, int kind) {
    evict(shape_.before, open.rows);
    if (!open.rows.empty()) {
      std::string numbers;
      std::int64_t start = window.start.millis, end = window.end.millis, at = window.last().millis;
      if (shape_.windows == Shape::kGlobal) {
        start = kNever, end = EventTime::min().millis, at = time;
        for (const Row& row : open.rows)
          start = std::min(start, row.millis), end = std::max(end, row.millis + 1);
      }
      for (const Row& row : open.rows) numbers += std::to_string(row.number) + " ";
      results.emplace_back(at, user, start, end, numbers, kind);
    }
    evict(shape_.after, open.rows);
    if (shape_.purging) open.rows.clear();
    if (open.rows.empty()) open.latest = EventTime::min().millis;
  }

  const Shape shape_;
  std::int64_t watermark_ = -1'000'000;
  std::int64_t clock_ = kBegin;
  std::map<std::pair<std::string, Window>, Open> open_;
};

struct Seen {
  std::string_view user;
  EventTime start;
  EventTime end;
  std::string_view rows;
  std::int32_t kind;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (user, start, end, rows, kind))

/// One of several evictors, chosen when the pipeline is made.
struct Chosen {
  Shape::Evict how;
  std::int64_t keep;
  void operator()(WindowRows<Click>& rows) const {
    const auto apart = [](const Click& click, const Click& last) {
      return std::abs(click.value - last.value);
    };
    if (how == Shape::kLast) keep_last(static_cast<std::size_t>(keep))(rows);
    if (how == Shape::kLatest) keep_latest(Duration{keep})(rows);
    if (how == Shape::kWithin) keep_within(static_cast<double>(keep), apart)(rows);
  }
};

template <class Windows>
void check(const Shape& shape, const WindowScript& script, Pipeline& pipeline, const Windows& windows) {
  const auto see = [](std::string_view user, const Window& window, WindowPane pane,
                      const WindowRows<Click>& rows, auto&& collect) {
    std::string numbers;
    for (const Click& click : rows) numbers += std::to_string(click.number) + " ";
    collect(Seen{user, window.start, window.end, numbers, static_cast<std::int32_t>(pane.kind)});
  };
  windows.evict(Chosen{shape.before, shape.keep})
      .evict_after(Chosen{shape.after, shape.keep})
      .template process<Seen>("window", see)
      .sink("results");
  auto harness = testing::harness_for<Click, Seen>(pipeline.graph(), "window");
  Model model(shape);
  tell(script, harness, model);
  std::vector<Model::Result> results;
  for (const auto& [row, time] : harness.output())
    results.emplace_back(time.millis, row.user, row.start.millis, row.end.millis, row.rows, row.kind);
  std::sort(results.begin(), results.end());
  std::sort(model.results.begin(), model.results.end());
  REQUIRE(as_text(results) == as_text(model.results));
  REQUIRE(harness.metric("weir_operator_late_records_total") == model.late);
  if (shape.windows != Shape::kGlobal) REQUIRE(harness.stored_entries() == 0);
}

template <bool kHasDefault, class Windows>
void trigger(const Shape& shape, const WindowScript& script, Pipeline& pipeline, const Windows& windows) {
  const auto with = [&](auto chosen) {
    if (shape.purging) check(shape, script, pipeline, windows.trigger(purging(chosen)));
    else check(shape, script, pipeline, windows.trigger(chosen));
  };
  switch (shape.trigger) {
    case Shape::kDefault:
      if constexpr (kHasDefault) check(shape, script, pipeline, windows);
      break;
    case Shape::kCount:
      with(every_count(static_cast<std::uint64_t>(shape.n)));
      break;
    case Shape::kEventEvery:
      with(event_time_every(Duration{shape.n}));
      break;
    case Shape::kClockEvery:
      with(processing_time_every(Duration{shape.n}));
      break;
    case Shape::kDelta:
      with(delta(static_cast<double>(shape.n),
                 [](const Click& last, const Click& click) { return std::abs(click.value - last.value); }));
      break;
  }
}

Shape random_shape(Random& random, std::int64_t lateness) {
  Shape shape{};
  shape.windows = static_cast<Shape::Windows>(random() % 3);
  shape.trigger = static_cast<Shape::Trigger>(random() % 5);
  if (shape.windows == Shape::kGlobal && shape.trigger == Shape::kDefault) shape.trigger = Shape::kCount;
  shape.purging = shape.trigger != Shape::kDefault && random() % 2;
  shape.before = random() % 2 ? Shape::kNone : static_cast<Shape::Evict>(random() % 4);
  shape.after = random() % 2 ? Shape::kNone : static_cast<Shape::Evict>(random() % 4);
  shape.n = 1 + below(random, shape.trigger == Shape::kCount ? 4 : 25);
  shape.keep = below(random, 20);
  shape.slide = 1 + below(random, 30);
  shape.size = shape.slide * (1 + below(random, 3));
  shape.lateness = lateness;
  return shape;
}

}  // namespace

TEST_CASE(
    "Triggers, assigners and evictors agree with a naive model over random shapes, disorder, lateness, "
    "restarts "
    "and memory") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const WindowScript script = random_window_script(random);
    const Shape shape = random_shape(random, script.lateness);
    INFO("windows " << shape.windows << " trigger " << shape.trigger << " purging " << shape.purging
                    << " before " << shape.before << " after " << shape.after << " n " << shape.n << " keep "
                    << shape.keep);
    Pipeline pipeline("model");
    auto keys = pipeline.source<Click>("clicks").key_by(&Click::user);
    switch (shape.windows) {
      case Shape::kGlobal:
        trigger<false>(shape, script, pipeline, keys.window(global()));
        break;
      case Shape::kOfRow:
        trigger<true>(shape, script, pipeline,
                      keys.window([shape](EventTime time, const Click& click) {
                            return windows_of_row(shape, time.millis, click.value);
                          })
                          .allowed_lateness(Duration{shape.lateness}));
        break;
      case Shape::kOfClock:
        trigger<true>(
            shape, script, pipeline,
            keys.window(shape.size == shape.slide
                            ? tumbling_processing_time(Duration{shape.size})
                            : sliding_processing_time(Duration{shape.size}, Duration{shape.slide})));
        break;
    }
  }
}

}  // namespace weir
