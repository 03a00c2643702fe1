#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "window_scripts.hpp"

namespace weir {

namespace {

/// All rows of each user, for ever; windows are cut out of them.
class Model {
 public:
  using Result = std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t, std::string>;
  struct Row {
    std::int64_t number;
    std::int64_t millis;
  };

  Model(std::size_t size, std::size_t slide, bool partial) : size_(size), slide_(slide), partial_(partial) {}

  void row(const std::string& user, const Click& click, std::int64_t millis) {
    auto& rows = rows_[user];
    rows.push_back({click.number, millis});
    if (rows.size() % slide_ == 0) emit(user, rows, rows.size());
  }
  void watermark(std::int64_t) {}
  void wall_clock(std::int64_t) {}
  void end() {
    for (const auto& [user, rows] : rows_)
      if (partial_ && rows.size() % slide_ != 0) emit(user, rows, rows.size() / slide_ * slide_ + slide_);
  }

  std::vector<Result> results;

 private:
  /// The window that ends before row `end`, as far as it is there.
  void emit(const std::string& user, const std::vector<Row>& rows, std::size_t end) {
    std::int64_t earliest = EventTime::max().millis, latest = EventTime::min().millis;
    std::string numbers;
    for (std::size_t i = end - std::min(end, size_); i < std::min(end, rows.size()); ++i) {
      earliest = std::min(earliest, rows[i].millis);
      latest = std::max(latest, rows[i].millis);
      numbers += std::to_string(rows[i].number) + " ";
    }
    if (!numbers.empty()) results.emplace_back(rows.back().millis, user, earliest, latest + 1, numbers);
  }

  const std::size_t size_;
  const std::size_t slide_;
  const bool partial_;
  std::map<std::string, std::vector<Row>> rows_;
};

struct Seen {
  std::string_view user;
  EventTime start;
  EventTime end;
  std::string_view rows;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (user, start, end, rows))

}  // namespace

TEST_CASE("Count windows agree with a naive model over random sizes, slides, restarts and memory") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const WindowScript script = random_window_script(random);
    const auto size = static_cast<std::size_t>(1 + below(random, 7));
    const auto slide = random() % 3 == 0 ? size : static_cast<std::size_t>(1 + below(random, 7));
    const bool partial = random() % 2;
    Pipeline pipeline("model");
    auto windows = pipeline.source<Click>("clicks").key_by(&Click::user).count_window(size, slide);
    if (partial) windows = windows.emit_partial();
    windows
        .process<Seen>(
            "window",
            [](std::string_view user, const Window& window, const WindowRows<Click>& rows, auto&& collect) {
              std::string numbers;
              for (const Click& click : rows) numbers += std::to_string(click.number) + " ";
              collect(Seen{user, window.start, window.end, numbers});
            })
        .sink("results");
    auto harness = testing::harness_for<Click, Seen>(pipeline.graph(), "window");
    Model model(size, slide, partial);
    tell(script, harness, model);
    std::vector<Model::Result> results;
    for (const auto& [row, time] : harness.output())
      results.emplace_back(time.millis, row.user, row.start.millis, row.end.millis, row.rows);
    std::sort(results.begin(), results.end());
    std::sort(model.results.begin(), model.results.end());
    REQUIRE(as_text(results) == as_text(model.results));
    if (partial) REQUIRE(harness.stored_entries() == 0);
  }
}

}  // namespace weir
