#include "nearest.hpp"

#include <weir/core/nearest_word.hpp>

#include <random>

#include <catch2/catch.hpp>

namespace weir {

TEST_CASE("edit distance counts insertions, removals, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("parallelism", "paralellism") == 1);
  CHECK(edit_distance("state", "satte") == 1);
}

TEST_CASE("edit distance is symmetric and obeys its bounds") {
  std::mt19937 random(7);
  const auto word = [&] {
    std::string text(random() % 9, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 2'000; ++i) {
    const std::string a = word(), b = word();
    const std::size_t distance = edit_distance(a, b);
    CHECK(distance == edit_distance(b, a));
    CHECK(distance <= std::max(a.size(), b.size()));
    CHECK(distance >= std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
    CHECK((distance == 0) == (a == b));
  }
}

TEST_CASE("the nearest word is suggested only when it is near") {
  const std::vector<std::string> known = {"parallelism", "state", "state-dir", "from"};
  CHECK(nearest_word("paralelism", known) == "parallelism");
  CHECK(nearest_word("stat", known) == "state");
  CHECK(nearest_word("form", known) == "from");
  CHECK_FALSE(nearest_word("checkpoint", known));
  CHECK_FALSE(nearest_word(std::string(1'000'000, 'x'), known));
  CHECK(suggestion("stae", known) == "; did you mean 'state'?");
  CHECK(suggestion("zzzzzz", known) == "; known are parallelism, state, state-dir, from");
  CHECK(suggestion("x", {}) == "; there are none");
}

}  // namespace weir
