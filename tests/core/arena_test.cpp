#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/core/arena.hpp>

namespace weir {

TEST_CASE("An arena keeps every text where it was put") {
  Arena arena;
  std::vector<std::pair<std::string, std::string_view>> kept;
  for (std::size_t n = 0; n < 3000; ++n) {
    const std::string text(n % 700, static_cast<char>('a' + n % 26));
    kept.emplace_back(text, arena.copy(text));
  }
  const std::string large(3 * Arena::kChunkBytes, 'x');
  kept.emplace_back(large, arena.copy(large));
  kept.emplace_back("after", arena.copy("after"));
  for (const auto& [text, view] : kept) REQUIRE(view == text);
  CHECK(arena.allocated_bytes() >= 4 * Arena::kChunkBytes);
}

TEST_CASE("A cleared arena uses its chunk again") {
  Arena arena;
  arena.clear();
  arena.copy("first");
  for (int round = 0; round < 100; ++round) {
    arena.clear();
    CHECK(arena.copy("again") == "again");
    arena.allocate(Arena::kChunkBytes / 2);
  }
  CHECK(arena.allocated_bytes() == Arena::kChunkBytes);
  arena.allocate(5 * Arena::kChunkBytes);
  arena.clear();
  CHECK(arena.copy("and again") == "and again");
  CHECK(arena.allocated_bytes() == Arena::kChunkBytes);
}

TEST_CASE("An arena lives as long as anyone refers to it") {
  ArenaRef first = ArenaRef::make();
  const std::string_view text = first->copy("still here");
  CHECK(first.is_unique());
  ArenaRef second = first;
  CHECK_FALSE(first.is_unique());
  CHECK(second.get() == first.get());
  first = ArenaRef();
  CHECK_FALSE(first);
  CHECK(second.is_unique());
  CHECK(text == "still here");
  const ArenaRef third = std::move(second);
  CHECK_FALSE(second);  // NOLINT(bugprone-use-after-move): that is what is promised
  CHECK(text == "still here");
  CHECK_FALSE(ArenaRef().is_unique());
}

TEST_CASE("References to an arena may be dropped on any thread") {
  for (int round = 0; round < 50; ++round) {
    ArenaRef arena = ArenaRef::make();
    const std::string_view text = arena->copy("shared");
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n)
      threads.emplace_back([copy = arena, text]() mutable {
        if (text != "shared") std::abort();
        for (int i = 0; i < 100; ++i) ArenaRef again = copy;
        copy = ArenaRef();
      });
    arena = ArenaRef();
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace weir
