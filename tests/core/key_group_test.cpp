#include <random>

#include <catch2/catch.hpp>

#include <weir/core/hash.hpp>
#include <weir/core/key_group.hpp>

namespace weir {

TEST_CASE("worker_of and key_groups_of agree on who owns each key group, at every parallelism") {
  for (const std::uint32_t groups : {1u, 7u, 128u, 1000u}) {
    for (std::uint32_t parallelism = 1; parallelism <= 33; ++parallelism) {
      std::uint32_t next = 0;
      for (std::uint32_t worker = 0; worker < parallelism; ++worker) {
        const KeyGroupRange range = key_groups_of(worker, parallelism, groups);
        REQUIRE(range.first == next);
        next = range.end;
        for (std::uint32_t group = 0; group < groups; ++group)
          REQUIRE(range.contains(static_cast<KeyGroup>(group)) ==
                  (worker_of(static_cast<KeyGroup>(group), parallelism, groups) == worker));
      }
      REQUIRE(next == groups);
    }
  }
}

TEST_CASE("Workers own key groups as evenly as can be") {
  for (const std::uint32_t groups : {7u, 128u, 1000u}) {
    for (std::uint32_t parallelism = 1; parallelism <= 33; ++parallelism) {
      for (std::uint32_t worker = 0; worker < parallelism; ++worker) {
        const std::uint32_t size = key_groups_of(worker, parallelism, groups).size();
        REQUIRE(size >= groups / parallelism);
        REQUIRE(size <= (groups + parallelism - 1) / parallelism);
      }
    }
  }
}

TEST_CASE("A key group is the hash modulo the max parallelism") {
  std::mt19937_64 random(3);
  for (int n = 0; n < 10'000; ++n) {
    const std::uint64_t hash = random();
    for (const std::uint32_t groups : {1u, 2u, 7u, 128u, 1000u, 32768u})
      REQUIRE(key_group_of(hash, groups) == hash % groups);
  }
}

}  // namespace weir
