#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>

#include <weir/core/error.hpp>

#include <weir/core/utf8.hpp>

#include "format.hpp"
#include "iso_time.hpp"
#include "rows.hpp"

using rows::Everything;
using weir::RowBatch;

namespace {

template <class Row>
struct Decoded {
  RowBatch<Row> batch;
  std::string reason;
  bool ok = false;

  Decoded(const std::string& format, std::string_view payload) {
    auto decoder = weir::make_decoder(format, weir::row_schema<Row>());
    ok = decoder->decode(payload, batch, reason);
    CHECK(batch.size() == (ok ? 1 : 0));
  }
  const Row& row() const { return batch[0]; }
};

struct Small {
  std::int16_t n = 0;
  std::optional<std::int32_t> maybe = 5;
};
BOOST_DESCRIBE_STRUCT(Small, (), (n, maybe))

struct Noted {
  std::string_view text;
  std::int32_t n = 0;
  std::optional<std::string_view> note;
  std::optional<double> d;
};
BOOST_DESCRIBE_STRUCT(Noted, (), (text, n, note, d))

struct Inner {
  int x = 0;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (x))
struct Outer {
  std::optional<Inner> inner;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (inner))

std::string json_reason(std::string_view payload) { return Decoded<Small>("json", payload).reason; }

template <class Row>
std::string encoded(const std::string& format, const Row& row) {
  std::string out;
  weir::make_encoder(format, weir::row_schema<Row>())->encode(&row, out);
  return out;
}

std::optional<std::int64_t> iso(std::string_view text) {
  weir::EventTime time;
  return weir::parse_iso_time(text, time) ? std::optional(time.millis) : std::nullopt;
}

const char* const kEverythingJson =
    R"({"on":true,"i8":-128,"i16":-32768,"i32":2147483647,"i64":-9223372036854775808,"u8":255,"u16":65535,"u32":4294967295,)"
    R"("u64":18446744073709551615,"f":1.5,"d":0.1,"text":"a\"b\\c\né","owned":"x","at":1357034400000,)"
    R"("place":{"city":"EWR","gate":7},"maybe":null,"note":"NA"})";

}  // namespace

TEST_CASE("JsonDecoder reads every kind of field and JsonEncoder writes it back") {
  const Decoded<Everything> decoded("json", kEverythingJson);
  INFO(decoded.reason);
  REQUIRE(decoded.ok);
  CHECK(decoded.row().on);
  CHECK(decoded.row().i64 == std::numeric_limits<std::int64_t>::min());
  CHECK(decoded.row().u64 == std::numeric_limits<std::uint64_t>::max());
  CHECK(decoded.row().text == "a\"b\\c\n\xC3\xA9");
  CHECK(decoded.row().place.city == "EWR");
  CHECK(decoded.row().place.gate == 7);
  CHECK(decoded.row().note == "NA");
  CHECK(encoded("json", decoded.row()) == kEverythingJson);
}

TEST_CASE("JsonDecoder leaves an absent optional field empty") {
  CHECK_FALSE(Decoded<Small>("json", R"({"n":1})").row().maybe.has_value());
  CHECK_FALSE(Decoded<Small>("json", R"({"n":1,"maybe":null})").row().maybe.has_value());
  CHECK(Decoded<Small>("json", R"({"n":1,"maybe":3})").row().maybe == 3);
}

TEST_CASE("JsonDecoder skips unknown fields and follows a changing order of keys") {
  auto decoder = weir::make_decoder("json", weir::row_schema<Small>());
  RowBatch<Small> batch;
  std::string reason;
  for (const char* line : {R"({"n":1,"maybe":2})", R"({"maybe":2,"x":{"n":[9,{}]},"n":1})",
                           R"( { "z" : "\"n\"" , "n" : 1 , "maybe" : 2 } )", R"({"\u006e":1,"may\u0062e":2})",
                           R"({"nn":8,"n":1,"maybe":2,"may":[[[]]]})"}) {
    INFO(line << " " << reason);
    REQUIRE(decoder->decode(line, batch, reason));
    CHECK(batch[batch.size() - 1].n == 1);
    CHECK(batch[batch.size() - 1].maybe == 2);
  }
}

TEST_CASE("JsonDecoder names the field and the value that it refuses") {
  CHECK(json_reason(R"({"maybe":1})") == "field `n` is missing");
  CHECK(json_reason(R"({"n":null})") == "field `n` is null, which only optional fields may be");
  CHECK(json_reason(R"({"n":32768})") == "field `n`: `32768` is out of range for a whole number (int16)");
  CHECK(json_reason(R"({"n":99999999999999999999})") ==
        "field `n`: `99999999999999999999` is out of range for a whole number (int16)");
  CHECK(json_reason(R"({"n":1.5})") == "field `n`: `1.5` is not a whole number (int16)");
  CHECK(json_reason(R"({"n":"1"})") == "field `n`: `\"1\"` is not a whole number (int16)");
  CHECK(json_reason(R"({"n":true})") == "field `n`: `true` is not a whole number (int16)");
  CHECK(json_reason(R"({"n":1,"maybe":{}})") == "field `maybe`: an object is not a whole number (int32)");
  CHECK(json_reason(R"({"n":1,"n":1})") == "field `n` is there twice");
  CHECK(Decoded<Small>("json", R"({"n":3e2})").row().n == 300);
  CHECK(Decoded<Small>("json", R"({"n":5.0})").row().n == 5);
  std::string nested = kEverythingJson;
  nested.replace(nested.find("\"gate\":7"), 8, "\"gate\":\"x\"");
  CHECK(Decoded<Everything>("json", nested).reason ==
        "field `place.gate`: `\"x\"` is not a whole number (int16)");
}

TEST_CASE("JsonDecoder refuses what is not one JSON object") {
  for (const char* bad : {"", " ", "{", "}", "[]", "3", "null", R"({"n":1)", R"({"n":1} x)",
                          R"({"n":1}{"n":2})", R"({"n" 1})", R"({"n":1,})", R"({"n":01})", R"({"n":+1})",
                          R"({"n":1 "maybe":2})", R"({n:1})", "{\"n\":1,\"maybe\":nul}"}) {
    INFO(bad);
    CHECK_FALSE(Decoded<Small>("json", bad).ok);
  }
  CHECK(json_reason("{\"n\":1,\"x\":\"\xFF\"}") == "not valid UTF-8");
  CHECK_FALSE(Decoded<rows::Line>("json", "{\"text\":\"a\tb\"}").ok);
  CHECK_FALSE(Decoded<rows::Line>("json", R"({"text":"\ud800"})").ok);
  CHECK_FALSE(Decoded<rows::Line>("json", R"({"text":"\udc00"})").ok);
  CHECK_FALSE(Decoded<rows::Line>("json", R"({"text":"\x"})").ok);
  CHECK(Decoded<rows::Line>("json", R"({"text":"\ud83d\ude00"})").row().text == "\xF0\x9F\x98\x80");
}

TEST_CASE("What is no JSON object is called by what it is, and what was expected") {
  using std::string_literals::operator""s;
  const auto says = [](const std::string& payload, const std::string& what) {
    INFO(payload);
    CHECK_THAT(json_reason(payload), Catch::Contains(what));
  };
  says("[{\"n\":1}]", "an array where a JSON object is expected");
  says(" [1", "an array");
  says("\"{\\\"n\\\":1}\"", "a string where a JSON object is expected; is it JSON within JSON?");
  says("17", "a number where a JSON object");
  says("null", "`null` where a JSON object");
  says("true", "`true` where");
  says("<html>", "HTML or XML");
  says("n=1", "no JSON where");
  says("", "nothing where");
  says("  ", "nothing where");
  says("\xEF\xBB\xBF{\"n\":1}", "byte order mark");
  says("\0\0\0\0\x07{\"n\":1}"s, "Confluent");
  says("\0\0\0\0\x07\x02\x06"s, "Confluent");
  says("\0\0\0\0\0\0\0\0"s, "nothing but zero bytes");
  says("{\"n\":1,", "does not end; is it cut off, or written over several lines?");
  says("{\"n\":", "does not end");
  says("{", "does not end");
  CHECK(json_reason(R"({"n":[1,2]})") == "field `n`: an array is not a whole number (int16)");
  CHECK(Decoded<Outer>("json", R"({"inner":[]})").reason == "field `inner`: an array is not an object");
  for (const std::string& payload : {"{\"n\":\"a\0b\"}"s, "{\"n\":\0}"s, "\0"s, "a\0b"s})
    CHECK(json_reason(payload).find('\0') == std::string::npos);
  CHECK(json_reason("{\"n\":\"" + std::string(100'000, 'x') + "\"}").size() < 200);
}

TEST_CASE("An envelope around the row is called by its name, with the way to have none") {
  const std::string connect = R"({"schema":{"type":"struct"},"payload":{"n":1}})";
  const std::string debezium = R"({"before":null,"after":{"n":1},"source":{"db":"x"},"op":"c","ts_ms":1})";
  CHECK_THAT(json_reason(connect), Catch::Contains("Kafka Connect envelope") &&
                                       Catch::Contains("value.converter.schemas.enable=false"));
  CHECK_THAT(json_reason(debezium),
             Catch::Contains("DebeziumEvent") && Catch::Contains("ExtractNewRecordState"));
  // Also where nothing is required, and every field would be absent.
  CHECK_FALSE(Decoded<Outer>("json", connect).ok);
  CHECK_THAT(Decoded<Outer>("json", debezium).reason, Catch::Contains("DebeziumEvent"));
  CHECK(Decoded<Outer>("json", R"({"schema":1})").ok);
  CHECK(Decoded<Outer>("json", R"({"schema":{},"payload":{},"inner":null})").ok);
  CHECK(Decoded<Outer>("json", "{}").ok);
  CHECK(json_reason(R"({"schema":1})") == "field `n` is missing");
}

TEST_CASE("Bytes that are no UTF-8 go through JSON and come back") {
  const std::string bytes("\xFF a\xC3\xA9\n\"\x80\xC3\xED\xA0\x80\0\xF0\x9F\x98\x80\xF0\x9F", 19);
  const std::string line = encoded("json", rows::Line{bytes});
  CHECK(weir::is_utf8(line));
  CHECK(line ==
        "{\"text\":\"\\udcff "
        "a\xC3\xA9\\n\\\"\\udc80\\udcc3\\udced\\udca0\\udc80\\u0000\xF0\x9F\x98\x80\\udcf0\\udc9f\"}");
  const Decoded<rows::Line> again("json", line);
  REQUIRE(again.ok);
  CHECK(again.row().text == bytes);
  for (int byte = 0x80; byte < 0x100; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    CHECK(Decoded<rows::Line>("json", encoded("json", rows::Line{one})).row().text == one);
  }
  for (const char* text : {"\\ud800", "\\udc7f", "\\udd00", "\\udfff", "\\udcff\\udbff"})
    CHECK_FALSE(Decoded<rows::Line>("json", "{\"text\":\"" + std::string(text) + "\"}").ok);
}

TEST_CASE("JsonDecoder reads numbers of more digits than fit") {
  for (const char* text :
       {"0.30000000000000004441", "0.123456789012345678901234567890", "-0.99999999999999999999",
        "12345678901234567890.5", "0.00000000000000000000000000000012345678901234567890",
        "4.9406564584124654417656879286822e-324"}) {
    INFO(text);
    for (const char* around : {R"({"text":"","n":1,"d":)", R"( {"text":"","n":1,"d": )"})
      CHECK(Decoded<Noted>("json", around + std::string(text) + " }").row().d == std::strtod(text, nullptr));
    CHECK(Decoded<Noted>("json", std::string(R"({"text":"","n":1,"d":)") + text + "}").row().d ==
          std::strtod(text, nullptr));
  }
}

TEST_CASE("JsonDecoder says the same of a record, whatever came before it") {
  auto decoder = weir::make_decoder("json", weir::row_schema<Small>());
  RowBatch<Small> batch;
  std::string first, again;
  const std::string open = R"({"maybe":{,"n":1})";
  CHECK_FALSE(decoder->decode(open, batch, first));
  CHECK_FALSE(decoder->decode(open + "}", batch, again));
  CHECK_FALSE(decoder->decode(open, batch, again));
  CHECK(again == first);
}

TEST_CASE("JsonDecoder passes over deep nesting without recursion") {
  const std::string deep = "{\"x\":" + std::string(200'000, '[') + std::string(200'000, ']') + ",\"n\":1}";
  CHECK(Decoded<Small>("json", deep).ok);
}

TEST_CASE("JsonEncoder writes null for what is no number and escapes bytes that are no UTF-8") {
  Everything row;
  row.d = std::numeric_limits<double>::quiet_NaN();
  row.f = -std::numeric_limits<float>::infinity();
  const std::string line = encoded("json", row);
  CHECK_THAT(line, Catch::Contains("\"d\":null") && Catch::Contains("\"f\":null"));
  CHECK(encoded("json", rows::Line{std::string_view("\x01\x1f\x7f\x00", 4)}) ==
        "{\"text\":\"\\u0001\\u001f\x7f\\u0000\"}");
  CHECK(encoded("json", rows::Line{"\xC3\xA9\xFFz\xE2\x82"}) ==
        "{\"text\":\"\xC3\xA9\\udcffz\\udce2\\udc82\"}");
}

TEST_CASE("Moments are read from milliseconds and from ISO-8601") {
  CHECK(Decoded<rows::Flight>("json", R"({"origin":"EWR","at":"2013-01-01T10:00:00Z"})").row().at.millis ==
        1357034400000);
  CHECK(Decoded<rows::Flight>("csv", "EWR,2013-01-01T10:00:00Z,NA").row().at.millis == 1357034400000);
  CHECK(Decoded<rows::Flight>("csv", "EWR,-5,NA").row().at.millis == -5);
  CHECK(iso("2013-01-01T10:00:00.123456+02:00") == 1357034400123 - 7'200'000);
  CHECK(iso("2013-01-01T10:00:00.1-0130") == 1357034400100 + 5'400'000);
  CHECK(iso("2013-01-01 10:00") == 1357034400000);
  CHECK(iso("1969-12-31T23:59:59.999Z") == -1);
  CHECK(iso("2024-02-29") == 1709164800000);
  for (const char* bad : {"2023-02-29", "2013-13-01", "2013-01-01T24:00:00Z", "2013-01-01T10:60:00Z",
                          "2013-01-01T10:00:00.Z", "2013-01-01T", "2013-1-1", "2013-01-01T10:00:00+2",
                          "2013-01-01T10:00:00Zx", "13", "", "2013-01-01T10:00.5Z", "2013-01-01 10:00.5",
                          "2013-01-01T10.5Z", "2013-01-01.5", "2013-01-01T10:00:.5Z"})
    CHECK_FALSE(iso(bad).has_value());
}

TEST_CASE("CsvDecoder unquotes fields and tells absent from empty") {
  struct Case {
    const char* text;
    std::optional<std::string_view> note;
  };
  for (const Case& c : {Case{"x,0,,1", std::nullopt}, Case{"x,0,NA,1", std::nullopt}, Case{"x,0,\"\",1", ""},
                        Case{"x,0,\"NA\",1", "NA"}, Case{"x,0,\"a\"\"b,\r\nc\",1", "a\"b,\r\nc"},
                        Case{"x,0,a\"b,1", "a\"b"}}) {
    INFO(c.text);
    const Decoded<Noted> decoded("csv", c.text);
    REQUIRE(decoded.ok);
    CHECK(decoded.row().note == c.note);
    CHECK(decoded.row().d == 1.0);
  }
  CHECK(Decoded<rows::Flight>("csv", "NA,0,\"\"").row().origin == "NA");
  CHECK_FALSE(Decoded<rows::Flight>("csv", "NA,0,\"NA\"").row().delay.has_value());
}

TEST_CASE("CsvDecoder names the column and the value that it refuses") {
  const auto reason = [](std::string_view line) { return Decoded<rows::Flight>("csv", line).reason; };
  CHECK(reason("EWR,,1") == "field `at` is empty, which only optional fields may be");
  CHECK(reason("EWR,0,2147483648") ==
        "field `delay`: `2147483648` is out of range for a whole number (int32)");
  CHECK(reason("EWR,0,1.5") == "field `delay`: `1.5` is not a whole number (int32)");
  CHECK(reason("EWR,0,x") == "field `delay`: `x` is not a whole number (int32)");
  CHECK(reason("EWR,soon,1") == "field `at`: `soon` is not milliseconds since 1970 or an ISO-8601 time");
  CHECK(reason("EWR,0") == "2 fields where 3 columns are expected");
  CHECK(reason("EWR,0,1,2") == "4 fields where 3 columns are expected");
  CHECK(reason("\"EWR,0,1") == "column 1: a quote that is never closed");
  CHECK(reason("\"EWR\"x,0,1") == "column 1: text after a closing quote");
  CHECK(reason("\xFF,0,1") == "not valid UTF-8");
  CHECK(Decoded<rows::Flight>("csv", "EWR,0,12.0").row().delay == 12);
}

TEST_CASE("Formats refuse schemas and names that do not suit them") {
  CHECK_THROWS_WITH(weir::make_decoder("csv", weir::row_schema<Outer>()),
                    Catch::Contains("`inner`") && Catch::Contains("optional struct"));
  CHECK_THROWS_WITH(weir::make_encoder("raw", weir::row_schema<Small>()),
                    Catch::Contains("exactly one text field"));
  CHECK_THROWS_WITH(weir::make_decoder("jsno", weir::row_schema<Small>()),
                    Catch::Contains("did you mean `json`"));
  const Decoded<Outer> decoded("json", R"({"inner":{"x":4}})");
  REQUIRE(decoded.ok);
  CHECK(decoded.row().inner->x == 4);
  CHECK(encoded("json", decoded.row()) == R"({"inner":{"x":4}})");
  CHECK(encoded("json", Outer{}) == R"({"inner":null})");
}

TEST_CASE("The raw format gives and takes the bytes as they are") {
  const std::string bytes("\xFF\x00\n\"", 4);
  const Decoded<rows::Line> decoded("raw", bytes);
  CHECK(decoded.row().text == bytes);
  CHECK(encoded("raw", decoded.row()) == bytes);
}
