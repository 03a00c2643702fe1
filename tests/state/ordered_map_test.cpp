#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/ordered_map.hpp>

namespace weir {

namespace {

struct Place {
  std::string country;
  std::int32_t zip = 0;
  std::string street;
};
BOOST_DESCRIBE_STRUCT(Place, (), (country, zip, street))

template <class Map, class Prefix>
auto with_prefix(const Map& map, const Prefix& prefix) {
  std::vector<int> values;
  map.for_prefix(prefix, [&](const auto&, int value) { values.push_back(value); });
  return values;
}

using Values = std::vector<int>;

}  // namespace

TEST_CASE("A map of structs is walked by its keys' first fields, in the order of the others") {
  OrderedMap<Place, int> map;
  map.put({"DE", 53111, "Am Hof"}, 1);
  map.put({"DE", 53111, "Am Alten Friedhof"}, 2);
  map.put({"DE", -1, "Zoo"}, 3);
  map.put({"D", 53111, "Am Hof"}, 4);
  map.put({"DEU", 53111, "Am Hof"}, 5);
  map.put({std::string("DE\0", 3), 53111, "Am Hof"}, 6);
  CHECK(with_prefix(map, std::string("DE")) == Values{3, 2, 1});
  CHECK(with_prefix(map, std::tuple("DE")) == Values{3, 2, 1});
  CHECK(with_prefix(map, std::tuple("DE", 53111)) == Values{2, 1});
  CHECK(with_prefix(map, std::tuple("DE", 53111, "Am Hof")) == Values{1});
  CHECK(with_prefix(map, std::string("FR")).empty());
  CHECK(with_prefix(map, std::tuple()) == Values{4, 3, 2, 1, 6, 5});
}

TEST_CASE("A walk by a prefix ends when the visit says so") {
  OrderedMap<std::string, int> map;
  for (int n = 0; n < 10; ++n) map.put("key " + std::to_string(n), n);
  Values seen;
  map.for_prefix(std::string_view("key"), [&](const std::string&, int n) {
    seen.push_back(n);
    return n < 2;
  });
  CHECK(seen == Values{0, 1, 2});
}

TEST_CASE("Texts that begin with a text are those that a comparison finds") {
  const auto seed = GENERATE(range(1u, 20u));
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto text = [&](std::size_t longest) {
    static constexpr char kCharacters[] = {'\0', '\1', 'a', 'b', '\x7f', '\xfe', '\xff'};
    std::string made(random() % (longest + 1), ' ');
    for (char& c : made) c = kCharacters[random() % sizeof kCharacters];
    return made;
  };
  OrderedMap<std::string, int> map;
  std::map<std::string, int> model;
  for (int n = 0; n < 300; ++n) {
    const std::string key = text(5);
    map.put(key, n);
    model[key] = n;
  }
  for (int n = 0; n < 100; ++n) {
    const std::string prefix = text(3);
    std::vector<std::pair<std::string, int>> found, wanted;
    map.for_prefix(prefix, [&](const std::string& key, int value) { found.emplace_back(key, value); });
    for (const auto& entry : model)
      if (entry.first.starts_with(prefix)) wanted.emplace_back(entry);
    std::sort(wanted.begin(), wanted.end());  // char_traits compares as unsigned, as the codec does
    CHECK(found == wanted);
  }
}

}  // namespace weir
