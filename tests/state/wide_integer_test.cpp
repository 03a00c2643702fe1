#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include <weir/core/order.hpp>
#include <weir/state/ordered_codec.hpp>
#include <weir/state/state_type.hpp>
#include <weir/state/wide_integer.hpp>

namespace weir {

namespace {

template <class T>
std::string bytes_of(const T& value) {
  std::string out;
  StateCodec<T>::encode(out, value);
  return out;
}

/// A value of one type of state, as another, shown as JSON.
template <class T>
std::string converted(const T& value, const std::string& from, const std::string& to) {
  const StateConversion convert(StateType::parse(from), StateType::parse(to));
  REQUIRE(convert.problems().empty());
  const std::string bytes = bytes_of(value);
  std::string out, json;
  StateReader in(bytes);
  convert.convert(in, out);
  CHECK(in.at_end());
  StateReader read(out);
  append_json(json, StateType::parse(to), read);
  CHECK(read.at_end());
  return json;
}

struct Sum {
  std::int64_t rows;
  std::int64_t accumulator;
};
BOOST_DESCRIBE_STRUCT(Sum, (), (rows, accumulator))

}  // namespace

TEST_CASE("A wide integer holds sums of 64-bit numbers") {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  WideInteger sum;
  CHECK(sum.text() == "0");
  for (int i = 0; i < 1000; ++i) sum.add(kMost);
  CHECK(sum.text() == "18446744073709551615000");
  CHECK_FALSE(sum.fits<std::uint64_t>());
  for (int i = 0; i < 1000; ++i) sum.subtract(kMost);
  CHECK(sum == WideInteger());
  sum.add(kLeast);
  CHECK(sum.text() == "-9223372036854775808");
  CHECK(sum.fits<std::int64_t>());
  CHECK(sum.as<std::int64_t>() == kLeast);
  CHECK_FALSE(sum.fits<std::uint64_t>());
  sum.add(WideInteger(kLeast));
  CHECK(sum.text() == "-18446744073709551616");
  CHECK(sum.as_double() == -0x1p+64);
  const std::string bytes = bytes_of(sum);
  StateReader in(bytes);
  CHECK(StateCodec<WideInteger>::decode(in) == sum);
}

TEST_CASE("Sums in older state become wide, also beside others") {
  CHECK(converted(std::int64_t{-5}, "int64", "int128") == "-5");
  CHECK(converted(std::int64_t{7}, "int64", "int128") == "7");
  CHECK(converted(~std::uint64_t{0}, "uint64", "int128") == "18446744073709551615");
  CHECK(converted(Sum{3, -9}, "{rows:int64,accumulator:int64}", "{rows:int64,accumulator:int128}") ==
        R"({"rows":3,"accumulator":-9})");
  CHECK(converted(Sum{3, -9}, "(int64,int64)", "(int64,int128)") == R"({"0":3,"1":-9})");
  CHECK(converted(WideInteger(std::int64_t{-3}), "int128", "double") == "-3");
  const StateConversion narrower(StateType::parse("int128"), StateType::parse("int64"));
  CHECK(narrower.problems().size() == 1);
  CHECK(StateConversion(StateType::parse("(int64,text)"), StateType::parse("(int64,int64)"))
            .problems()
            .size() == 1);
}

TEST_CASE("A table's sums of floating point from older state are exact sums") {
  const std::string bytes = bytes_of(1.5) + bytes_of(0.25);
  const StateConversion convert(StateType::parse("{high:double,low:double}"),
                                StateType::parse("{high:double,low:double,rest:list<double>,huge:{high:"
                                                 "double,low:double,rest:list<double>},nan:int64}"));
  REQUIRE(convert.problems().empty());
  std::string out, json;
  StateReader in(bytes);
  convert.convert(in, out);
  StateReader read(out);
  append_json(json, StateType::parse("{high:double,low:double,rest:list<double>}"), read);
  CHECK(json == R"({"high":1.5,"low":0.25,"rest":[]})");
}

TEST_CASE("Bytes of keys are in the order of doubles, in which NaN is one key and the last") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto bytes = [](auto value) {
    std::string out;
    OrderedCodec<decltype(value)>::encode(out, value);
    return out;
  };
  CHECK(bytes(kNan) == bytes(-kNan));
  CHECK(bytes(std::numeric_limits<float>::quiet_NaN()) == bytes(-std::numeric_limits<float>::quiet_NaN()));
  CHECK(bytes_of(kNan) == bytes_of(-kNan));
  const double values[] = {-kNan, kNan, kInfinity, -kInfinity, 0.0, -0.0, 1.5, -1.5, 1e308, 5e-324, -5e-324};
  for (const double a : values)
    for (const double b : values) {
      INFO(a << " and " << b);
      CHECK((bytes(a) < bytes(b)) == Less{}(a, b));
      CHECK((bytes(a) == bytes(b)) == (!Less{}(a, b) && !Less{}(b, a)));
    }
}

}  // namespace weir
