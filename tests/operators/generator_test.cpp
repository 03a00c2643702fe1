#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/operators/generator.hpp>

namespace weir {

namespace {

struct Numbered {
  std::uint64_t n;
  std::uint64_t seed;
  std::string_view text;
};

Numbered make(std::uint64_t n, std::uint64_t seed, Arena& arena) {
  return {n, seed, arena.copy("row " + std::to_string(n))};
}
using Make = decltype(&make);

class Rows final : public RowSink {
 public:
  Batch& batch() override { return batch_; }
  void reject(const Rejected&) override { FAIL("a generator rejects nothing"); }
  RowBatch<Numbered> batch_{64};
};

/// Reads a partition to its end, at most `limit` rows at once and `most` in all.
std::vector<std::uint64_t> read(PartitionReader& reader, std::size_t limit, std::size_t most = 1'000'000) {
  std::vector<std::uint64_t> numbers;
  while (numbers.size() < most) {
    Rows rows;
    const ReadStatus status = reader.read(rows, std::min(limit, most - numbers.size()));
    if (status != ReadStatus::kRows) {
      CHECK(status == ReadStatus::kEnd);
      CHECK(rows.batch_.empty());
      break;
    }
    for (const Numbered& row : rows.batch_.rows()) {
      CHECK(row.text == "row " + std::to_string(row.n));
      CHECK(row.seed == 9);
      numbers.push_back(row.n);
    }
  }
  return numbers;
}

}  // namespace

TEST_CASE("A generator's partitions interleave and together give every number once") {
  const std::uint64_t events = GENERATE(0u, 1u, 2u, 100u, 101u);
  const std::uint32_t partitions = GENERATE(1u, 3u, 7u);
  GeneratorSource<Numbered, Make> source(&make, {events, 9, partitions});
  std::set<std::uint64_t> all;
  REQUIRE(source.partitions().size() == partitions);
  for (const std::string& partition : source.partitions()) {
    const auto reader = source.open(partition, std::nullopt, [] {});
    for (const std::uint64_t n : read(*reader, 10)) {
      CHECK(n % partitions == std::stoull(partition));
      CHECK(all.insert(n).second);
    }
    CHECK(reader->progress() == 1.0);
  }
  CHECK(all.size() == events);
  CHECK((all.empty() || *all.rbegin() == events - 1));
}

TEST_CASE("A generator goes on at any position where it stopped") {
  GeneratorSource<Numbered, Make> source(&make, {50, 9, 3});
  const auto whole = read(*source.open("1", std::nullopt, [] {}), 64);
  for (std::size_t stop = 0; stop <= whole.size(); ++stop) {
    const auto first = source.open("1", std::nullopt, [] {});
    auto numbers = read(*first, 5, stop);
    const auto second = source.open("1", first->position(), [] {});
    for (const std::uint64_t n : read(*second, 4)) numbers.push_back(n);
    CHECK(numbers == whole);
  }
}

TEST_CASE("A generator without a count has no end and no progress") {
  GeneratorSource<Numbered, Make> source(&make, {std::nullopt, 9, 1});
  const auto reader = source.open("0", Position{1'000'000'000'000, {}}, [] {});
  CHECK(read(*reader, 10, 25).back() == 1'000'000'000'024);
  CHECK_FALSE(reader->progress());
}

}  // namespace weir
