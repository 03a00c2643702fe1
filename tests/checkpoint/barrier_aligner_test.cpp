#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/checkpoint/barrier_aligner.hpp>

namespace weir {

TEST_CASE("BarrierAligner holds back each input that has delivered until all have") {
  BarrierAligner aligner(3);
  CHECK_FALSE(aligner.aligning());
  CHECK_FALSE(aligner.deliver(1, 5));
  CHECK(aligner.aligning());
  CHECK_FALSE(aligner.may_read(1));
  CHECK(aligner.may_read(0));
  CHECK(aligner.may_read(2));
  CHECK_FALSE(aligner.deliver(0, 5));
  CHECK_FALSE(aligner.may_read(0));
  CHECK(aligner.deliver(2, 5));
  for (std::size_t input = 0; input < 3; ++input) CHECK(aligner.may_read(input));
  CHECK_FALSE(aligner.aligning());
  CHECK_FALSE(aligner.deliver(1, 9));  // epochs may be left out, never repeated
}

TEST_CASE("BarrierAligner of one input aligns at once") {
  BarrierAligner aligner(1);
  for (Epoch epoch = 1; epoch < 10; ++epoch) {
    CHECK(aligner.deliver(0, epoch));
    CHECK(aligner.may_read(0));
  }
}

TEST_CASE("BarrierAligner aligns in any order of delivery") {
  std::mt19937_64 random(5);
  BarrierAligner aligner(7);
  for (Epoch epoch = 1; epoch <= 500; ++epoch) {
    std::vector<std::size_t> open{0, 1, 2, 3, 4, 5, 6};
    while (!open.empty()) {
      const std::size_t at = random() % open.size();
      const std::size_t input = open[at];
      REQUIRE(aligner.may_read(input));
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      REQUIRE(aligner.deliver(input, epoch) == open.empty());
    }
  }
}

}  // namespace weir
