#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include "file_rows.hpp"

using namespace file_rows;

namespace {

using Names = std::vector<std::string>;

Names partitions(const std::string& path) { return open_source("file:" + path)->partitions(); }

std::string missing(const std::string& path) {
  return failure_of(ExitCode::kCannotConnect, [&] { partitions(path); });
}

}  // namespace

TEST_CASE("A star is the only wildcard: everything else in a path stands for itself") {
  const TempDir dir;
  for (const char* name : {"data1/other.jsonl", "data[1]/a.jsonl", "data[1]/b.csv", "da\\ta/a.jsonl",
                           "data/a.jsonl", "a b/x y.jsonl", "50%/a.jsonl", "~/a.jsonl", "-n/-rf.jsonl",
                           "{a,b}/a.jsonl", "a/a.jsonl", "d\xC3\xA9j\xC3\xA0/v\xC3\xBC.jsonl",
                           "what?/a.jsonl", "whata/b.jsonl", "!x/a.jsonl", "$HOME/a.jsonl", "(1)/a.jsonl"})
    dir.write(name, "");
  CHECK(partitions(dir.path("data[1]/*.jsonl")) == Names{"a.jsonl"});
  CHECK(partitions(dir.path("data[1]/*")) == Names{"a.jsonl", "b.csv"});
  CHECK(partitions(dir.path("data[1]")) == Names{"a.jsonl", "b.csv"});
  CHECK(partitions(dir.path("*[1]/*.jsonl")) == Names{"data[1]/a.jsonl"});
  CHECK(partitions(dir.path("da\\ta/*.jsonl")) == Names{"a.jsonl"});
  CHECK(partitions(dir.path("a b/*.jsonl")) == Names{"x y.jsonl"});
  CHECK(partitions(dir.path("50%/*.jsonl")) == Names{"a.jsonl"});
  CHECK(partitions(dir.path("~/*.jsonl")) == Names{"a.jsonl"});
  CHECK(partitions(dir.path("-n/*.jsonl")) == Names{"-rf.jsonl"});
  CHECK(partitions(dir.path("{a,b}/*.jsonl")) == Names{"a.jsonl"});
  CHECK(partitions(dir.path("d\xC3\xA9j\xC3\xA0/v*")) == Names{"v\xC3\xBC.jsonl"});
  CHECK(partitions(dir.path("what%3F/*.jsonl")) == Names{"a.jsonl"});
  for (const char* name : {"!x", "$HOME", "(1)"})
    CHECK(partitions(dir.path(name + std::string("/*.jsonl"))) == Names{"a.jsonl"});
  CHECK_THAT(missing(dir.path("data[12]/a.jsonl")), Catch::Contains("no such file"));
  CHECK_THAT(missing(dir.path("dat%3F/*.jsonl")),
             Catch::Contains("dat") && Catch::Contains("no file matches"));
}

TEST_CASE("Stars stand for any text within a name, at either end, in the middle and several times") {
  const TempDir dir;
  for (const char* name :
       {"ab.jsonl", "aXb.jsonl", "aXbXb.jsonl", "b.jsonl", ".ab.jsonl", "a/b.jsonl", "ab.jsonl.d/c"})
    dir.write(name, "");
  CHECK(partitions(dir.path("a*b.jsonl")) == Names{"aXb.jsonl", "aXbXb.jsonl", "ab.jsonl"});
  CHECK(partitions(dir.path("*b*b*")) == Names{"aXbXb.jsonl"});
  CHECK(partitions(dir.path("*.jsonl")) == Names{"aXb.jsonl", "aXbXb.jsonl", "ab.jsonl", "b.jsonl"});
  CHECK(partitions(dir.path("*a*/*")) == Names{"a/b.jsonl", "ab.jsonl.d/c"});
  CHECK(partitions(dir.path(".*.jsonl")) == Names{".ab.jsonl"});
}

TEST_CASE("Links are followed; what is no file is noted, and directories of that name are not read") {
  const TempDir dir;
  dir.write("real/a.jsonl", "");
  dir.write("in/b.jsonl/x", "");
  std::filesystem::create_directory_symlink(dir.path("real"), dir.path("in/linked"));
  std::filesystem::create_symlink(dir.path("real/a.jsonl"), dir.path("in/link.jsonl"));
  std::filesystem::create_symlink(dir.path("nowhere"), dir.path("in/gone.jsonl"));
  REQUIRE(::mkfifo(dir.path("in/pipe.jsonl").c_str(), 0600) == 0);
  for (const std::string& path : {dir.path("in/*.jsonl"), dir.path("in")}) {
    warnings().clear();
    auto source = open_source("file:" + path);
    CHECK(source->partitions() == Names{"link.jsonl"});
    CHECK(source->partitions() == Names{"link.jsonl"});
    REQUIRE(warnings().size() == 2);
    const std::string both = warnings()[0] + warnings()[1];
    CHECK_THAT(both, Catch::Contains("gone.jsonl") && Catch::Contains("pipe.jsonl") &&
                         Catch::Contains("source 'flights'") && Catch::Contains("not read"));
  }
  CHECK(partitions(dir.path("in/*/a.jsonl")) == Names{"linked/a.jsonl"});
  CHECK_THAT(missing(dir.path("in/b*")), Catch::Contains("no file matches"));
  CHECK_THAT(missing(dir.path("in/*/")), Catch::Contains("slash"));
}

TEST_CASE("A directory that cannot be looked into is named, not taken for empty") {
  if (::geteuid() == 0) return;  // root may look into everything
  const TempDir dir;
  dir.write("open/a.jsonl", "");
  dir.write("closed/a.jsonl", "");
  REQUIRE(::chmod(dir.path("closed").c_str(), 0) == 0);
  CHECK_THAT(missing(dir.path("*/*.jsonl")), Catch::Contains("closed") && Catch::Contains("cannot list"));
  ::chmod(dir.path("closed").c_str(), 0700);
}

TEST_CASE("Two stars, which mean any depth elsewhere, are refused and not taken for one") {
  const TempDir dir;
  dir.write("a/b/c.jsonl", "");
  CHECK_THAT(failure_of(ExitCode::kUsage, [&] { partitions(dir.path("**/*.jsonl")); }),
             Catch::Contains("`**`") && Catch::Contains("*/*"));
}

TEST_CASE("Endings are known in whatever case") {
  const TempDir dir;
  const std::string row = flight("EWR", 1, "1"), csv = "origin,at,delay\nEWR,1,1\n";
  dir.write("a.JSONL", row);
  dir.write("b.CSV", csv);
  dir.write("c.Csv.GZ", compressed(csv, ".gz"));
  dir.write("d.ndJSON.Zst", compressed(row, ".zst"));
  CHECK(read_source("file:" + dir.path()) == std::vector{row, row, row, row});
}
