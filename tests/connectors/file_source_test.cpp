#include <catch2/catch.hpp>

#include <cstdlib>

#include "failure_of.hpp"
#include "file_rows.hpp"
#include "temp_dir.hpp"

using namespace file_rows;

TEST_CASE("A CSV file is read by the names in its header, whatever their order and its line ends") {
  const TempDir dir;
  dir.write("a.csv",
            "\xEF\xBB\xBF"
            "at,year,origin,delay\r\n1,2013,EWR,NA\r\n\r\n2,2013,\"J,F\r\nK\",-3\r\n3,2013,LGA,");
  CHECK(read_source("file:" + dir.path("a.csv")) ==
        std::vector{flight("EWR", 1, "null"), flight("J,F\\r\\nK", 2, "-3"), flight("LGA", 3, "null")});
}

TEST_CASE("A CSV file without an optional column leaves it absent, without another one it is refused") {
  const TempDir dir;
  dir.write("a.csv", "origin,at\nEWR,1\n");
  CHECK(read_source("file:" + dir.path("a.csv")) == std::vector{flight("EWR", 1, "null")});
  dir.write("b.csv", "origin,delay\nEWR,1\n");
  CHECK_THAT(usage_failure("file:" + dir.path("b.csv")),
             Catch::Contains("b.csv") && Catch::Contains("`at`") && Catch::Contains("origin, delay"));
  dir.write("c.csv", "origin,at,at\nEWR,1,1\n");
  CHECK_THAT(usage_failure("file:" + dir.path("c.csv")), Catch::Contains("`at` is there 2 times"));
  dir.write("d.csv", "");
  CHECK(read_source("file:" + dir.path("d.csv")).empty());
}

TEST_CASE("Parameters say how a CSV file without a header and with its own word for absent is read") {
  const TempDir dir;
  dir.write("a.txt", "1,x,EWR,\\N\n2,x,JFK,5\n");
  CHECK(read_source("file:" + dir.path("a.txt") +
                    "?format=csv&header=false&columns=at,other,origin,delay&null=\\N") ==
        std::vector{flight("EWR", 1, "null"), flight("JFK", 2, "5")});
  dir.write("b.txt", "EWR,1,5\n");
  CHECK(read_source("file:" + dir.path("b.txt") + "?format=csv&header=false") ==
        std::vector{flight("EWR", 1, "5")});
}

TEST_CASE("Wrong parameters of a file source are named together with what is allowed") {
  CHECK_THAT(usage_failure("file:x.csv?formt=csv"),
             Catch::Contains("`formt`") && Catch::Contains("did you mean `format`"));
  CHECK_THAT(usage_failure("file:x.csv?format=jsno"), Catch::Contains("allowed are csv, json, jsonl, raw"));
  CHECK_THAT(usage_failure("file:x.csv?header=maybe"), Catch::Contains("allowed are true, false"));
  CHECK_THAT(usage_failure("file:x.csv?max_record_bytes=0"), Catch::Contains("at least 1"));
  CHECK_THAT(usage_failure("file:x.csv?columns=a"), Catch::Contains("header=false"));
  CHECK_THAT(usage_failure("file:x.json?format=json&null=x"), Catch::Contains("format=csv"));
  CHECK_THAT(usage_failure("file:"), Catch::Contains("a path is missing"));
  CHECK_THAT(usage_failure("file://data/x.csv"), Catch::Contains("file:data/x.csv"));
  const TempDir dir;
  dir.write("a.dat", "x\n");
  CHECK_THAT(usage_failure("file:" + dir.path("a.dat")),
             Catch::Contains("a.dat") && Catch::Contains("?format="));
}

TEST_CASE("Missing files and patterns that match nothing are named") {
  const TempDir dir;
  const auto missing = [&](const std::string& path) {
    return failure_of(ExitCode::kCannotConnect, [&] { open_source("file:" + path)->partitions(); });
  };
  CHECK_THAT(missing(dir.path("no.csv")), Catch::Contains(dir.path("no.csv")));
  CHECK_THAT(missing(dir.path("*.csv")), Catch::Contains("no file matches"));
  CHECK_THAT(missing(dir.path()), Catch::Contains("has no files"));
}

TEST_CASE("Directories and patterns become partitions named by relative path, in order") {
  const TempDir dir;
  for (const char* name : {"2/b.jsonl", "1/a.jsonl", "1/.hidden.jsonl", "1/c.csv", "what?.jsonl"})
    dir.write(name, "");
  CHECK(open_source("file:" + dir.path("1"))->partitions() == std::vector<std::string>{"a.jsonl", "c.csv"});
  CHECK(open_source("file:" + dir.path("1/"))->partitions() == std::vector<std::string>{"a.jsonl", "c.csv"});
  CHECK(open_source("file:" + dir.path("*/*.jsonl"))->partitions() ==
        std::vector<std::string>{"1/a.jsonl", "2/b.jsonl"});
  CHECK(open_source("file:" + dir.path("1/a.jsonl"))->partitions() == std::vector<std::string>{"a.jsonl"});
  CHECK(open_source("file:" + dir.path("what%3F.jsonl"))->partitions() ==
        std::vector<std::string>{"what?.jsonl"});
}

TEST_CASE("A reader that stops at any record goes on with the next one, plain or compressed") {
  const std::string ending = GENERATE("", ".gz", ".zst");
  const std::string format = GENERATE("csv", "jsonl");
  const TempDir dir;
  std::string content = format == "csv" ? "origin,at,delay\n" : "";
  std::vector<std::string> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back(flight("E\\nR\\\"" + std::string(static_cast<std::size_t>(i * 7), 'x'), i,
                         i % 3 == 0 ? "null" : "1"));
    if (i % 10 == 0 && i > 0) content += format == "csv" ? "\n" : " \n";
    content += format == "csv" ? "\"E\nR\"\"" + std::string(static_cast<std::size_t>(i * 7), 'x') + "\"," +
                                     std::to_string(i) + (i % 3 == 0 ? ",NA\r\n" : ",1\r\n")
                               : all.back() + "\n";
  }
  dir.write("f." + format + ending, ending.empty() ? content : compressed(content, ending));
  const std::string address = "file:" + dir.path("f." + format + ending);
  for (std::size_t stop = 0; stop <= all.size(); ++stop) {
    Collected<Flight> into;
    auto first = open_source(address)->open("f." + format + ending, std::nullopt, {});
    std::vector<std::string> lines;
    if (stop > 0) {
      CHECK(first->read(into, stop) == ReadStatus::kRows);
      lines = into.take();
    }
    CHECK(lines.size() == stop);
    const weir::Position position = first->position();
    auto second = open_source(address)->open("f." + format + ending, position, {});
    CHECK(second->position() == position);
    for (std::string& line : rows::read_all(*second, into)) lines.push_back(std::move(line));
    REQUIRE(lines == all);
    CHECK(second->progress() == 1.0);
    CHECK(second->read(into, 1) == ReadStatus::kEnd);
  }
}

TEST_CASE("Large files are read in blocks, and lines across their borders stay whole") {
  const std::string ending = GENERATE("", ".gz", ".zst");
  const TempDir dir;
  std::string content;
  std::vector<std::string> all;
  for (int i = 0; i < 20'000; ++i) {
    all.push_back(flight(std::string(static_cast<std::size_t>(i % 97), 'y'), i, "2"));
    content += all.back() + "\n";
  }
  REQUIRE(content.size() > 1024 * 1024);
  dir.write("f.jsonl" + ending, ending.empty() ? content : compressed(content, ending));
  auto reader =
      open_source("file:" + dir.path("f.jsonl" + ending))->open("f.jsonl" + ending, std::nullopt, {});
  Collected<Flight> into;
  double progress = 0;
  std::vector<std::string> lines;
  while (reader->read(into, 500) == ReadStatus::kRows) {
    CHECK(reader->progress().value() >= progress);
    progress = reader->progress().value();
    for (std::string& line : into.take()) lines.push_back(std::move(line));
  }
  CHECK((lines == all));
  CHECK(progress > 0.9);
}

TEST_CASE("gzip files written by Python in several members are read as one") {
  const TempDir dir;
  const std::string command =
      "python3 -c 'import gzip,sys\nfor i in range(3):\n    gzip.open(sys.argv[1], "
      "\"ab\").write(b\"EWR,%d,\\n\" % i)' " +
      dir.path("a.csv.gz");
  REQUIRE(std::system(command.c_str()) == 0);
  CHECK(read_source("file:" + dir.path("a.csv.gz") + "?header=false").size() == 3);
}

TEST_CASE("Compressed files that are cut off or damaged are named, not taken for their end") {
  const std::string ending = GENERATE(".gz", ".zst");
  const TempDir dir;
  std::string content;
  for (int i = 0; i < 5'000; ++i) content += flight("EWR", i * 7919 % 10'007, "1") + "\n";
  const std::string whole = compressed(content, ending);
  dir.write("cut.jsonl" + ending, whole.substr(0, whole.size() - 7));
  CHECK_THAT(failure_of(ExitCode::kJobFailed, [&] { read_source("file:" + dir.path("cut.jsonl" + ending)); }),
             Catch::Contains("cut.jsonl") && Catch::Contains("ends in the middle"));
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  dir.write("bad.jsonl" + ending, damaged);
  Collected<Flight> into;
  CHECK_THAT(
      failure_of(ExitCode::kJobFailed, [&] { read_source("file:" + dir.path("bad.jsonl" + ending), into); }),
      Catch::Contains("bad.jsonl") && Catch::Contains("is damaged"));
}

TEST_CASE("A replaced or shortened file is refused, a grown one is read on") {
  const TempDir dir;
  const std::string name = "f.jsonl", first = flight("EWR", 1, "1") + "\n",
                    second = flight("JFK", 2, "2") + "\n";
  const std::string address = "file:" + dir.write(name, first + second);
  Collected<Flight> into;
  auto reader = open_source(address)->open(name, std::nullopt, {});
  CHECK(reader->read(into, 2) == ReadStatus::kRows);
  into.take();
  const weir::Position position = reader->position();
  CHECK(position.offset == static_cast<std::int64_t>(first.size() + second.size()));

  dir.write(name, first + second + flight("LGA", 3, "3") + "\n");
  CHECK(rows::read_all(*open_source(address)->open(name, position, {}), into) ==
        std::vector{flight("LGA", 3, "3")});
  const auto refused = [&] { open_source(address)->open(name, position, {}); };
  dir.write(name, second + first);
  CHECK_THAT(failure_of(ExitCode::kStateUnusable, refused),
             Catch::Contains(name) && Catch::Contains("not the file"));
  dir.write(name, first);
  CHECK_THAT(failure_of(ExitCode::kStateUnusable, refused), Catch::Contains(name));
  const std::string long_line = flight(std::string(5000, 'x'), 1, "1") + "\n";
  dir.write(name, long_line + second);
  auto other = open_source(address)->open(name, std::nullopt, {});
  CHECK(other->read(into, 2) == ReadStatus::kRows);
  dir.write(name, long_line);
  CHECK_THAT(
      failure_of(ExitCode::kStateUnusable, [&] { open_source(address)->open(name, other->position(), {}); }),
      Catch::Contains("shorter"));
}

TEST_CASE("What cannot be decoded is handed over with its offset, and the next line is read") {
  const TempDir dir;
  const std::string good = flight("EWR", 1, "1"), bad = "{\"origin\":\"EWR\",\"at\":true}";
  dir.write("a.jsonl", good + "\n" + bad + "\n" + good + "\nrubbish\n" + good);
  Collected<Flight> into;
  CHECK(read_source("file:" + dir.path("a.jsonl"), into) == std::vector{good, good, good});
  REQUIRE(into.rejected.size() == 2);
  CHECK(into.rejected[0].offset == static_cast<std::int64_t>(good.size() + 1));
  CHECK(into.rejected[0].payload == bad);
  CHECK_THAT(into.rejected[0].reason, Catch::Contains("`at`"));
  CHECK(into.rejected[1].payload == "rubbish");
}

TEST_CASE("A quote that is never closed costs one line") {
  const TempDir dir;
  dir.write("a.csv", "origin,at,delay\nEWR,1,1\n\"JFK,2,2\nLGA,3,3\nEWR,4,4\n");
  Collected<Flight> into;
  CHECK(read_source("file:" + dir.path("a.csv"), into) ==
        std::vector{flight("EWR", 1, "1"), flight("LGA", 3, "3"), flight("EWR", 4, "4")});
  REQUIRE(into.rejected.size() == 1);
  CHECK(into.rejected[0].offset == 24);
  CHECK(into.rejected[0].payload == "\"JFK,2,2");
}

TEST_CASE("Records longer than allowed are rejected with their beginning, and passed over") {
  const std::string ending = GENERATE("", ".gz");
  const TempDir dir;
  const std::string good = flight("EWR", 1, "1");
  const std::string huge = flight(std::string(40'000'000, 'x'), 1, "1");
  const std::string content = good + "\n" + huge + "\n" + good + "\n" + huge;
  dir.write("a.jsonl" + ending, ending.empty() ? content : compressed(content, ending));
  Collected<Flight> into;
  CHECK(read_source("file:" + dir.path("a.jsonl" + ending) + "?max_record_bytes=1000", into) ==
        std::vector{good, good});
  REQUIRE(into.rejected.size() == 2);
  CHECK(into.rejected[0].offset == static_cast<std::int64_t>(good.size() + 1));
  CHECK(into.rejected[0].payload == huge.substr(0, 64 * 1024));
  CHECK(into.rejected[0].bytes == huge.size());
  CHECK(into.rejected[1].bytes == huge.size());
  CHECK_THAT(into.rejected[0].reason, Catch::Contains("max_record_bytes=1000"));
}

TEST_CASE("A record of exactly the longest length is read") {
  const TempDir dir;
  const std::string line = flight("EWR", 1, "1"), longer = flight("EWRX", 1, "1");
  dir.write("a.jsonl", line + "\n" + longer + "\n" + line);
  Collected<Flight> into;
  CHECK(read_source("file:" + dir.path("a.jsonl") + "?max_record_bytes=" + std::to_string(line.size()), into)
            .size() == 2);
  CHECK(into.rejected.size() == 1);
}

TEST_CASE("Raw lines are rows, blank ones too") {
  const TempDir dir;
  dir.write("a.txt", "one\n\nthree");
  CHECK(read_source<rows::Line>("file:" + dir.path("a.txt") + "?format=raw") ==
        std::vector<std::string>{R"({"text":"one"})", R"({"text":""})", R"({"text":"three"})"});
}
