#include "file_rows.hpp"

using namespace file_rows;

namespace {

using std::string_literals::operator""s;

struct Named {
  std::string_view origin;
  std::string_view at;
};
BOOST_DESCRIBE_STRUCT(Named, (), (origin, at))

struct AllOptional {
  std::optional<std::int32_t> dep_time;
  std::optional<std::string_view> origin;
};
BOOST_DESCRIBE_STRUCT(AllOptional, (), (dep_time, origin))

/// UTF-16 of ASCII.
std::string wide(std::string_view text, bool little, bool mark) {
  std::string out = mark ? (little ? "\xFF\xFE"s : "\xFE\xFF"s) : "";
  for (const char c : text) out += little ? std::string{c, '\0'} : std::string{'\0', c};
  return out;
}

class Files {
 public:
  template <class Row = Flight>
  std::string refusal(const std::string& name, const std::string& content,
                      const std::string& parameters = "") {
    dir_.write(name, content);
    return failure_of(ExitCode::kUsage, [&] { read_source<Row>("file:" + dir_.path(name) + parameters); });
  }
  template <class Row = Flight>
  std::vector<std::string> rows(const std::string& name, const std::string& content,
                                const std::string& parameters = "") {
    warnings().clear();
    dir_.write(name, content);
    Collected<Row> into;
    auto lines = read_source<Row>("file:" + dir_.path(name) + parameters, into);
    reasons.clear();
    for (const auto& rejected : into.rejected) reasons.push_back(rejected.reason);
    return lines;
  }
  std::vector<std::string> reasons;  ///< of what rows() has rejected

 private:
  TempDir dir_;
};

}  // namespace

TEST_CASE("CSV whose lines end with CR alone is refused with the remedy, whatever follows") {
  Files files;
  for (const char* content : {"origin,at,delay\rEWR,1,1\rJFK,2,2\r", "origin,at,delay\rEWR,1,1\nJFK,2,2\n",
                              "origin,at\r\r\nEWR,1\r\r\n"})
    CHECK_THAT(files.refusal("a.csv", content), Catch::Contains("a.csv") &&
                                                    Catch::Contains("carriage return") &&
                                                    Catch::Contains("tr '\\r' '\\n'"));
}

TEST_CASE("A carriage return in a row, where line ends are mixed, costs the row and is named") {
  Files files;
  CHECK(files.rows("a.csv",
                   "origin,at,delay\r\nEWR,1,1\nJFK,2,2\rLGA,3,3\nE\rR,4,4\r\n\"E\rR\",5,5\r\nE\rR,x,6\n") ==
        std::vector{flight("EWR", 1, "1"), flight("E\\rR", 4, "4"), flight("E\\rR", 5, "5")});
  REQUIRE(files.reasons.size() == 2);
  for (const std::string& reason : files.reasons) CHECK_THAT(reason, Catch::Contains("tr '\\r' '\\n'"));
  CHECK(files.rows("b.csv", "EWR,1,1\rJFK,2,2\r", "?header=false").empty());
  REQUIRE(files.reasons.size() == 1);
  CHECK_THAT(files.reasons[0], Catch::Contains("tr '\\r' '\\n'"));
  // With one column nothing else would tell.
  CHECK(files.rows<rows::Line>("c.csv", "text\none\rtwo\r\n\"one\rtwo\"\n").size() == 1);
  REQUIRE(files.reasons.size() == 1);
  CHECK_THAT(files.reasons[0], Catch::Contains("carriage return outside quotes"));
}

TEST_CASE("JSON objects that CR alone separates are rejected with the remedy") {
  Files files;
  const std::string row = flight("EWR", 1, "1");
  CHECK(files.rows("a.jsonl", row + "\r" + row + "\r").empty());
  REQUIRE(files.reasons.size() == 1);
  CHECK_THAT(files.reasons[0], Catch::Contains("text after the end") && Catch::Contains("tr '\\r' '\\n'"));
  CHECK(files.rows("a.jsonl", row + "\r\n" + row + "\r") == std::vector{row, row});
}

TEST_CASE("Files in another encoding, HTML, and JSON that is no lines are named before anything is read") {
  Files files;
  const std::string csv = "origin,at,delay\nEWR,1,1\n", row = flight("EWR", 1, "1");
  for (const bool little : {true, false})
    for (const bool mark : {true, false}) {
      CHECK_THAT(files.refusal("a.csv", wide(csv, little, mark)),
                 Catch::Contains("UTF-16") && Catch::Contains("iconv"));
      CHECK_THAT(files.refusal("a.jsonl", wide(row, little, mark)), Catch::Contains("UTF-16"));
    }
  CHECK_THAT(files.refusal("a.csv", "origin,at\0,delay\nEWR,1,1\n"s), Catch::Contains("zero bytes"));
  for (const char* page :
       {"<!DOCTYPE html><html>", "\n <html>\n<body>Not found", "<?xml version=\"1.0\"?><Error/>"}) {
    CHECK_THAT(files.refusal("a.csv", page), Catch::Contains("HTML") && Catch::Contains("not CSV"));
    CHECK_THAT(files.refusal("a.csv", page, "?header=false"), Catch::Contains("HTML"));
    CHECK_THAT(files.refusal("a.jsonl", page), Catch::Contains("HTML"));
  }
  CHECK_THAT(files.refusal("a.json", "[" + row + ",\n" + row + "]"),
             Catch::Contains("array") && Catch::Contains("jq -c '.[]'"));
  CHECK_THAT(files.refusal("a.json", "\xEF\xBB\xBF\n[\n  " + row), Catch::Contains("array"));
  CHECK_THAT(files.refusal("a.json", "{\n  \"origin\": \"EWR\",\n  \"at\": 1\n}\n"),
             Catch::Contains("several lines") && Catch::Contains("jq -c ."));
  CHECK_THAT(files.refusal("a.csv", row + "\n" + row),
             Catch::Contains("lines of JSON") && Catch::Contains("?format=jsonl"));
  CHECK(files.rows("a.csv", "\xEF\xBB\xBForigin,at,delay\nEWR,1,1\n") == std::vector{row});
}

TEST_CASE("A CSV file with another separator is refused with the parameter that reads it") {
  Files files;
  const std::vector expected{flight("EWR", 1, "1"), flight("a;b", 2, "null")};
  for (const auto& [separator, word] :
       {std::pair{';', ";"}, std::pair{'\t', "tab"}, std::pair{'|', "|"}, std::pair{';', "%3B"}}) {
    std::string content = "origin,at,delay\nEWR,1,1\n\"a;b\",2,\n";
    std::replace(content.begin(), content.end(), ',', separator);
    const std::string shown_word = word[0] == '%' ? ";" : word;
    CHECK_THAT(files.refusal("a.csv", content), Catch::Contains("?separator=" + shown_word));
    CHECK_THAT(files.refusal<AllOptional>("a.csv", content), Catch::Contains("?separator=" + shown_word));
    CHECK(files.rows("a.csv", content, std::string("?separator=") + word) == expected);
    const std::string rows_only = content.substr(content.find('\n') + 1);
    CHECK(files.rows("b.csv", rows_only.substr(0, 8), "?header=false").empty());
    REQUIRE(files.reasons.size() == 1);
    CHECK_THAT(files.reasons[0], Catch::Contains("?separator=" + shown_word));
    CHECK(files.rows("b.csv", rows_only, std::string("?header=false&separator=") + word) == expected);
  }
  CHECK_THAT(files.refusal("a.csv", "origin,at,delay\n", "?separator=;"), Catch::Contains("?separator=,"));
  CHECK_THAT(files.refusal("a.csv", "", "?separator=ab"), Catch::Contains("one character"));
  CHECK_THAT(files.refusal("a.jsonl", "", "?format=jsonl&separator=;"), Catch::Contains("format=csv"));
}

TEST_CASE("A column like a required field is named, and one like an optional field is warned of once") {
  Files files;
  for (const char* name : {"Origin", "ORIGIN", " origin", "ori_gin", "ori-gin", "oriGin"})
    CHECK_THAT(
        files.refusal("a.csv", name + ",at,delay\nEWR,1,1\n"s),
        Catch::Contains("`origin` is missing") && Catch::Contains(name + "`"s) && Catch::Contains("rename"));
  for (const char* name : {"Dep_Time", "depTime", "DEP TIME", "dep-time"}) {
    CHECK(files.rows<AllOptional>("a.csv", "origin,"s + name + "\nEWR,1\nJFK,2\n").size() == 2);
    REQUIRE(warnings().size() == 1);
    CHECK_THAT(warnings()[0],
               Catch::Contains("source 'flights'") && Catch::Contains("`dep_time`") && Catch::Contains(name));
  }
  CHECK_THAT(files.refusal<AllOptional>("a.csv", "Origin,Dep_Time\nEWR,1\n"),
             Catch::Contains("none of its columns") && Catch::Contains("`Dep_Time` is not `dep_time`"));
  CHECK(files.rows<AllOptional>("a.csv", "origin,dep_time,Dep_Time\nEWR,1,2\n").size() == 1);
  CHECK(warnings().empty());
}

TEST_CASE("Warnings come once a source, however many files there are") {
  const TempDir dir;
  for (const char* name : {"a.csv", "b.csv", "c.csv"}) dir.write(name, "origin,at,Delay\nEWR,1,1\n");
  warnings().clear();
  CHECK(read_source("file:" + dir.path()).size() == 3);
  CHECK(warnings().size() == 1);
}

TEST_CASE("A header that comes again, and a mark in the middle, are no rows: files were joined") {
  Files files;
  const std::string header = "origin,at\n", row = R"({"origin":"EWR","at":"1"})";
  CHECK(files.rows<Named>("a.csv", header + "EWR,1\n" + header + "EWR,1\n\xEF\xBB\xBF" + header) ==
        std::vector{row, row});
  REQUIRE(files.reasons.size() == 2);
  CHECK_THAT(files.reasons[0], Catch::Contains("header again"));
  CHECK_THAT(files.reasons[1], Catch::Contains("byte order mark"));
  CHECK(files.rows("a.jsonl", flight("EWR", 1, "1") + "\n\xEF\xBB\xBF" + flight("EWR", 2, "1")).size() == 1);
  REQUIRE(files.reasons.size() == 1);
  CHECK_THAT(files.reasons[0], Catch::Contains("byte order mark"));
}

TEST_CASE("What a CSV sink writes is a row also where it looks like the header or begins like a mark") {
  Files files;
  auto encoder = weir::make_encoder("csv", weir::row_schema<Named>());
  std::string content = "origin,at\n";
  for (const Named& row : {Named{"origin", "at"}, Named{"\xEF\xBB\xBFx", "1"}}) {
    encoder->encode(&row, content);
    content += "\n";
  }
  CHECK(files.rows<Named>("a.csv", content) ==
        std::vector<std::string>{R"({"origin":"origin","at":"at"})",
                                 "{\"origin\":\"\xEF\xBB\xBFx\",\"at\":\"1\"}"});
  CHECK(files.reasons.empty());
}

TEST_CASE("Short and long rows are rejected with how many fields there are") {
  Files files;
  CHECK(files.rows("a.csv", "origin,at,delay\nEWR,1\nEWR,1,1,1\nEWR\n").empty());
  CHECK(files.reasons == std::vector<std::string>{"2 fields where 3 columns are expected",
                                                  "4 fields where 3 columns are expected",
                                                  "1 fields where 3 columns are expected"});
}

TEST_CASE(
    "JSON keys like a field are named: a required field's in the reason, an optional one's once in the log") {
  Files files;
  CHECK(files.rows("a.jsonl", R"({"Origin":"EWR","at":1})").empty());
  REQUIRE(files.reasons.size() == 1);
  CHECK_THAT(files.reasons[0], Catch::Contains("`origin` is missing") && Catch::Contains("`Origin`"));
  std::string lines;
  for (int i = 0; i < 50; ++i)
    lines += R"({"origin":"EWR","depTime":1,"other":2})"
             "\n";
  CHECK(files.rows<AllOptional>("a.jsonl", lines).size() == 50);
  REQUIRE(warnings().size() == 1);
  CHECK_THAT(warnings()[0], Catch::Contains("`dep_time`") && Catch::Contains("`depTime`"));
}

TEST_CASE("An optional field that none of the first thousand JSON records has is told of once") {
  Files files;
  std::string with, without, plain;
  for (int i = 0; i < 1500; ++i) {
    without += R"({"origin":"EWR","departure":1})"
               "\n";
    plain += R"({"origin":"EWR"})"
             "\n";
    with += i == 999 ? "{\"origin\":\"EWR\",\"dep_time\":null}\n" : "{\"origin\":\"EWR\"}\n";
  }
  CHECK(files.rows<AllOptional>("a.jsonl", without).size() == 1500);
  REQUIRE(warnings().size() == 1);
  CHECK_THAT(warnings()[0],
             Catch::Contains("first 1000") && Catch::Contains("`dep_time`") && Catch::Contains("departure"));
  CHECK(files.rows<AllOptional>("a.jsonl", plain).size() == 1500);
  CHECK(warnings().size() == 1);
  CHECK(files.rows<AllOptional>("a.jsonl", with).size() == 1500);
  CHECK(warnings().empty());
  CHECK(files.rows<AllOptional>("a.jsonl", without.substr(0, 900 * 31)).size() == 900);
  CHECK(warnings().empty());
}
