#include <catch2/catch.hpp>

#include <filesystem>

#include <weir/core/error.hpp>

#include "compressor.hpp"
#include "failure_of.hpp"
#include "file_connector.hpp"
#include "rows.hpp"
#include "temp_dir.hpp"

using rows::Collected;
using rows::Flight;
using weir::ConnectorUri;
using weir::ExitCode;
using weir::Position;
using weir::RestoredPartition;

namespace {

/// What a checkpoint knows of the files of a directory, and how a source takes it.
class Archive {
 public:
  std::string address(const std::string& parameters = "") const {
    return "file:" + dir.path("*") + parameters;
  }

  /// What a run leaves that reads all, or one record of each file.
  void read(bool all = true) {
    const auto source = open(address());
    for (const std::string& name : source->partitions()) {
      Collected<Flight> into;
      const auto reader = source->open(name, std::nullopt, {});
      if (all) rows::read_all(*reader, into);
      else reader->read(into, 1);
      known.push_back({name, reader->position(), all});
    }
  }
  void check(const std::string& parameters = "") {
    logged.clear();
    const auto source = open(address(parameters));
    source->partitions();
    source->check_restored(known);
  }
  std::string refusal() {
    return failure_of(ExitCode::kStateUnusable, [&] { check(); });
  }

  TempDir dir;
  std::vector<RestoredPartition> known;
  std::vector<std::string> logged;

 private:
  std::unique_ptr<weir::Source> open(const std::string& uri) {
    weir::ConnectorContext context;
    context.name = "flights";
    context.schema = &weir::row_schema<Flight>();
    context.warn = [this](const std::string& line) { logged.push_back(line); };
    return weir::make_file_source(ConnectorUri::parse(uri), context);
  }
};

const std::string kFirst = "origin,at\nEWR,1\nEWR,2\n";
const std::string kSecond = "origin,at\nJFK,1\nJFK,2\n";

}  // namespace

TEST_CASE("Files that had been read to their ends may go, in one line of the log") {
  Archive archive;
  archive.dir.write("a.csv", kFirst);
  archive.dir.write("b.csv", kSecond);
  archive.dir.write("c.csv", "origin,at\nLGA,1\n");
  archive.read();
  archive.check();
  CHECK(archive.logged.empty());
  std::filesystem::remove(archive.dir.path("a.csv"));
  std::filesystem::remove(archive.dir.path("b.csv"));
  archive.dir.write("d.csv", "origin,at\nLGA,1\nLGA,2\n");  // new, and like one that is there
  archive.check();
  REQUIRE(archive.logged.size() == 1);
  CHECK_THAT(archive.logged[0], Catch::Contains("2 files") && Catch::Contains("a.csv"));
}

TEST_CASE("A file that is gone before it was read to its end is refused, unless that is said to be right") {
  Archive archive;
  archive.dir.write("a.csv", kFirst);
  archive.dir.write("b.csv", kSecond);
  archive.read(false);
  std::filesystem::remove(archive.dir.path("a.csv"));
  CHECK_THAT(archive.refusal(), Catch::Contains("`a.csv` is gone") && Catch::Contains("16 bytes") &&
                                    Catch::Contains("missing=ignore") && Catch::Contains("source 'flights'"));
  archive.check("?missing=ignore");
  REQUIRE(archive.logged.size() == 1);
  CHECK_THAT(archive.logged[0], Catch::Contains("a.csv") && Catch::Contains("byte 16"));
}

TEST_CASE("A file that nothing had been read of is missed when it is gone") {
  Archive archive;
  archive.dir.write("b.csv", kSecond);
  archive.known = {{"a.csv", {0, "first=0;xxh3=2d06800538d394c2"}, false}};
  CHECK_THAT(archive.refusal(), Catch::Contains("`a.csv` is gone") && Catch::Contains("0 bytes"));
}

TEST_CASE("A file under a new name is not read again") {
  Archive archive;
  archive.dir.write("a.csv", kFirst);
  archive.dir.write("b.csv", kSecond);
  archive.read();
  SECTION("renamed") { archive.dir.write("z.csv", kFirst); }
  SECTION("compressed") {
    auto compressor = weir::make_compressor(weir::compression_of("x.gz"));
    std::string packed;
    compressor->add(kFirst, packed);
    compressor->finish(packed);
    archive.dir.write("a.csv.gz", packed);
  }
  std::filesystem::remove(archive.dir.path("a.csv"));
  CHECK_THAT(archive.refusal(), Catch::Contains("`a.csv`") && Catch::Contains("would come twice") &&
                                    Catch::Contains("missing=ignore"));
  archive.check("?missing=ignore");
}

TEST_CASE("A large file under a new name is known by its beginning, also when it has grown") {
  std::string large = "origin,at\n";
  for (int n = 0; n < 1000; ++n) large += "EWR," + std::to_string(n) + "\n";
  Archive archive;
  archive.dir.write("2013/a.csv", large);
  archive.dir.write("2014/b.csv", kSecond);
  const auto address = [&](const std::string& part) { return "file:" + archive.dir.path(part); };
  weir::ConnectorContext context;
  context.name = "flights";
  context.schema = &weir::row_schema<Flight>();
  const auto source = weir::make_file_source(ConnectorUri::parse(address("*/*.csv")), context);
  Collected<Flight> into;
  std::vector<RestoredPartition> known;
  for (const std::string& name : source->partitions()) {
    const auto reader = source->open(name, std::nullopt, {});
    rows::read_all(*reader, into);
    known.push_back({name, reader->position(), true});
  }
  std::filesystem::remove(archive.dir.path("2013/a.csv"));
  archive.dir.write("2014/a.csv", large + "EWR,1000\n");
  const auto moved = weir::make_file_source(ConnectorUri::parse(address("*/*.csv")), context);
  moved->partitions();
  CHECK_THAT(failure_of(ExitCode::kStateUnusable, [&] { moved->check_restored(known); }),
             Catch::Contains("2013/a.csv") && Catch::Contains("2014/a.csv"));
}

TEST_CASE("A position that is none in a file is refused") {
  Archive archive;
  archive.dir.write("a.csv", kFirst);
  archive.known = {{"0", {17, ""}, false}};
  CHECK_THAT(archive.refusal(), Catch::Contains("bound to something else"));
}
