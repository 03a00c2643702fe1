#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include <weir/state/store.hpp>
#include <weir/state/tier.hpp>

namespace weir {

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries sorted(StateDelta delta) {
  delta.sort();
  Entries entries;
  delta.for_each([&](std::string_view key, const std::string_view* value) {
    entries.emplace_back(key, value ? *value : "(erased)");
  });
  return entries;
}

}  // namespace

TEST_CASE("StateDelta orders entries by key and keeps the last of equal keys") {
  StateDelta delta;
  for (const auto& [key, value] :
       Entries{{"b", "1"}, {"a", "2"}, {"b", "3"}, {"", "4"}, {"a", "5"}, {"ab", "6"}})
    delta.put(key, value);
  CHECK(sorted(std::move(delta)) == Entries{{"", "4"}, {"a", "5"}, {"ab", "6"}, {"b", "3"}});
}

TEST_CASE("StateDelta tells keys apart that differ in trailing zeros and high bytes only") {
  const std::string zeros("\0\0\0\0\0\0\0\0\0", 9);
  Entries expected;
  for (std::size_t n = 0; n <= zeros.size(); ++n)
    expected.emplace_back(zeros.substr(0, n), std::to_string(n));
  expected.emplace_back("\x7f", "ascii");
  expected.emplace_back("\x80", "high");
  StateDelta delta;
  for (auto it = expected.rbegin(); it != expected.rend(); ++it) delta.put(it->first, it->second);
  CHECK(sorted(std::move(delta)) == expected);
}

TEST_CASE("StateDelta sorts like an ordered map, whatever the keys have in common") {
  const std::size_t common = GENERATE(0u, 3u, 14u, 40u, 200u);
  const std::size_t length = GENERATE(1u, 4u, 12u);
  std::mt19937_64 random(common * 100 + length);
  CAPTURE(common, length);
  StateDelta delta;
  std::map<std::string, std::string> model;
  for (int i = 0; i < 20'000; ++i) {
    std::string key(common, 'k');
    for (std::size_t n = random() % (length + 1); n > 0; --n)
      key.push_back(static_cast<char>(random() % 3 * 127));
    const std::string value = std::to_string(i);
    delta.put(key, value);
    model[key] = value;
  }
  CHECK((sorted(std::move(delta)) == Entries(model.begin(), model.end())));
}

TEST_CASE("StateDelta can take more entries after it was sorted, and be sorted again") {
  StateDelta delta;
  delta.put("b", "1");
  delta.put("a", "1");
  delta.sort();
  delta.put("a", "2");
  CHECK(sorted(std::move(delta)) == Entries{{"a", "2"}, {"b", "1"}});
}

TEST_CASE("StateDelta forgets an empty range") {
  StateDelta delta;
  delta.drop_range("b", "b");
  delta.drop_range("c", "b");
  CHECK(delta.empty());
  delta.drop_range("a", "b");
  CHECK_FALSE(delta.empty());
}

TEST_CASE("operator_id is XXH32 of the name, for ever") {
  CHECK(operator_id("") == 0x02CC5D05u);
  CHECK(operator_id("abc") == 0x32D153FFu);
}

TEST_CASE("state_prefix orders by group, operator and namespace as numbers") {
  CHECK(state_prefix(0x0102, 0x03040506, 0x0708090A0B0C0D0E) ==
        "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E");
  CHECK(state_prefix(1, 0, 255) < state_prefix(1, 0, 256));
  CHECK(state_prefix(1, 255, 0) < state_prefix(1, 256, 0));
  CHECK(state_prefix(255, 9, 9) < state_prefix(256, 0, 0));
}

TEST_CASE("prefix_end is the first string behind all with the prefix") {
  CHECK(prefix_end("ab") == "ac");
  CHECK(prefix_end("a\xff") == "b");
  CHECK(prefix_end("a\xff\xff") == "b");
  CHECK(prefix_end("\xff") == "");
}

TEST_CASE("Copies of a delta, and deltas it was appended to, may be added to each by itself") {
  StateDelta a;
  a.put("k1", "v1");
  StateDelta b = a;
  a.put("k2", "of a");
  b.put("k2", "of b");
  StateDelta both;
  both.append(a);
  both.append(b);
  a.put("k3", "of a");
  both.put("k3", "of both");
  const auto entries = [](StateDelta& delta) {
    std::map<std::string, std::string> found;
    delta.sort();
    delta.for_each([&](std::string_view key, const std::string_view* value) { found.emplace(key, *value); });
    return found;
  };
  using Entries = std::map<std::string, std::string>;
  CHECK(entries(a) == Entries{{"k1", "v1"}, {"k2", "of a"}, {"k3", "of a"}});
  CHECK(entries(b) == Entries{{"k1", "v1"}, {"k2", "of b"}});
  CHECK(entries(both) == Entries{{"k1", "v1"}, {"k2", "of b"}, {"k3", "of both"}});
}

}  // namespace weir
