#include <fstream>

#include "file_rows.hpp"

using namespace file_rows;

namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;

const std::string kRow = flight("EWR", 1, "1");

struct Read {
  std::vector<std::string> lines;
  std::size_t calls = 0;
  std::size_t calls_without_rows = 0;
};

Read read_in_steps(weir::PartitionReader& reader, Collected<Flight>& into) {
  Read read;
  for (std::size_t rejected = 0;;) {
    ++read.calls;
    const ReadStatus status = reader.read(into, 1000);
    std::vector<std::string> lines = into.take();
    if (status == ReadStatus::kEnd) return read;
    REQUIRE(status == ReadStatus::kRows);
    if (lines.empty() && into.rejected.size() == rejected) ++read.calls_without_rows;
    rejected = into.rejected.size();
    for (std::string& line : lines) read.lines.push_back(std::move(line));
  }
}

std::unique_ptr<weir::PartitionReader> open_file(
    const TempDir& dir, const std::string& name, const std::string& parameters = "",
    const std::optional<weir::Position>& position = std::nullopt) {
  return open_source("file:" + dir.path(name) + parameters)->open(name, position, {});
}

}  // namespace

TEST_CASE("Blank lines without end are passed over a mebibyte a call, and the position goes on with them") {
  const TempDir dir;
  const std::string name = GENERATE("a.jsonl", "a.jsonl.gz", "a.csv.zst");
  const std::string ending =
      name.substr(name.find('.', 2) == std::string::npos ? name.size() : name.find('.', 2));
  const bool csv = name.starts_with("a.csv");
  const std::string row = csv ? "EWR,1,1" : kRow;
  const std::string content =
      (csv ? "origin,at,delay\n" : "") + row + "\n" + std::string(40 * kMebibyte, '\n') + row;
  dir.write(name, ending.empty() ? content : compressed(content, ending));
  auto reader = open_file(dir, name);
  Collected<Flight> into;
  for (int i = 0; i < 10; ++i) CHECK(reader->read(into, 1000) == ReadStatus::kRows);
  const weir::Position position = reader->position();
  CHECK(position.offset > static_cast<std::int64_t>(8 * kMebibyte));
  CHECK(position.offset < static_cast<std::int64_t>(12 * kMebibyte));
  CHECK(into.take() == std::vector{kRow});
  const Read rest = read_in_steps(*reader, into);
  CHECK(rest.lines == std::vector{kRow});
  CHECK(rest.calls_without_rows > 25);
  // And from there again, which a compressed file is unpacked for, a mebibyte a call too.
  auto again = open_file(dir, name, "", position);
  CHECK(again->position() == position);
  const Read resumed = read_in_steps(*again, into);
  CHECK(resumed.lines == std::vector{kRow});
  CHECK(resumed.calls >= rest.calls + (ending.empty() ? 0 : 8));
}

TEST_CASE("A record that is far too long, with or without an end, is passed over a mebibyte a call") {
  const TempDir dir;
  const std::string ending = GENERATE("", ".gz");
  const bool ends = GENERATE(true, false);
  std::string content = kRow + "\n" + std::string(60 * kMebibyte, 'x');
  if (ends) content += "\n" + kRow + "\n";
  dir.write("a.jsonl" + ending, ending.empty() ? content : compressed(content, ending));
  auto reader = open_file(dir, "a.jsonl" + ending);
  Collected<Flight> into;
  const Read read = read_in_steps(*reader, into);
  CHECK(read.lines.size() == (ends ? 2 : 1));
  CHECK(read.calls_without_rows > 50);
  REQUIRE(into.rejected.size() == 1);
  CHECK(into.rejected[0].bytes == 60 * kMebibyte);
  CHECK(into.rejected[0].payload.size() == 64 * 1024);
  CHECK(into.rejected[0].offset == static_cast<std::int64_t>(kRow.size() + 1));
}

TEST_CASE("While a long record is being read the position stays before it") {
  const TempDir dir;
  const std::string long_row = flight(std::string(8 * kMebibyte, 'x'), 2, "2");
  dir.write("a.jsonl", kRow + "\n" + long_row + "\n" + kRow);
  auto reader = open_file(dir, "a.jsonl");
  Collected<Flight> into;
  CHECK(reader->read(into, 1000) == ReadStatus::kRows);
  CHECK(into.take() == std::vector{kRow});
  CHECK(reader->read(into, 1000) == ReadStatus::kRows);
  CHECK(into.take().empty());
  CHECK(reader->position().offset == static_cast<std::int64_t>(kRow.size() + 1));
  auto again = open_file(dir, "a.jsonl", "", reader->position());
  CHECK((read_in_steps(*again, into).lines == std::vector{long_row, kRow}));
  CHECK((read_in_steps(*reader, into).lines == std::vector{long_row, kRow}));
}

TEST_CASE("A huge quoted field is looked through once, a mebibyte a call") {
  const TempDir dir;
  // Quotes and line ends of its own, so that the end is not simply the first of either.
  std::string text;
  while (text.size() < 12 * kMebibyte) text += "line \"\"with\"\" quotes in it\n";
  const bool closed = GENERATE(true, false);
  dir.write("a.csv", "origin,at,delay\nEWR,1,1\n\"" + text + (closed ? "\"," : ",") + "2,2\nEWR,3,3\n");
  auto reader = open_file(dir, "a.csv", closed ? "" : "?max_record_bytes=4000000");
  Collected<Flight> into;
  const Read read = read_in_steps(*reader, into);
  CHECK(read.calls_without_rows >= (closed ? 10 : 2));
  if (closed) {
    CHECK(read.lines.size() == 3);
    CHECK(into.rejected.empty());
  } else {
    CHECK(read.lines == std::vector{flight("EWR", 1, "1"), flight("", 2, "2"), flight("EWR", 3, "3")});
    CHECK(into.rejected.front().reason == "a quote that is never closed");
  }
}

TEST_CASE("Records cut by the border of a step are whole, whatever is in them") {
  const TempDir dir;
  std::string content = "origin,at,delay\n";
  std::vector<std::string> all;
  for (int i = 0; content.size() < 6 * kMebibyte; ++i) {
    const std::size_t size = static_cast<std::size_t>(i) * 7919 % 200'000;
    content += "\"" + std::string(size, 'q') + "\"\"\n\"," + std::to_string(i) + ",1\r\n";
    all.push_back(flight(std::string(size, 'q') + "\\\"\\n", i, "1"));
  }
  dir.write("a.csv.gz", compressed(content, ".gz"));
  Collected<Flight> into;
  CHECK((read_in_steps(*open_file(dir, "a.csv.gz"), into).lines == all));
  CHECK(into.rejected.empty());
}

TEST_CASE("A compressed file that has become shorter is refused when that is seen") {
  const TempDir dir;
  const std::string ending = GENERATE(".gz", ".zst");
  const std::string name = "a.jsonl" + ending;
  const std::string two = flight(std::string(5000, 'x'), 1, "1") + "\n" + kRow + "\n";
  dir.write(name, compressed(two, ending));
  Collected<Flight> into;
  auto reader = open_file(dir, name);
  CHECK(read_in_steps(*reader, into).lines.size() == 2);
  dir.write(name, compressed(two.substr(0, two.size() - kRow.size() - 1), ending));
  auto again = open_file(dir, name, "", reader->position());
  CHECK(again->position() == reader->position());
  CHECK_THAT(failure_of(ExitCode::kStateUnusable, [&] { again->read(into, 10); }),
             Catch::Contains("shorter"));
}

TEST_CASE(
    "A file that has grown in the middle of its last line is refused, and by whole lines it is read on") {
  const TempDir dir;
  const std::string ending = GENERATE("", ".gz");
  const std::string name = "a.jsonl" + ending;
  const auto write = [&](const std::string& content) {
    dir.write(name, ending.empty() ? content : compressed(content, ending));
  };
  const std::string first = flight(std::string(5000, 'x'), 1, "1") + "\n" + kRow;
  write(first);
  Collected<Flight> into;
  auto reader = open_file(dir, name);
  CHECK(read_in_steps(*reader, into).lines.size() == 2);
  const weir::Position position = reader->position();
  for (const std::string& grown : {std::string(), std::string("\n"), "\n" + kRow, "\r\n" + kRow + "\n"}) {
    write(first + grown);
    CHECK(read_in_steps(*open_file(dir, name, "", position), into).lines.size() ==
          (grown.size() > 2 ? 1 : 0));
  }
  write(first + "0}\n" + kRow);
  auto again = open_file(dir, name, "", position);
  CHECK_THAT(failure_of(ExitCode::kStateUnusable, [&] { again->read(into, 10); }),
             Catch::Contains(name) && Catch::Contains("middle of the line"));
}

TEST_CASE("A header behind blank lines without end is not looked for for ever") {
  const TempDir dir;
  dir.write("a.csv.gz", compressed(std::string(100 * kMebibyte, '\n') + "origin,at,delay\nEWR,1,1\n", ".gz"));
  CHECK_THAT(usage_failure("file:" + dir.path("a.csv.gz")),
             Catch::Contains("a.csv.gz") && Catch::Contains("columns"));
  dir.write("a.csv.gz", compressed(std::string(5 * kMebibyte, '\n') + "origin,at,delay\nEWR,1,1\n", ".gz"));
  CHECK(read_source("file:" + dir.path("a.csv.gz")).size() == 1);
}
