#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/core/hash.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/state/ordered_codec.hpp>
#include <weir/state/owned.hpp>
#include <weir/testing/operator_harness.hpp>

namespace weir {

namespace {

using namespace std::chrono_literals;
using testing::at;

struct Tag {};
struct Place {
  std::string_view city;
  std::int32_t gate;
  bool operator==(const Place&) const = default;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, gate))
struct Seat : Place {
  std::int32_t row;
  bool operator==(const Seat&) const = default;
};
BOOST_DESCRIBE_STRUCT(Seat, (Place), (row))
struct Booked : Tag, Seat {
  std::int64_t cents;
};
BOOST_DESCRIBE_STRUCT(Booked, (Seat), (cents))

struct OwnedBase {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(OwnedBase, (), (name))
struct OwnedKey : OwnedBase {
  std::int32_t n = 0;
};
BOOST_DESCRIBE_STRUCT(OwnedKey, (OwnedBase), (n))

}  // namespace

TEST_CASE("A derived struct has the fields of its bases, theirs first") {
  std::vector<std::string> names;
  for (const Field& field : row_schema<Booked>().fields) names.emplace_back(field.name);
  CHECK(names == std::vector<std::string>{"city", "gate", "row", "cents"});
  CHECK(kHoldsViews<Booked>);
  CHECK(state_type<Booked>() == "{city:text,gate:int32,row:int32,cents:int64}");
  const Booked booked{{}, {{"EWR", 7}, 12}, 4200};
  CHECK(testing::row_as_text(booked) == "{city:EWR,gate:7,row:12,cents:4200}");
}

TEST_CASE("State and keys of maps keep what a derived struct has of its bases") {
  std::string bytes;
  StateCodec<Owned<Booked>>::encode(bytes, Owned<Booked>(Booked{{}, {{"Newark", 7}, 12}, 4200}));
  StateReader in(bytes);
  const auto booked = StateCodec<Owned<Booked>>::decode(in);
  CHECK(booked.get().city == "Newark");
  CHECK(booked.get().gate == 7);
  CHECK(booked.get().cents == 4200);
  std::string key;
  OrderedCodec<OwnedKey>::encode(key, OwnedKey{{"Newark"}, 7});
  StateReader of_key(key);
  const auto decoded = OrderedCodec<OwnedKey>::decode(of_key);
  CHECK(decoded.name == "Newark");
  CHECK(decoded.n == 7);
}

TEST_CASE("A derived struct is a key with all its fields") {
  CHECK(hash_key(Seat{{"EWR", 7}, 1}) != hash_key(Seat{{"JFK", 7}, 1}));
  Pipeline pipeline("test");
  pipeline.source<Booked>("booked")
      .key_by([](const Booked& booked) { return static_cast<const Seat&>(booked); })
      .window(tumbling(10s))
      .aggregate("window", sum(&Booked::cents))
      .sink("out");
  auto harness = testing::harness_for<Booked, WindowResult<Seat, std::int64_t>>(pipeline.graph(), "window");
  harness.record({{}, {{"EWR", 7}, 1}, 5}, at(1s)).record({{}, {{"JFK", 7}, 1}, 6}, at(1s));
  harness.record({{}, {{"EWR", 7}, 1}, 10}, at(2s)).end();
  REQUIRE(harness.output().size() == 2);
  CHECK(harness.output()[0].row.value == 15);
  CHECK(harness.output()[1].row.key.city == "JFK");
}

}  // namespace weir
