#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "window_scripts.hpp"

namespace weir {

namespace {

/// Sessions as their definition reads: every step looks at all of them.
class Model {
 public:
  using Result = std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t, std::string>;

  Model(bool processing_time, std::int64_t lateness, std::int64_t longest)
      : processing_time_(processing_time), lateness_(lateness), longest_(longest) {}

  std::int64_t gap = 0;  ///< 0: the row's

  static std::int64_t gap_of(const Click& click) { return 1 + (click.value + 50) % 30; }

  void row(const std::string& user, const Click& click, std::int64_t millis) {
    const std::int64_t t = processing_time_ ? clock_ : millis;
    const std::int64_t g = gap > 0 ? gap : gap_of(click);
    auto& sessions = sessions_[user];
    // The last that begins at t or before may take the row in.
    auto mine = sessions.upper_bound(t);
    if (mine != sessions.begin() && std::prev(mine)->second.end >= t &&
        t - std::prev(mine)->first < longest_) {
      --mine;
      mine->second.end = std::max(mine->second.end, std::min(t + g, mine->first + longest_));
    } else {
      mine = sessions.emplace(t, Open{t + std::min(g, longest_), false, {}}).first;
    }
    bool alone = mine->second.rows.empty();
    for (auto next = std::next(mine); next != sessions.end() && next->first <= mine->second.end;
         next = std::next(mine)) {
      if (next->second.end - mine->first > longest_) {
        mine->second.end = next->first;
        break;
      }
      mine->second.end = std::max(mine->second.end, next->second.end);
      mine->second.rows.insert(mine->second.rows.end(), next->second.rows.begin(), next->second.rows.end());
      sessions.erase(next);
      alone = false;
    }
    if (alone && mine->second.end - 1 + lateness_ <= passed_) {
      ++late;
      sessions.erase(mine);
      return;
    }
    mine->second.rows.push_back(click.number);
    mine->second.fired = mine->second.end - 1 <= passed_;
    if (mine->second.fired) emit(user, *mine);
  }
  void watermark(std::int64_t to) {
    if (!processing_time_) pass(to);
  }
  void wall_clock(std::int64_t to) {
    clock_ = to;
    if (processing_time_) pass(to - 1);
  }
  void end() { pass(1'000'000); }

  std::vector<Result> results;
  double late = 0;

 private:
  struct Open {
    std::int64_t end;
    bool fired;
    std::vector<std::int64_t> rows;
  };
  void pass(std::int64_t to) {
    passed_ = std::max(passed_, to);
    for (auto& [user, sessions] : sessions_) {
      for (auto& session : sessions)
        if (session.second.end - 1 <= passed_ && !std::exchange(session.second.fired, true))
          emit(user, session);
      std::erase_if(sessions,
                    [&](const auto& session) { return session.second.end - 1 + lateness_ <= passed_; });
    }
  }
  void emit(const std::string& user, const std::pair<const std::int64_t, Open>& session) {
    std::vector<std::int64_t> rows = session.second.rows;
    std::sort(rows.begin(), rows.end());
    std::string said;
    for (const std::int64_t row : rows) said += std::to_string(row) + " ";
    results.emplace_back(session.second.end - 1, user, session.first, session.second.end, said);
  }

  const bool processing_time_;
  const std::int64_t lateness_;
  const std::int64_t longest_;
  std::int64_t clock_ = 0;
  std::int64_t passed_ = -1'000'000;
  std::map<std::string, std::map<std::int64_t, Open>> sessions_;
};

/// The numbers of a session's rows, in the order in which they came.
struct Seen {
  std::string_view user;
  EventTime start;
  EventTime end;
  std::string_view rows;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (user, start, end, rows))

auto seen = [](const auto& user, const Window& window, const WindowRows<Click>& rows, auto&& collect) {
  std::string numbers;
  for (const Click& click : rows) numbers += std::to_string(click.number) + " ";
  collect(Seen{user, window.start, window.end, numbers});
};

template <class GapOf>
void check(const WindowScript& script, const SessionWindows<GapOf>& windows, Model model,
           bool by_processing_time) {
  Pipeline pipeline("model");
  auto sessions = pipeline.source<Click>("clicks").key_by(&Click::user).window(windows);
  sessions.template process<Seen>("window", seen).sink("results");
  sessions.aggregate("sums", sum(&Click::number)).sink("sums out");
  auto harness = testing::harness_for<Click, Seen>(pipeline.graph(), "window");
  auto sums =
      testing::harness_for<Click, WindowResult<std::string_view, std::int64_t>>(pipeline.graph(), "sums");
  const std::int64_t begin = by_processing_time ? testing::kWallClockBegins.millis : 0;
  Model again = model;
  tell(script, harness, model);
  tell(script, sums, again);
  std::vector<Model::Result> results;
  for (const auto& [row, time] : harness.output())
    results.emplace_back(time.millis - begin, row.user, row.start.millis - begin, row.end.millis - begin,
                         row.rows);
  std::sort(results.begin(), results.end());
  std::sort(model.results.begin(), model.results.end());
  REQUIRE(as_text(results) == as_text(model.results));
  REQUIRE(harness.metric("weir_operator_late_records_total") == model.late);
  REQUIRE(harness.stored_entries() == 0);
  REQUIRE(sums.output().size() == results.size());
  std::int64_t all = 0, expected = 0;
  for (const auto& [row, time] : sums.output())
    all += row.value * (row.window_end - row.window_start).count();
  for (const auto& [last, user, start, end, rows] : results) {
    std::istringstream in(rows);
    for (std::int64_t number; in >> number;) expected += number * (end - start);
  }
  REQUIRE(all == expected);
}

}  // namespace

TEST_CASE(
    "Sessions agree with a naive model over random gaps, disorder, lateness, lengths, restarts and memory") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const WindowScript script = random_window_script(random);
    const std::int64_t longest = random() % 3 == 0 ? 1 + below(random, 60) : 100'000;
    const bool by_processing_time = random() % 4 == 0;
    Model model(by_processing_time, by_processing_time ? 0 : script.lateness, longest);
    const auto shaped = [&](auto windows) {
      if (longest < 100'000) windows = windows.at_most(Duration{longest});
      if (!by_processing_time) windows = windows.allowed_lateness(Duration{script.lateness});
      check(script, windows, model, by_processing_time);
    };
    if (random() % 3 == 0) {
      const auto gap_of = [](const Click& click) { return Duration{Model::gap_of(click)}; };
      shaped(by_processing_time ? session_processing_time(gap_of) : session(gap_of));
    } else {
      model.gap = 1 + below(random, 30);
      shaped(by_processing_time ? session_processing_time(Duration{model.gap})
                                : session(Duration{model.gap}));
    }
  }
}

}  // namespace weir
