#include <cstring>
#include <random>
#include <string>

#include <xxhash.h>
#include <catch2/catch.hpp>

#include <weir/core/hash.hpp>

namespace weir {

namespace {

enum class Colour : std::uint8_t { kRed, kBlue = 7 };

struct Route {
  std::string_view from;
  std::int32_t number;
};
BOOST_DESCRIBE_STRUCT(Route, (), (from, number))

struct Trip {
  Route route;
  EventTime departed;
};
BOOST_DESCRIBE_STRUCT(Trip, (), (route, departed))

std::uint64_t xxh3(std::uint64_t value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  return XXH3_64bits(bytes, 8);
}

}  // namespace

TEST_CASE("hash_u64 is XXH3 64 of the value's eight bytes") {
  for (const std::uint64_t value :
       {0ull, 1ull, 2ull, 0xffull, 0xffff'ffffull, 0x1'0000'0000ull, ~0ull, 0x8000'0000'0000'0000ull})
    CHECK(detail::hash_u64(value) == xxh3(value));
  std::mt19937_64 random(1);
  for (int n = 0; n < 100'000; ++n) {
    const std::uint64_t value = random() >> random() % 64;
    REQUIRE(detail::hash_u64(value) == xxh3(value));
  }
}

TEST_CASE("hash_key of text is XXH3 64 of its bytes, however the text is held") {
  std::mt19937_64 random(2);
  for (std::size_t length = 0; length < 600; ++length) {
    std::string text(length, '\0');
    for (char& c : text) c = static_cast<char>(random());
    REQUIRE(hash_key(text) == XXH3_64bits(text.data(), text.size()));
    REQUIRE(hash_key(std::string_view(text)) == hash_key(text));
  }
  CHECK(hash_key(std::string_view()) == XXH3_64bits("", 0));
}

TEST_CASE("hash_key of a number does not depend on its width") {
  CHECK(hash_key(std::int8_t{7}) == hash_key(std::uint64_t{7}));
  CHECK(hash_key(std::int32_t{-1}) == hash_key(std::int64_t{-1}));
  CHECK(hash_key(Colour::kBlue) == hash_key(7));
  CHECK(hash_key(true) == hash_key(1));
  CHECK(hash_key(EventTime{1234}) == hash_key(1234));
}

TEST_CASE("hash_key of a struct folds its fields in order, nested ones as one") {
  const Route route{"JFK", -5};
  const std::uint64_t expected =
      xxh3(xxh3(hash_bytes("JFK")) ^ xxh3(static_cast<std::uint64_t>(std::int64_t{-5})));
  CHECK(hash_key(route) == expected);
  CHECK(hash_key(Trip{route, {9}}) == xxh3(xxh3(expected) ^ xxh3(9)));
  CHECK(hash_key(Route{"JFK", 5}) != expected);
}

TEST_CASE("Hashes of keys never change: checkpoints lie under them") {
  CHECK(hash_key(0) == 0xc77b3abb6f87acd9ull);
  CHECK(hash_key(std::string_view("JFK")) == XXH3_64bits("JFK", 3));
  CHECK(hash_key(Route{"JFK", 1}) == hash_key(Route{"JFK", 1}));
}

}  // namespace weir
