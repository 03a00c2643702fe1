#include "join_model.hpp"

namespace weir {

namespace {

bool is_deleted(const ExchangeRate& rate) { return rate.value.empty(); }

/// All versions of a key in the order in which they came.
class AsOfModel final : public JoinModel {
 public:
  explicit AsOfModel(bool left_join) : left_join_(left_join) {}

  void left(const JoinStep& row) override {
    if (row.millis <= watermark_) late_left.push_back(row.id);
    else waiting_.push_back(row);
  }
  void right(const JoinStep& row) override {
    auto& versions = versions_[row.key];
    if (const JoinStep* base = at(versions, watermark_)) {
      // What the watermark has passed is one version, or none.
      const JoinStep kept = *base;
      versions.erase(std::remove_if(versions.begin(), versions.end(),
                                    [&](const JoinStep& version) { return version.millis <= watermark_; }),
                     versions.end());
      if (!kept.id.empty()) versions.insert(versions.begin(), kept);
      if (!kept.id.empty() && row.millis < kept.millis) {
        late_right.push_back(row.id);
        return;
      }
    }
    versions.push_back(row);
  }
  void watermark(std::int64_t to) override {
    watermark_ = std::max(watermark_, to);
    std::vector<JoinStep> waiting;
    for (const JoinStep& row : waiting_) {
      if (row.millis > watermark_) {
        waiting.push_back(row);
        continue;
      }
      const JoinStep* version = at(versions_[row.key], row.millis);
      if (version && !version->id.empty()) results.emplace_back(row.millis, row.id, version->id);
      else if (left_join_) results.emplace_back(row.millis, row.id, "-");
    }
    waiting_ = waiting;
  }

 private:
  static const JoinStep* at(const std::vector<JoinStep>& versions, std::int64_t millis) {
    const JoinStep* found = nullptr;
    for (const JoinStep& version : versions)
      if (version.millis <= millis && (!found || version.millis >= found->millis)) found = &version;
    return found;
  }

  const bool left_join_;
  std::int64_t watermark_ = EventTime::min().millis;
  std::map<std::string, std::vector<JoinStep>> versions_;
  std::vector<JoinStep> waiting_;
};

class LatestModel final : public JoinModel {
 public:
  explicit LatestModel(bool left_join) : left_join_(left_join) {}

  void left(const JoinStep& row) override {
    const std::string& rate = rates_[row.key];
    if (!rate.empty() || left_join_) results.emplace_back(row.millis, row.id, rate.empty() ? "-" : rate);
  }
  void right(const JoinStep& row) override { rates_[row.key] = row.id; }
  void watermark(std::int64_t) override {}

 private:
  const bool left_join_;
  std::map<std::string, std::string> rates_;
};

template <class Model, class Join>
void check(std::uint64_t first_seed, bool left_join, bool in_order, Join join) {
  for (std::uint64_t seed = first_seed; seed < first_seed + 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    // Rows wait in memory for up to a second, in tables for longer.
    const JoinScript script = random_join_script(random, random() % 2 ? 20 : 900);
    Model model(left_join);
    check_join(join_harness(join), model, script, in_order);
  }
}

}  // namespace

TEST_CASE("Inner as-of joins agree with a naive model") {
  check<AsOfModel>(1, false, false, [](auto orders, auto rates) {
    return orders.join_as_of(rates).deleted_when(is_deleted).template inner<Joined>("join", joined_pair);
  });
}
TEST_CASE("Left as-of joins agree with a naive model") {
  check<AsOfModel>(100'000, true, false, [](auto orders, auto rates) {
    return orders.join_as_of(rates).deleted_when(is_deleted).template left<Joined>("join", joined_rows);
  });
}
TEST_CASE("Inner latest joins agree with a naive model") {
  check<LatestModel>(200'000, false, true, [](auto orders, auto rates) {
    return orders.join_latest(rates).deleted_when(is_deleted).template inner<Joined>("join", joined_pair);
  });
}
TEST_CASE("Left latest joins agree with a naive model") {
  check<LatestModel>(300'000, true, true, [](auto orders, auto rates) {
    return orders.join_latest(rates).deleted_when(is_deleted).template left<Joined>("join", joined_rows);
  });
}

}  // namespace weir
