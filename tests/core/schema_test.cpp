#include <cstddef>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <weir/core/schema.hpp>

namespace weir {

namespace {

struct Place {
  std::string_view name;
  double latitude;
};
BOOST_DESCRIBE_STRUCT(Place, (), (name, latitude))

struct Everything {
  bool flag;
  std::int8_t i8;
  std::int16_t i16;
  std::int32_t i32;
  std::int64_t i64;
  std::uint8_t u8;
  std::uint16_t u16;
  std::uint32_t u32;
  std::uint64_t u64;
  float f;
  double d;
  std::string owned;
  EventTime time;
  Place place;
  std::optional<std::int32_t> maybe;
  std::optional<Place> maybe_place;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, i8, i16, i32, i64, u8, u16, u32, u64, f, d, owned, time, place, maybe,
                       maybe_place))

struct Plain {
  std::string owned;
  int number;
};
BOOST_DESCRIBE_STRUCT(Plain, (), (owned, number))

struct Deep {
  Plain plain;
  std::optional<std::string_view> text;
};
BOOST_DESCRIBE_STRUCT(Deep, (), (plain, text))

template <class Value>
struct Templated {
  Value value;
  BOOST_DESCRIBE_CLASS(Templated, (), (value), (), ())
};

}  // namespace

TEST_CASE("A schema names each field with its type and its place in the row") {
  const RowSchema& schema = row_schema<Everything>();
  CHECK(schema.size == sizeof(Everything));
  CHECK_THAT(std::string(schema.name), Catch::Contains("Everything"));
  REQUIRE(schema.fields.size() == 16);
  const FieldType types[] = {
      FieldType::kBool,      FieldType::kInt8,   FieldType::kInt16,  FieldType::kInt32,
      FieldType::kInt64,     FieldType::kUInt8,  FieldType::kUInt16, FieldType::kUInt32,
      FieldType::kUInt64,    FieldType::kFloat,  FieldType::kDouble, FieldType::kOwnedText,
      FieldType::kEventTime, FieldType::kStruct, FieldType::kInt32,  FieldType::kStruct};
  for (std::size_t i = 0; i < 16; ++i) CHECK(schema.fields[i].type == types[i]);
  CHECK(schema.find("u32")->offset == offsetof(Everything, u32));
  CHECK(schema.find("owned")->offset == offsetof(Everything, owned));
  CHECK(schema.find("maybe_place")->offset == offsetof(Everything, maybe_place));
  CHECK(schema.find("nothing") == nullptr);
  CHECK(&row_schema<Everything>() == &schema);
}

TEST_CASE("A nested struct has the schema of its own type") {
  const Field& place = *row_schema<Everything>().find("place");
  REQUIRE(place.nested == &row_schema<Place>());
  CHECK_FALSE(place.optional);
  const Field& maybe = *row_schema<Everything>().find("maybe_place");
  CHECK(maybe.nested == &row_schema<Place>());
  CHECK(maybe.optional);
  CHECK(place.nested->find("latitude")->offset == offsetof(Place, latitude));
}

TEST_CASE("An optional field can be made present and absent by address") {
  Everything row{};
  const Field& field = *row_schema<Everything>().find("maybe");
  void* address = reinterpret_cast<std::byte*>(&row) + field.offset;
  CHECK(field.get(address) == nullptr);
  *static_cast<std::int32_t*>(field.emplace(address)) = 7;
  CHECK(row.maybe == 7);
  CHECK(*static_cast<const std::int32_t*>(field.get(address)) == 7);
  field.reset(address);
  CHECK_FALSE(row.maybe);
}

TEST_CASE("A type holds views when text anywhere in it points into an arena") {
  CHECK(kHoldsViews<std::string_view>);
  CHECK(kHoldsViews<Place>);
  CHECK(kHoldsViews<Everything>);
  CHECK(kHoldsViews<Deep>);
  CHECK(kHoldsViews<std::optional<Place>>);
  CHECK_FALSE(kHoldsViews<Plain>);
  CHECK_FALSE(kHoldsViews<std::string>);
  CHECK_FALSE(kHoldsViews<int>);
}

TEST_CASE("A template described from within has a schema for each of its types") {
  CHECK(row_schema<Templated<double>>().fields[0].type == FieldType::kDouble);
  CHECK(row_schema<Templated<std::string_view>>().fields[0].type == FieldType::kText);
  CHECK_THAT(std::string(row_schema<Templated<std::string>>().name), Catch::Contains("Templated<"));
}

}  // namespace weir
