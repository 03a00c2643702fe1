#include "join_model.hpp"

namespace weir {

namespace {

struct Windows {
  std::int64_t size;
  std::int64_t slide;
  std::int64_t offset;
};

/// Every window by itself, over the rows that came before it was joined.
class WindowModel final : public JoinModel {
 public:
  WindowModel(const Windows& windows, JoinKind kind) : windows_(windows), kind_(kind) {}

  void left(const JoinStep& row) override { take(row, left_, late_left); }
  void right(const JoinStep& row) override { take(row, right_, late_right); }
  void watermark(std::int64_t to) override {
    watermark_ = std::max(watermark_, to);
    if (to == EventTime::max().millis) join_all();
  }

 private:
  /// By start and key.
  using Rows = std::multimap<std::pair<std::int64_t, std::string>, std::string>;

  void take(const JoinStep& row, Rows& rows, std::vector<std::string>& late) {
    bool any = false, in_time = false;
    std::int64_t start = windows_.offset;
    while (start + windows_.size > row.millis) start -= windows_.slide;
    for (; start <= row.millis; start += windows_.slide) {
      if (start + windows_.size <= row.millis) continue;
      any = true;
      if (start + windows_.size - 1 <= watermark_) continue;
      in_time = true;
      rows.emplace(std::pair(start, row.key), row.id);
    }
    if (any && !in_time) late.push_back(row.id);
  }
  void join_all() {
    for (const auto& [place, left] : left_) {
      const auto [begin, end] = right_.equal_range(place);
      const std::int64_t last = place.first + windows_.size - 1;
      for (auto it = begin; it != end; ++it) results.emplace_back(last, left, it->second);
      if (begin == end && (kind_ == JoinKind::kLeft || kind_ == JoinKind::kFull))
        results.emplace_back(last, left, "-");
    }
    for (const auto& [place, right] : right_)
      if (left_.count(place) == 0 && (kind_ == JoinKind::kRight || kind_ == JoinKind::kFull))
        results.emplace_back(place.first + windows_.size - 1, "-", right);
  }

  const Windows windows_;
  const JoinKind kind_;
  std::int64_t watermark_ = EventTime::min().millis;
  Rows left_, right_;
};

void check(JoinKind kind, std::uint64_t first_seed) {
  for (std::uint64_t seed = first_seed; seed < first_seed + 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Windows windows{between(random, 1, 60), 0, between(random, -100, 100)};
    windows.slide = random() % 2 ? windows.size : between(random, 1 + windows.size / 5, windows.size + 20);
    const JoinScript script = random_join_script(random, 10);
    WindowModel model(windows, kind);
    const AlignedWindows<> said = windows.slide == windows.size
                                      ? tumbling(Duration{windows.size})
                                      : sliding(Duration{windows.size}, Duration{windows.slide});
    check_join(join_harness([&](auto orders, auto rates) {
                 return joined_as(orders.join(rates).window(said.offset(Duration{windows.offset})), kind);
               }),
               model, script);
  }
}

}  // namespace

TEST_CASE("Inner window joins agree with a naive model") { check(JoinKind::kInner, 1); }
TEST_CASE("Left window joins agree with a naive model") { check(JoinKind::kLeft, 100'000); }
TEST_CASE("Right window joins agree with a naive model") { check(JoinKind::kRight, 200'000); }
TEST_CASE("Full window joins agree with a naive model") { check(JoinKind::kFull, 300'000); }

}  // namespace weir
