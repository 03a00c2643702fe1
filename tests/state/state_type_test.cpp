#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <weir/state/ordered_map.hpp>
#include <weir/state/owned.hpp>
#include <weir/state/row_list.hpp>
#include <weir/state/state_type.hpp>

namespace weir {

namespace {

namespace before {
struct Place {
  std::string_view city;
  std::int32_t zip;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, zip))
struct Order {
  std::int32_t id;
  float price;
  std::string_view note;
  std::vector<Place> stops;
  std::optional<std::int32_t> rank;
  std::uint32_t count;
  bool open;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, price, note, stops, rank, count, open))
}  // namespace before

namespace after {
struct Place {
  std::int64_t zip;
  std::string city;
  std::optional<std::string> street;
};
BOOST_DESCRIBE_STRUCT(Place, (), (zip, city, street))
struct Order {
  std::optional<double> price;
  std::int64_t id;
  std::vector<Place> stops;
  std::optional<double> rank;
  std::int64_t count;
  EventTime since;
  std::string note;
};
BOOST_DESCRIBE_STRUCT(Order, (), (price, id, stops, rank, count, since, note))
struct Zone {
  std::int32_t zip;
};
BOOST_DESCRIBE_STRUCT(Zone, (), (zip))
struct Renamed {
  std::int64_t total;
  Zone place;
  std::int32_t n;
};
BOOST_DESCRIBE_STRUCT(Renamed, (), (total, place, n))
}  // namespace after

}  // namespace

template <>
struct FieldAliases<after::Zone> {
  static constexpr FieldAlias kFields[] = {{"zip", "code"}};
};
template <>
struct FieldAliases<after::Renamed> {
  static constexpr FieldAlias kFields[] = {{"total", "sum"}, {"total", "amount"}};
};

namespace {

template <class T>
std::string bytes_of(const T& value) {
  std::string out;
  StateCodec<T>::encode(out, value);
  return out;
}

std::string json_of(const std::string& type, std::string_view bytes) {
  std::string out;
  StateReader in(bytes);
  append_json(out, StateType::parse(type), in);
  CHECK(in.at_end());
  return out;
}

StateConversion conversion(const std::string& from, const std::string& to) {
  return StateConversion(StateType::parse(from), StateType::parse(to));
}

}  // namespace

TEST_CASE("A value written as one struct is read as its later form, field by field") {
  const before::Order old{7, 1.5F, "quick", {{"Bonn", 53111}, {"Ulm", 89073}}, 3, 4'000'000'000U, true};
  const auto convert = conversion(state_type<before::Order>(), state_type<after::Order>());
  REQUIRE(convert.problems().empty());
  const std::string bytes = bytes_of(old);
  std::string converted;
  StateReader in(bytes);
  convert.convert(in, converted);
  CHECK(in.at_end());
  StateReader read(converted);
  const auto now = StateCodec<after::Order>::decode(read);
  CHECK(read.at_end());
  CHECK(now.id == 7);
  CHECK(now.price == 1.5);
  CHECK(now.note == "quick");
  REQUIRE(now.stops.size() == 2);
  CHECK(now.stops[0].city == "Bonn");
  CHECK(now.stops[1].zip == 89073);
  CHECK(!now.stops[1].street);
  CHECK(now.rank == 3.0);
  CHECK(now.count == 4'000'000'000);
  CHECK(now.since == EventTime{0});
  const std::vector<std::string> changes = convert.changes();
  CHECK(std::find(changes.begin(), changes.end(), "field open: dropped") != changes.end());
  CHECK(std::find(changes.begin(), changes.end(), "field since: added, takes zero, empty or absent") !=
        changes.end());
  CHECK(std::find(changes.begin(), changes.end(), "field id: int32 widens to int64") != changes.end());
}

TEST_CASE("A renamed field is found by its declared former name") {
  const auto convert = conversion("{sum:int32,n:uint8}", "{count(n):uint16,total(sum):int64}");
  REQUIRE(convert.problems().empty());
  std::string bytes, converted;
  detail::append_number(bytes, std::int32_t{-9});
  detail::append_number(bytes, std::uint8_t{200});
  StateReader in(bytes);
  convert.convert(in, converted);
  CHECK(json_of("{count:uint16,total:int64}", converted) == R"({"count":200,"total":-9})");
}

TEST_CASE("A field that was renamed twice is found by either former name, the latest first") {
  for (const std::string from : {"{n:int32}", "{m:int32}", "{k:int32}"}) {
    const auto convert = conversion(from, "{k(m)(n):int64}");
    REQUIRE(convert.problems().empty());
    std::string bytes, converted;
    detail::append_number(bytes, std::int32_t{7});
    StateReader in(bytes);
    convert.convert(in, converted);
    CHECK(json_of("{k:int64}", converted) == R"({"k":7})");
  }
  const auto both = conversion("{n:int32,m:int32}", "{k(m)(n):int32}");
  CHECK(both.changes() == std::vector<std::string>{"field k: was m", "field n: dropped"});
}

TEST_CASE("A struct's declared former names stand in the text of its type") {
  CHECK(state_type<after::Renamed>() == "{total(sum)(amount):int64,place:{zip(code):int32},n:int32}");
  CHECK(conversion("{amount:int32,place:{code:int32},n:int32}", state_type<after::Renamed>())
            .problems()
            .empty());
  CHECK(
      conversion(state_type<after::Renamed>(), "{total:int64,place:{zip:int32},n:int32}").changes().empty());
}

TEST_CASE("Former names alone change nothing, neither in keys nor in types that only their codec knows") {
  const auto same = [](const char* from, const char* to) {
    return same_bytes(StateType::parse(from), StateType::parse(to));
  };
  CHECK(same("{a:int32,b:text}", "{x(a):int32,b:text}"));
  CHECK(same("{x(a):int32,b:text}", "{x:int32,b:text}"));
  CHECK(same("waiting<{a:int32}>", "waiting<{a(b):int32}>"));
  CHECK_FALSE(same("{a:int32,b:text}", "{x:int32,b:text}"));
  CHECK_FALSE(same("{a:int32,b:int32}", "{b:int32,a:int32}"));
  CHECK_FALSE(same("{a:int32}", "{a:int64}"));
  CHECK_FALSE(same("{a:int32}", "{a:int32,b:int32}"));
  CHECK_FALSE(same("waiting<{a:int32}>", "waiting<{b(a):int32}>"));
  CHECK(conversion("waiting<{a:int32}>", "waiting<{a(b)(c):int32}>").problems().empty());
  CHECK(conversion("top<{a:int32}> by 10 min", "top<{a(b):int32}> by 10 min").problems().empty());
  CHECK(conversion("top<{a:int32}> by 10 min", "top<{a:int32}> by 20 min").problems().size() == 1);
}

TEST_CASE("What would lose something is refused, and says which field") {
  using Problems = std::vector<std::string>;
  CHECK(conversion("int64", "int32").problems() == Problems{"int64 cannot become int32"});
  CHECK(conversion("double", "float").problems() == Problems{"double cannot become float"});
  CHECK(conversion("double", "int64").problems() == Problems{"double cannot become int64"});
  CHECK(conversion("uint32", "int32").problems() == Problems{"uint32 cannot become int32"});
  CHECK(conversion("int8", "uint64").problems() == Problems{"int8 cannot become uint64"});
  CHECK(conversion("text", "int64").problems() == Problems{"text cannot become int64"});
  CHECK(conversion("optional<int32>", "int32").problems() == Problems{"optional<int32> cannot become int32"});
  CHECK(conversion("{a:{b:text}}", "{a:{b:list<text>}}").problems() ==
        Problems{"field a: field b: text cannot become list<text>"});
  CHECK(conversion("{a:int32}", "{a:int32,b:money<2>}").problems() ==
        Problems{"field b: money<2> is new, and there is no default for it"});
  CHECK(conversion("map<int32,text>", "map<int64,text>").problems() ==
        Problems{"a map's key int32 cannot become int64"});
  CHECK(conversion("{a:int32}", "{b(a):int32,c(a):int32}").problems() ==
        Problems{"field c: two fields would come from a"});
  CHECK(conversion("hyperloglog", "hyperloglog2").problems() ==
        Problems{"hyperloglog cannot become hyperloglog2"});
}

TEST_CASE("The same type needs no conversion") {
  for (const std::string type :
       {"int64", "{a:int32,b:optional<text>}", "rows<{a:text}>", "map<text,{n:int64}>", "sketch<9>"}) {
    CHECK(conversion(type, type).problems().empty());
    CHECK(conversion(type, type).changes().empty());
  }
}

TEST_CASE("Rows and maps are converted value by value") {
  RowList<before::Place> list;
  list.append({"Bonn", 1}, EventTime{5});
  list.append({"Ulm", 2}, EventTime{6});
  std::string entry;
  list.write([] { return std::uint64_t{1}; },
             [&](std::string_view, std::string_view value) { entry = value; }, [](std::string_view) {});
  const std::string from = "rows<" + state_type<before::Place>() + ">";
  const std::string to = "rows<" + state_type<after::Place>() + ">";
  CHECK(json_of(from, entry) ==
        R"([{"time":5,"row":{"city":"Bonn","zip":1}},{"time":6,"row":{"city":"Ulm","zip":2}}])");
  std::string converted;
  StateReader in(entry);
  conversion(from, to).convert(in, converted);
  RowList<after::Place> later;
  std::string key;
  OrderedCodec<std::uint64_t>::encode(key, 1);
  later.load(key, converted);
  std::vector<std::string> cities;
  later.for_each([&](const after::Place& place, EventTime time) {
    CHECK(time.millis == place.zip + 4);
    cities.push_back(place.city);
  });
  CHECK(cities == std::vector<std::string>{"Bonn", "Ulm"});
}

TEST_CASE("A state may begin to expire, cease to, and change its clock") {
  const std::string kept = "{n:int32,city:text}", later = "{city:text,n:int64}";
  std::string bytes;
  detail::append_number(bytes, std::int32_t{-5});
  StateCodec<std::string>::encode(bytes, "Bonn");
  const auto converted = [](const std::string& from, const std::string& to, const std::string& value) {
    const StateConversion convert = conversion(from, to);
    CHECK(convert.problems().empty());
    CHECK(convert.changes().empty() == (from == to));
    StateReader in(value);
    std::string out;
    convert.convert(in, out);
    CHECK(in.at_end());
    return out;
  };
  const std::string begun = converted(kept, "expiring<" + kept + ">", bytes);
  CHECK(json_of("expiring<" + kept + ">", begun) == R"({"written":null,"value":{"n":-5,"city":"Bonn"}})");
  std::string stamped;
  detail::append_number(stamped, std::int64_t{1500});
  stamped += bytes;
  const std::string type = "expiring<" + kept + ">";
  CHECK(json_of("expiring<" + later + ">", converted(type, "expiring<" + later + ">", stamped)) ==
        R"({"written":1500,"value":{"city":"Bonn","n":-5}})");
  CHECK(converted(type, kept, stamped) == bytes);
  CHECK(converted(type, "expiring_by_event_time<" + kept + ">", stamped) == begun);
  CHECK(json_of("expiring_by_event_time<" + kept + ">", stamped) == json_of(type, stamped));
  CHECK(json_of(later, converted(type, later, stamped)) == R"({"city":"Bonn","n":-5})");

  std::string rows;
  for (std::int64_t n = 1; n <= 2; ++n) {
    detail::append_number(rows, n);
    rows += bytes;
  }
  CHECK(json_of("rows<expiring<" + later + ">>",
                converted("rows<" + kept + ">", "rows<expiring<" + later + ">>", rows)) ==
        R"([{"time":1,"row":{"written":null,"value":{"city":"Bonn","n":-5}}},)"
        R"({"time":2,"row":{"written":null,"value":{"city":"Bonn","n":-5}}}])");
  CHECK(converted("map<text,expiring<" + kept + ">>", "map<text," + kept + ">", stamped) == bytes);
  CHECK(conversion("int64", "expiring<int32>").problems() ==
        std::vector<std::string>{"int64 cannot become int32"});
}

TEST_CASE("Values are shown as JSON") {
  const before::Order order{-7, 0.25F, "a \"b\"\n", {}, std::nullopt, 1, false};
  CHECK(json_of(state_type<before::Order>(), bytes_of(order)) ==
        R"({"id":-7,"price":0.25,"note":"a \"b\"\u000a","stops":[],"rank":null,"count":1,"open":false})");
  CHECK(json_of("uint64", bytes_of(std::numeric_limits<std::uint64_t>::max())) == "18446744073709551615");
  CHECK(json_of("int8", bytes_of(std::int8_t{-128})) == "-128");
  CHECK(json_of("double", bytes_of(std::nan(""))) == "null");
  CHECK(json_of("event_time", bytes_of(EventTime{1500})) == "1500");
  CHECK(json_of("list<bool>", bytes_of(std::vector<bool>{true, false})) == "[true,false]");
  CHECK(json_of("sketch<12>", std::string_view("\x01\xff", 2)) == "\"01ff\"");
}

TEST_CASE("Keys of maps are shown as JSON") {
  const auto shown = [](const auto& key, const std::string& type) {
    std::string bytes, out;
    OrderedCodec<std::remove_cvref_t<decltype(key)>>::encode(bytes, key);
    StateReader in(bytes);
    append_ordered_json(out, StateType::parse(type), in);
    CHECK(in.at_end());
    return out;
  };
  CHECK(shown(std::int32_t{-7}, "int32") == "-7");
  CHECK(shown(std::uint8_t{200}, "uint8") == "200");
  CHECK(shown(-0.5, "double") == "-0.5");
  CHECK(shown(2.25, "double") == "2.25");
  CHECK(shown(std::string("a\"b"), "text") == "\"a\\\"b\"");
  CHECK(shown(EventTime{-3}, "event_time") == "-3");
  CHECK(shown(true, "bool") == "true");
  CHECK(shown(std::optional<std::int16_t>{-1}, "optional<int16>") == "-1");
}

TEST_CASE("A text that is no type is refused with the place where it goes wrong") {
  for (const char* text : {"{a:int32", "{a int32}", "optional<int32", "map<int32>", "int32>", "{a:int32,}x"})
    CHECK_THROWS_WITH(StateType::parse(text), Catch::Contains("is not a type of state"));
}

TEST_CASE("A value that is cut short is refused, not read beyond its end") {
  const std::string bytes = bytes_of(before::Order{1, 2, "three", {{"Bonn", 4}}, 5, 6, true});
  const auto convert = conversion(state_type<before::Order>(), state_type<after::Order>());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    StateReader in(std::string_view(bytes).substr(0, n));
    std::string out;
    CHECK_THROWS_AS(convert.convert(in, out), FailJob);
  }
}

}  // namespace weir
