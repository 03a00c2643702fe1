#include <chrono>
#include <vector>

#include <catch2/catch.hpp>

#include "patience.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Word = Patience::Word;

TEST_CASE("What does not last is not spoken of", "[patience]") {
  Patience patience(60s);
  for (auto now = 0s; now < 600s; now += 1s) {
    CHECK(patience.look(now % 59s != 0s, now) == Word::kNone);
  }
}

TEST_CASE("What lasts is spoken of at growing intervals, an hour at most", "[patience]") {
  Patience patience(60s);
  std::vector<std::chrono::seconds> spoken;
  for (auto now = 10s; now < 5h; now += 1s)
    if (patience.look(true, now) == Word::kLasts) {
      spoken.push_back(now);
      CHECK(patience.since() == 10s);
    }
  CHECK(spoken ==
        std::vector<std::chrono::seconds>{70s, 130s, 250s, 490s, 970s, 1930s, 3850s, 7450s, 11050s, 14650s});
}

TEST_CASE("The end is told of what was spoken of, and it begins anew", "[patience]") {
  Patience patience(60s);
  CHECK(patience.look(true, 0s) == Word::kNone);
  CHECK(patience.look(true, 61s) == Word::kLasts);
  CHECK(patience.look(false, 62s) == Word::kOver);
  CHECK(patience.look(false, 63s) == Word::kNone);
  CHECK(patience.look(true, 64s) == Word::kNone);
  CHECK(patience.look(true, 123s) == Word::kNone);
  CHECK(patience.look(true, 124s) == Word::kLasts);
  CHECK(patience.since() == 64s);
}

TEST_CASE("Looks that are far apart speak once", "[patience]") {
  Patience patience(60s);
  CHECK(patience.look(true, 0s) == Word::kNone);
  CHECK(patience.look(true, 10h) == Word::kLasts);
  CHECK(patience.look(true, 10h + 1s) == Word::kNone);
}

}  // namespace
}  // namespace weir
