#include "join_model.hpp"

namespace weir {

namespace {

/// Every row against every other one.
class IntervalModel final : public JoinModel {
 public:
  IntervalModel(std::int64_t lower, std::int64_t upper, JoinKind kind)
      : left_{lower, upper, kind == JoinKind::kLeft || kind == JoinKind::kFull, {}},
        right_{-upper, -lower, kind == JoinKind::kRight || kind == JoinKind::kFull, {}} {}

  void left(const JoinStep& row) override { take(row, left_, right_, late_left, true); }
  void right(const JoinStep& row) override { take(row, right_, left_, late_right, false); }
  void watermark(std::int64_t to) override {
    watermark_ = std::max(watermark_, to);
    pass(left_, true);
    pass(right_, false);
  }

 private:
  struct Kept {
    JoinStep row;
    bool matched;
  };
  struct Side {
    std::int64_t lower, upper;
    bool outer;
    std::vector<Kept> kept;
  };

  void take(const JoinStep& row, Side& own, Side& other, std::vector<std::string>& late, bool is_left) {
    std::vector<const JoinStep*> partners;
    for (Kept& kept : other.kept) {
      const std::int64_t apart = kept.row.millis - row.millis;
      if (kept.row.key != row.key || apart < own.lower || apart > own.upper) continue;
      kept.matched = true;
      partners.push_back(&kept.row);
    }
    std::stable_sort(partners.begin(), partners.end(),
                     [](auto* a, auto* b) { return a->millis < b->millis; });
    for (const JoinStep* partner : partners)
      results.emplace_back(std::max(row.millis, partner->millis), is_left ? row.id : partner->id,
                           is_left ? partner->id : row.id);
    if (row.millis + own.upper > watermark_) own.kept.push_back({row, !partners.empty()});
    else if (!partners.empty()) return;
    else if (row.millis <= watermark_) late.push_back(row.id);
    else if (own.outer) alone(row, own, is_left);
  }
  void pass(Side& side, bool is_left) {
    std::vector<Kept> left;
    for (const Kept& kept : side.kept) {
      if (kept.row.millis + side.upper > watermark_) left.push_back(kept);
      else if (!kept.matched && side.outer) alone(kept.row, side, is_left);
    }
    side.kept = left;
  }
  void alone(const JoinStep& row, const Side& side, bool is_left) {
    results.emplace_back(row.millis + std::max<std::int64_t>(0, side.upper), is_left ? row.id : "-",
                         is_left ? "-" : row.id);
  }

  Side left_;
  Side right_;
  std::int64_t watermark_ = EventTime::min().millis;
};

void check(JoinKind kind, std::uint64_t first_seed) {
  for (std::uint64_t seed = first_seed; seed < first_seed + 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const std::int64_t lower = between(random, -300, 200);
    const std::int64_t upper = lower + between(random, 0, random() % 2 ? 50 : 500);
    const JoinScript script = random_join_script(random, 60);
    IntervalModel model(lower, upper, kind);
    check_join(join_harness([&](auto orders, auto rates) {
                 return joined_as(orders.join(rates).between(Duration{lower}, Duration{upper}), kind);
               }),
               model, script, kind == JoinKind::kInner);
  }
}

}  // namespace

TEST_CASE("Inner interval joins agree with a naive model") { check(JoinKind::kInner, 1); }
TEST_CASE("Left interval joins agree with a naive model") { check(JoinKind::kLeft, 100'000); }
TEST_CASE("Right interval joins agree with a naive model") { check(JoinKind::kRight, 200'000); }
TEST_CASE("Full interval joins agree with a naive model") { check(JoinKind::kFull, 300'000); }

}  // namespace weir
