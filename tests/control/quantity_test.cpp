#include "quantity.hpp"

#include <catch2/catch.hpp>

namespace weir {

TEST_CASE("durations are numbers with units, added up") {
  CHECK(parse_duration("0") == Duration{0});
  CHECK(parse_duration("100ms") == Duration{100});
  CHECK(parse_duration("1s") == Duration{1'000});
  CHECK(parse_duration("5min") == Duration{300'000});
  CHECK(parse_duration("23h") == Duration{23 * 3'600'000});
  CHECK(parse_duration("1h30min") == Duration{5'400'000});
  CHECK(parse_duration("2d") == Duration{172'800'000});
  CHECK(parse_duration("9223372036854775807ms") == Duration{INT64_MAX});
}

TEST_CASE("what is no duration is refused") {
  for (const char* text :
       {"", "5", "s", "-1s", "+1s", "1.5s", "1 s", "1s ", " 1s", "1m", "1S", "1sec", "1s2", "off",
        "9223372036854775808ms", "106751991168d", "106751991167d106751991167d", "0x10ms", "1h-1min"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("sizes know thousands and 1,024s, in any case") {
  CHECK(parse_size("512MB") == 512'000'000u);
  CHECK(parse_size("2GiB") == std::size_t{2} << 30);
  CHECK(parse_size("2gib") == std::size_t{2} << 30);
  CHECK(parse_size("0B") == 0u);
  CHECK(parse_size("16KiB") == 16'384u);
  CHECK(parse_size("1TiB") == std::size_t{1} << 40);
}

TEST_CASE("what is no size is refused") {
  for (const char* text : {"", "1", "1G", "GiB", "-1GiB", "1.5GiB", "1 GiB", "1GiB1MiB",
                           "9223372036854775807KB", "99999999999999999999B"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("integers and flags are read whole") {
  CHECK(parse_integer("-12") == -12);
  CHECK_FALSE(parse_integer("12x"));
  CHECK_FALSE(parse_integer(""));
  CHECK_FALSE(parse_integer("99999999999999999999"));
  for (const char* text : {"true", "yes", "ON", "1"}) CHECK(parse_flag(text) == true);
  for (const char* text : {"false", "No", "off", "0"}) CHECK(parse_flag(text) == false);
  CHECK_FALSE(parse_flag("maybe"));
  CHECK_FALSE(parse_flag(""));
}

TEST_CASE("numbers are written for people") {
  CHECK(with_thousands(0) == "0");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(1'000) == "1,000");
  CHECK(with_thousands(12'345'678) == "12,345,678");
  CHECK(for_people(Duration{850}) == "850 ms");
  CHECK(for_people(Duration{12'340}) == "12.3 s");
  CHECK(for_people(Duration{245'000}) == "4 min 05 s");
  CHECK(for_people(Duration{7'380'000}) == "2 h 03 min");
  CHECK(for_people(EventTime{1'767'225'600'000}) == "2026-01-01 00:00:00");
  CHECK(for_people(EventTime{-1}) == "1969-12-31 23:59:59");
  CHECK(for_people(EventTime::min()) == "-");
  CHECK(for_people(EventTime::max()) == "end");
}

}  // namespace weir
