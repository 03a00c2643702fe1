#include <random>
#include <string>

#include <catch2/catch.hpp>

#include <weir/core/hash.hpp>
#include <weir/state/ordered_codec.hpp>

#include "json_state.hpp"

namespace weir {

namespace {

struct Inner {
  std::int16_t a;
  std::string b;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (a, b))

struct Everything {
  bool flag;
  std::int8_t tiny;
  std::uint64_t large;
  float ratio;
  double exact;
  std::string text;
  EventTime time;
  std::optional<std::int32_t> maybe;
  std::vector<Inner> list;
  std::optional<Inner> inner;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (flag, tiny, large, ratio, exact, text, time, maybe, list, inner))

struct KeyStruct {
  std::string text;
  std::int16_t number;
  EventTime time;
  Inner inner;
  bool flag;
  std::uint32_t count;
};
BOOST_DESCRIBE_STRUCT(KeyStruct, (), (text, number, time, inner, flag, count))

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes;
  StateCodec<T>::encode(bytes, value);
  return bytes;
}

/// Through JSON and back.
std::string again(const StateType& type, const std::string& bytes) {
  std::string json, back;
  StateReader in(bytes);
  append_json(json, type, in);
  INFO(json);
  simdjson::dom::parser parser;
  append_state(back, type, parser.parse(json), {"value"});
  return back;
}

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::uint64_t bits() {
    const std::uint64_t bits = random_();
    return bits >> (random_() % 64);  // of all magnitudes
  }
  bool coin() { return (random_() & 1) != 0; }
  std::string text() {
    std::string text(random_() % 6, '\0');
    for (char& c : text) c = static_cast<char>(random_() % 128);
    return text;
  }
  double number() {
    return static_cast<double>(static_cast<std::int64_t>(bits())) / static_cast<double>(1 + random_() % 1000);
  }
  Inner inner() { return {static_cast<std::int16_t>(bits()), text()}; }
  Everything everything() {
    Everything e{coin(),
                 static_cast<std::int8_t>(bits()),
                 bits(),
                 static_cast<float>(number()),
                 number(),
                 text(),
                 {static_cast<std::int64_t>(random_())},
                 {},
                 {},
                 {}};
    if (coin()) e.maybe = static_cast<std::int32_t>(bits());
    for (auto n = random_() % 4; n > 0; --n) e.list.push_back(inner());
    if (coin()) e.inner = inner();
    return e;
  }
  KeyStruct key() {
    return {text(), static_cast<std::int16_t>(bits()), {static_cast<std::int64_t>(random_())}, inner(),
            coin(), static_cast<std::uint32_t>(bits())};
  }

 private:
  std::mt19937_64 random_;
};

template <class Key>
void check_hash(const Key& key) {
  const std::string bytes = bytes_of(key);
  StateReader in(bytes);
  REQUIRE(hash_of_key(StateType::parse(state_type<Key>()), in) == hash_key(key));
  REQUIRE(in.at_end());
}

template <class Key>
void check_ordered(const Key& key) {
  const std::string bytes = bytes_of(key);
  std::string expected, ordered;
  OrderedCodec<Key>::encode(expected, key);
  StateReader in(bytes);
  append_ordered(ordered, StateType::parse(state_type<Key>()), in);
  REQUIRE(ordered == expected);
}

std::string refusal(const std::string& type, const std::string& json) {
  simdjson::dom::parser parser;
  std::string out;
  try {
    append_state(out, StateType::parse(type), parser.parse(json), {"value"});
  } catch (const BadJson& bad) {
    return bad.what();
  }
  return "";
}

}  // namespace

TEST_CASE("State that was shown as JSON is written from it byte for byte") {
  constexpr std::uint64_t kSeed = 5;
  INFO("seed " << kSeed);
  Chance chance(kSeed);
  const StateType type = StateType::parse(state_type<Everything>());
  for (int n = 0; n < 10'000; ++n) {
    const std::string bytes = bytes_of(chance.everything());
    REQUIRE(again(type, bytes) == bytes);
  }
  const StateType rows = StateType::parse("rows<" + state_type<Inner>() + ">");
  std::string list;
  for (int n = 0; n < 3; ++n) {
    detail::append_number(list, std::int64_t{n - 1});
    StateCodec<Inner>::encode(list, chance.inner());
    CHECK(again(rows, list) == list);
  }
  const std::string opaque("\x00\xff\x1a", 3);
  CHECK(again(StateType::parse("sketch<9>"), opaque) == opaque);
}

TEST_CASE("A key that was written as state has the hash and the order that the key itself has") {
  constexpr std::uint64_t kSeed = 6;
  INFO("seed " << kSeed);
  Chance chance(kSeed);
  for (int n = 0; n < 10'000; ++n) {
    check_hash(chance.key());
    check_hash(chance.text());
    check_hash(static_cast<std::int8_t>(chance.bits()));
    check_hash(static_cast<std::int64_t>(chance.bits()));
    check_hash(static_cast<std::uint16_t>(chance.bits()));
    check_ordered(chance.key());
    check_ordered(chance.number());
    check_ordered(static_cast<float>(chance.number()));
    check_ordered(-0.0);
    check_ordered(chance.coin() ? std::optional(chance.text()) : std::nullopt);
    check_ordered(static_cast<std::int32_t>(chance.bits()));
  }
  CHECK_FALSE(is_key(StateType::parse("double")));
  CHECK_FALSE(is_key(StateType::parse("{a:text,b:optional<text>}")));
  CHECK(is_key(StateType::parse(state_type<KeyStruct>())));
}

TEST_CASE("JSON that is not of the type is refused, and says where and why") {
  CHECK(refusal("int8", "127") == "");
  CHECK(refusal("int8", "5.0") == "");
  CHECK(refusal("int8", "128") == "value: 128 is not in the range of int8, -128 to 127");
  CHECK(refusal("uint64", "18446744073709551615") == "");
  CHECK(refusal("uint64", "-1") == "value: -1 is not in the range of uint64, 0 to 18446744073709551615");
  CHECK(
      refusal("int64", "9223372036854775808") ==
      "value: 9223372036854775808 is not in the range of int64, -9223372036854775808 to 9223372036854775807");
  CHECK(refusal("int64", "1e300").find("value: 1e+300 is not in the range of int64") == 0);
  CHECK(refusal("int32", "0.5") == "value: 0.5 is not int32");
  CHECK(refusal("int32", "null") == "value: null is not int32");
  CHECK(refusal("double", "null") == "value: null is not double");
  CHECK(refusal("float", "1e39") == "value: 1e+39 is not float");
  CHECK(refusal("bool", "0") == "value: 0 is not bool");
  CHECK(refusal("text", "1") == "value: 1 is not text");
  CHECK(refusal("optional<int32>", "null") == "");
  CHECK(refusal("{a:list<{b:int8}>}", R"({"a":[{"b":1},{"b":true}]})") == "value.a[1].b: true is not int8");
  CHECK(refusal("{a:int8,b:optional<int8>}", R"({"a":1})") == "");
  CHECK(refusal("{a:int8}", "{}") == "value: field a is missing");
  CHECK(refusal("{a:int8}", R"({"a":1,"c":1})") == "value: there is no field c in {a:int8}");
  CHECK(refusal("rows<int8>", R"([{"time":1,"row":2},{"time":1}])") == "value[1]: field row is missing");
  CHECK(refusal("sketch<9>", R"("0g")") == R"(value: "0g" is not the hexadecimal digits of a sketch<9>)");
}

}  // namespace weir
