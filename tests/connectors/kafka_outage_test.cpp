#include <catch2/catch.hpp>

#include "kafka_outage.hpp"

using namespace std::chrono_literals;
using weir::kafka::Outage;

TEST_CASE("An outage is spoken of within seconds, ever more rarely, and once when it is over") {
  Outage outage;
  std::vector<std::chrono::seconds> spoken;
  CHECK(outage.note(100s, 101s) == Outage::Word::kNothing);
  for (auto now = 100s; now < 100s + 30min; now += 1s)
    if (outage.note(100s, now) == Outage::Word::kSilent) spoken.push_back(outage.length());
  REQUIRE(spoken.size() > 8);
  CHECK(spoken.size() < 16);
  CHECK(spoken[0] == 3s);
  CHECK(spoken[1] == 13s);
  CHECK(spoken[2] == 26s);
  CHECK(spoken.back() - spoken[spoken.size() - 2] == 5min);
  CHECK(outage.is_on());
  CHECK(outage.note(100s + 30min, 101s + 30min) == Outage::Word::kBack);
  CHECK(outage.length() == 30min);
  CHECK(!outage.is_on());
  CHECK(outage.note(101s + 30min, 102s + 30min) == Outage::Word::kNothing);
}

TEST_CASE("A question that is answered late is no outage") {
  Outage outage;
  for (auto now = 100s; now < 200s; now += 1s) CHECK(outage.note(now - 2s, now) == Outage::Word::kNothing);
}
