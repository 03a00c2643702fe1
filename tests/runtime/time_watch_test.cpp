#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "time_watch.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;

/// A source of three partitions, watched once a second of time that the test makes pass.
struct Rig {
  Rig() {
    for (std::uint32_t p = 0; p < 3; ++p) board.place(p).has_event_time = true;
  }
  /// A row of partition `p` has come.
  void row(std::uint32_t p, std::int64_t millis) {
    ++records;
    ++board.place(p).position;
    board.publish(p, EventTime{millis}, Standing::kReading);
  }
  void stand(std::uint32_t p, Standing standing) {
    board.publish(p, EventTime{board.place(p).watermark}, standing);
  }
  /// Rows in partitions 0 and 1 for so long; lines that were written.
  std::vector<std::string> pass(std::chrono::seconds time) {
    lines.clear();
    for (const auto end = now + time; now < end; now += 1s) {
      row(0, now / 1ms);
      row(1, now / 1ms);
      watch.look(now);
    }
    return lines;
  }
  std::vector<std::string> names{"a", "b", "quiet"};
  SourceBoard board{3, std::nullopt, 0s};
  std::uint64_t records = 0;
  std::vector<std::string> lines;
  TimeWatch watch{{"flights", &names, &board, [this] { return records; }},
                  60s,
                  [this](const std::string& line) { lines.push_back(line); }};
  std::chrono::seconds now{1000};
};

TEST_CASE("A partition that never had a row is named, with what to do, at growing intervals", "[watch]") {
  Rig rig;
  rig.stand(2, Standing::kCaughtUp);
  CHECK(rig.pass(60s).empty());
  const auto lines = rig.pass(540s);
  REQUIRE(lines.size() == 4);  // after 1, 2, 4 and 8 minutes
  CHECK_THAT(lines[0], Contains("event time of source 'flights' has stood at the beginning for 1 min 0"));
  CHECK_THAT(lines[0], Contains("partition 'quiet' has had no row yet (offset 0)"));
  CHECK_THAT(lines[0], Contains("records have come meanwhile") && Contains(".idle_after(30s)"));
}

TEST_CASE("A partition that has become quiet is named with its place, and it is said when time goes on",
          "[watch]") {
  Rig rig;
  rig.row(2, 1'000'000);
  CHECK(rig.pass(2s).empty());
  rig.board.place(2).lag = 0;
  const auto lines = rig.pass(70s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Contains("has stood at 1970-01-01T00:16:40.000Z") &&
                           Contains("partition 'quiet' has had no row since (offset 1, 0 to be read)"));
  rig.row(2, 1'050'000);
  const auto over = rig.pass(3s);
  REQUIRE(over.size() == 1);
  CHECK_THAT(over[0], Contains("event time of source 'flights' goes on, from 1970-01-01T00:17:30.000Z"));
}

TEST_CASE("Rows that do not arrive, and rows that bring time no further, are told apart", "[watch]") {
  Rig rig;
  rig.board.place(2).lag = 7;
  auto lines = rig.pass(70s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Contains("'quiet' has rows that do not arrive (offset 0, 7 to be read)"));
  rig.row(2, EventTime::min().millis);
  lines = rig.pass(100s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Contains("'quiet' has its rows come") ||
                           Contains("its rows come, but do not take its watermark on"));
}

TEST_CASE("Nobody is told where nothing is held back", "[watch]") {
  Rig rig;
  SECTION("the quiet partition is idle") { rig.stand(2, Standing::kIdle); }
  SECTION("the quiet partition has ended") { rig.stand(2, Standing::kEnded); }
  SECTION("rows have no event time") {
    for (std::uint32_t p = 0; p < 3; ++p) rig.board.place(p).has_event_time = false;
  }
  CHECK(rig.pass(600s).empty());
}

TEST_CASE("A source without rows holds back nobody", "[watch]") {
  Rig rig;
  for (; rig.now < 5000s; rig.now += 1s) rig.watch.look(rig.now);
  CHECK(rig.lines.empty());
}

TEST_CASE("A partition that is paused for long is named, and when it is read again", "[watch]") {
  Rig rig;
  rig.stand(2, Standing::kIdle);
  rig.board.place(1).paused = true;
  auto lines = rig.pass(70s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0],
             Contains("source 'flights': partition 'b' has not been read for 1 min") && Contains("align()"));
  rig.board.place(1).paused = false;
  lines = rig.pass(2s);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "source 'flights': partition 'b' is read again");
}

}  // namespace
}  // namespace weir
