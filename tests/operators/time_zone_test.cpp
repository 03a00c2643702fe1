#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "readings.hpp"

namespace weir {

namespace {

using namespace std::chrono_literals;

EventTime utc(std::int64_t seconds) { return {seconds * 1000}; }
Duration day_length(const std::string& zone, std::int64_t noon) {
  const Window day = TimeZone::load(zone)->day_of(utc(noon));
  return day.end - day.start;
}

}  // namespace

TEST_CASE("Days of Berlin begin at local midnight and have 23 or 25 hours when clocks change") {
  const auto berlin = TimeZone::load("Europe/Berlin");
  CHECK(berlin->day_of(utc(1'705'276'800)) == Window{utc(1'705'273'200), utc(1'705'359'600)});  // 2024-01-15
  CHECK(berlin->day_of(utc(1'705'273'200)).start == utc(1'705'273'200));
  CHECK(berlin->day_of(EventTime{1'705'273'199'999}).end == utc(1'705'273'200));
  CHECK(day_length("Europe/Berlin", 1'711'883'200) == 23h);  // 2024-03-31
  CHECK(day_length("Europe/Berlin", 1'730'030'400) == 25h);  // 2024-10-27
  CHECK(berlin->offset_at(utc(1'720'000'000)) == 2h);
}

TEST_CASE("The rule at the end of a zone's file holds after the last change it lists") {
  CHECK(TimeZone::load("Europe/Berlin")->offset_at(utc(4'118'774'400)) == 2h);  // July 2100
  CHECK(TimeZone::load("Europe/Berlin")->offset_at(utc(4'103'000'000)) == 1h);  // January 2100
  CHECK(day_length("Europe/Berlin", 4'109'918'400 - 86'400 * 2) > 22h);
  CHECK(TimeZone::load("Australia/Sydney")->offset_at(utc(4'103'000'000)) == 11h);  // summer in the south
  CHECK(TimeZone::load("Asia/Kolkata")->offset_at(utc(4'103'000'000)) == 5h + 30min);
  CHECK(TimeZone::load("Etc/UTC")->day_of(utc(0)) == Window{utc(0), utc(86'400)});
}

TEST_CASE("Where clocks skip midnight, or a whole day, days still lie side by side") {
  // 2018-11-04 in Sao Paulo began at 01:00.
  const auto sao_paulo = TimeZone::load("America/Sao_Paulo");
  CHECK(sao_paulo->day_of(utc(1'541'350'800)) == Window{utc(1'541'300'400), utc(1'541'383'200)});
  // Apia had no 2011-12-30.
  const auto apia = TimeZone::load("Pacific/Apia");
  CHECK(apia->day_of(EventTime{1'325'239'199'999}).end == apia->day_of(utc(1'325'239'200)).start);
  for (const char* zone : {"America/Sao_Paulo", "Pacific/Apia", "America/Havana", "America/St_Johns",
                           "Africa/Casablanca", "Asia/Tehran", "Antarctica/Troll"}) {
    INFO(zone);
    const auto loaded = TimeZone::load(zone);
    EventTime t = loaded->day_of(utc(0)).start;
    while (t < utc(1'700'000'000)) {
      const Window day = loaded->day_of(t);
      REQUIRE(day.start == t);
      REQUIRE(day.end > day.start);
      REQUIRE(loaded->day_of(EventTime{day.end.millis - 1}) == day);
      t = day.end;
    }
  }
}

TEST_CASE("At the ends of time days are cut short") {
  const auto berlin = TimeZone::load("Europe/Berlin");
  for (const EventTime t : {EventTime::min(), EventTime{EventTime::max().millis - 1}}) {
    const Window day = berlin->day_of(t);
    CHECK(day.start <= t);
    CHECK(t < day.end);
  }
}

TEST_CASE("An unknown time zone and a damaged file fail the job, with the zone's name") {
  for (const char* name : {"Europe/Atlantis", "", "../zoneinfo/Europe/Berlin", "/etc/localtime", "Europe"})
    CHECK_THROWS_WITH(calendar_days(name), Catch::Contains("unknown time zone '" + std::string(name) + "'"));
  std::ifstream file("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  CHECK(TimeZone::parse("Berlin", bytes).offset_at(utc(0)) == 1h);
  for (std::size_t length = 5; length < bytes.size(); length += 37)
    CHECK_THROWS_WITH(TimeZone::parse("Berlin", bytes.substr(0, length)),
                      Catch::Contains("'Berlin' is damaged"));
}

TEST_CASE("Calendar days gather the rows of a local day") {
  auto harness = window_harness(calendar_days("Europe/Berlin"), count());
  const auto hour = [](int h) { return utc(1'711'839'600 + h * 3600); };  // from 2024-03-31 00:00 local
  for (int h = -1; h <= 23; ++h) harness.record({"a", 1}, hour(h));
  harness.end();
  REQUIRE(harness.output().size() == 3);
  CHECK(harness.output()[1].row.value == 23);
  CHECK(harness.output()[1].row.window_start == hour(0));
  CHECK(harness.output()[1].row.window_end == hour(23));
}

}  // namespace weir
