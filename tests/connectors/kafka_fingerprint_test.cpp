#include <catch2/catch.hpp>

#include "kafka_fingerprint.hpp"

using weir::kafka::Fingerprint;

TEST_CASE("A record's fingerprint is read back from its text, and nothing else is") {
  const Fingerprint print{41, 1'700'000'000'000, 0x0123456789abcdef};
  CHECK(print.text() == "record=41 timestamp=1700000000000 hash=0123456789abcdef");
  CHECK(Fingerprint::parse(print.text()) == print);
  CHECK(Fingerprint::parse(Fingerprint{0, -1, ~0ull}.text()) == Fingerprint{0, -1, ~0ull});
  for (const std::string text : {"", "record=", "record=41", "record=41 timestamp=1 hash=", "41",
                                 "record=41 timestamp=1 hash=ab!", "record=x timestamp=1 hash=ab"})
    CHECK(!Fingerprint::parse(text));
}
