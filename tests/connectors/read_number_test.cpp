#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <fmt/format.h>

#include "format.hpp"
#include "read_number.hpp"

namespace {

using weir::FieldType;
using weir::NumberRead;

struct Numbers {
  std::optional<std::int16_t> i16;
  std::optional<std::int64_t> i64;
  std::optional<std::uint8_t> u8;
  std::optional<std::uint64_t> u64;
  std::optional<float> f;
  std::optional<double> d;
  std::optional<weir::EventTime> at;
  std::optional<bool> on;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (i16, i64, u8, u64, f, d, at, on))

struct Outcome {
  Numbers row;
  std::string reason;
};

Outcome decode(const std::string& format, const std::string& payload) {
  weir::RowBatch<Numbers> batch;
  Outcome outcome;
  if (weir::make_decoder(format, weir::row_schema<Numbers>())->decode(payload, batch, outcome.reason))
    outcome.row = batch[0];
  return outcome;
}

/// The text as the value of a field: written plainly, and so that the general parser reads it.
std::vector<Outcome> in_json(const std::string& field, const std::string& text) {
  return {decode("json", fmt::format(R"({{"{}":{}}})", field, text)),
          decode("json", fmt::format(R"({{ "x":[{{}}], "{}" : {} }})", field, text))};
}
Outcome in_csv(const std::string& field, const std::string& text) {
  std::string line;
  for (const weir::Field& f : weir::row_schema<Numbers>().fields)
    line += (line.empty() ? "" : ",") + (f.name == field ? text : "NA");
  return decode("csv", line);
}
std::vector<Outcome> everywhere(const std::string& field, const std::string& text) {
  std::vector<Outcome> outcomes = in_json(field, text);
  outcomes.push_back(in_csv(field, text));
  return outcomes;
}

/// Ways to write a whole number: as it is, with a fraction of zeros, with its point elsewhere and an exponent that brings it back.
std::string written(const std::string& digits, std::mt19937_64& random) {
  const bool negative = digits.front() == '-';
  std::string text = digits.substr(negative ? 1 : 0);
  switch (random() % 4) {
    case 0:
      break;
    case 1:
      text += "." + std::string(1 + random() % 30, '0');
      break;
    case 2: {
      const std::size_t moved = text.size() - 1;
      text = text.substr(0, 1) + "." + text.substr(1) + "0e" + std::to_string(moved);
      break;
    }
    default: {
      const std::size_t zeros = 1 + random() % 40;
      text += std::string(zeros, '0') + "E-" + std::to_string(zeros);
    }
  }
  return (negative ? "-" : "") + text;
}

}  // namespace

TEST_CASE("A whole number is what its text says, to the last digit") {
  for (const char* text : {"9007199254740993", "9007199254740993.0", "9007199254740993.000",
                           "9.007199254740993e15", "9007199254740993000e-3", "0.9007199254740993E+16"})
    for (const Outcome& outcome : everywhere("i64", text)) {
      INFO(text << " " << outcome.reason);
      CHECK(outcome.row.i64 == 9007199254740993);
    }
  for (const Outcome& outcome : everywhere("u64", "18446744073709551615.0"))
    CHECK(outcome.row.u64 == std::numeric_limits<std::uint64_t>::max());
  for (const Outcome& outcome : everywhere("i64", "-9223372036854775808.0"))
    CHECK(outcome.row.i64 == std::numeric_limits<std::int64_t>::min());
  for (const Outcome& outcome : everywhere("at", "1.357034400000e12"))
    CHECK(outcome.row.at == weir::EventTime{1357034400000});
  for (const char* zero : {"0", "-0", "0.0", "-0.0", "0e400", "-0.00e-400"})
    for (const Outcome& outcome : everywhere("u8", zero)) {
      INFO(zero << " " << outcome.reason);
      CHECK(outcome.row.u8 == 0);
    }
  CHECK(in_csv("u8", std::string(400, '0') + "7").row.u8 == 7);
}

TEST_CASE("What is not whole is told from what is out of range") {
  for (const char* text : {"1.5", "1.00000000000000000001", "9007199254740993.5", "1e-1", "1e-400"})
    for (const Outcome& outcome : everywhere("i64", text))
      CHECK_THAT(outcome.reason, Catch::Contains("is not a whole number (int64)"));
  for (const std::string& text :
       {std::string("9223372036854775808"), std::string("1e19"), std::string("-9223372036854775809.0"),
        std::string("1e999999999999999999999"), std::string(400, '9')})
    for (const Outcome& outcome : everywhere("i64", text))
      CHECK_THAT(outcome.reason, Catch::Contains("out of range for a whole number (int64)"));
  for (const char* text : {"18446744073709551616", "-1", "1e20"})
    for (const Outcome& outcome : everywhere("u64", text))
      CHECK_THAT(outcome.reason, Catch::Contains("out of range for a whole number (uint64)"));
}

TEST_CASE("A number that JSON does not have is called malformed, not out of range") {
  for (const char* field : {"i16", "d", "at"})
    for (const char* text : {".5", "007", "+1", "5.", "-", "1e", "1e+", "00", "-01", "1.e3", "--1", "1-2"})
      for (const Outcome& outcome : in_json(field, text)) {
        INFO(text);
        CHECK_THAT(outcome.reason, Catch::Contains("is not a number of JSON") && !Catch::Contains("range"));
      }
  for (const char* text : {"NaN", "Infinity", "nan", "1_000", "0x1", "\"1\""})
    for (const Outcome& outcome : in_json("d", text))
      CHECK_THAT(outcome.reason, Catch::Contains("is not a number (double)"));
  for (const char* text : {"+1", "1e", "1 ", "0x10", "1_0", "nan(1)", "-", "."}) {
    CHECK_THAT(in_csv("d", text).reason, Catch::Contains("is not a number (double)"));
    CHECK_THAT(in_csv("i16", text).reason, Catch::Contains("is not a whole number"));
  }
}

TEST_CASE("Both formats take what is too small for a double, and refuse what is too large") {
  const std::string tiny = "0." + std::string(400, '0') + "1";
  for (const std::string& text :
       {std::string("1e-400"), std::string("-1e-400"), std::string("1e-99999999999"), tiny})
    for (const Outcome& outcome : everywhere("d", text)) {
      INFO(text << " " << outcome.reason);
      REQUIRE(outcome.row.d == 0.0);
      CHECK(std::signbit(*outcome.row.d) == (text.front() == '-'));
    }
  for (const Outcome& outcome : everywhere("f", "1e-60")) CHECK(outcome.row.f == 0.0F);
  for (const Outcome& outcome : everywhere("d", "4.9e-324"))
    CHECK(outcome.row.d == std::numeric_limits<double>::denorm_min());
  for (const char* text : {"1e400", "-1e400", "1e99999999999"})
    for (const Outcome& outcome : everywhere("d", text))
      CHECK_THAT(outcome.reason, Catch::Contains("out of range for a number (double)"));
  for (const Outcome& outcome : everywhere("f", "1e39"))
    CHECK_THAT(outcome.reason, Catch::Contains("out of range for a number (float)"));
  for (const char* text : {"NaN", "nan", "-nan"}) CHECK(std::isnan(*in_csv("d", text).row.d));
  for (const char* text : {"inf", "Infinity", "INF"})
    CHECK(in_csv("f", text).row.f == std::numeric_limits<float>::infinity());
}

TEST_CASE("NaN has no sign, whatever it came from") {
  Numbers row;
  row.d = -std::numeric_limits<double>::quiet_NaN();
  std::string out;
  weir::make_encoder("csv", weir::row_schema<Numbers>())->encode(&row, out);
  CHECK(out == ",,,,,nan,,");
  CHECK_FALSE(std::signbit(*in_csv("d", "-nan").row.d));
}

TEST_CASE("Whole numbers are read exactly, however they are written") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    const bool negative = random() % 2 == 0;
    const std::string text = written((negative ? "-" : "") + std::to_string(value), random);
    INFO(text);
    std::uint64_t u64 = 7;
    const bool u64_fits = !negative || value == 0;
    CHECK((weir::read_integer(text, FieldType::kUInt64, &u64) == NumberRead::kStored) == u64_fits);
    if (u64_fits) CHECK(u64 == value);
    std::int64_t i64 = 7;
    const bool i64_fits = value <= (std::uint64_t{1} << 63) - (negative ? 0 : 1);
    CHECK((weir::read_integer(text, FieldType::kInt64, &i64) == NumberRead::kStored) == i64_fits);
    if (i64_fits) CHECK(i64 == static_cast<std::int64_t>(negative ? 0 - value : value));
  }
}

TEST_CASE("Floats and doubles are the nearest to their text") {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    const auto digits = [&](std::size_t most) {
      std::string text(1 + random() % most, '0');
      for (char& digit : text) digit = static_cast<char>('0' + random() % 10);
      return text;
    };
    std::string text = (random() % 2 == 0 ? "-" : "") + digits(random() % 8 == 0 ? 400 : 20);
    if (random() % 2 == 0) text += "." + digits(30);
    if (random() % 2 == 0) text += fmt::format("e{}", static_cast<int>(random() % 700) - 350);
    INFO(text);
    double d = 1;
    const double nearest = std::strtod(text.c_str(), nullptr);
    CHECK(weir::read_real(text, FieldType::kDouble, &d) ==
          (std::isinf(nearest) ? NumberRead::kOutOfRange : NumberRead::kStored));
    if (!std::isinf(nearest)) CHECK((d == nearest && std::signbit(d) == std::signbit(nearest)));
    float f = 1;
    const float nearest_float = std::strtof(text.c_str(), nullptr);
    CHECK(weir::read_real(text, FieldType::kFloat, &f) ==
          (std::isinf(nearest_float) ? NumberRead::kOutOfRange : NumberRead::kStored));
    if (!std::isinf(nearest_float)) CHECK(f == nearest_float);
  }
}
