#include <catch2/catch.hpp>

#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <weir/connectors/connectors.hpp>
#include <weir/core/error.hpp>

#include "fake_environment.hpp"
#include "rows.hpp"
#include "temp_dir.hpp"

using weir::ConnectorUri;

namespace {

weir::ConnectorContext context_of(FakeEnvironment& environment) {
  weir::ConnectorContext context;
  context.name = "x";
  context.schema = &weir::row_schema<rows::Flight>();
  context.environment = &environment;
  return context;
}

/// Standard output goes into a file while this lives.
class CapturedOutput {
 public:
  explicit CapturedOutput(const std::string& path) : saved_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, STDOUT_FILENO);
    ::close(file);
  }
  ~CapturedOutput() {
    std::fflush(stdout);
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
  }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

 private:
  int saved_;
};

void add_two_rows(weir::RowBatch<rows::Flight>& batch) {
  batch.append(rows::Flight{"EWR", {1}, 3}, {1});
  batch.append(rows::Flight{"JFK", {2}, {}}, {2});
}

}  // namespace

TEST_CASE("An unknown scheme is refused with the known ones and the nearest") {
  FakeEnvironment environment;
  auto connectors = weir::make_connectors()();
  const auto source = [&](const char* address) {
    return connectors->source(ConnectorUri::parse(address), context_of(environment), {});
  };
  const auto sink = [&](const char* address) {
    return connectors->sink(ConnectorUri::parse(address), context_of(environment));
  };
  CHECK_THROWS_WITH(source("kafak:flights"),
                    Catch::Contains("did you mean `kafka`") && Catch::Contains(weir::known_schemes()));
  CHECK_THROWS_WITH(sink("s3:bucket"),
                    Catch::Contains("no connector is called `s3`") && !Catch::Contains("did you mean"));
  CHECK_THROWS_WITH(source("print:"), Catch::Contains("is a sink"));
  CHECK_THROWS_WITH(source("generator:"), Catch::Contains("no generator"));
  CHECK_THROWS_WITH(sink("generator:"), Catch::Contains("is a source"));
  CHECK_THROWS_WITH(sink("print:x"), Catch::Contains("takes no path"));
  CHECK_THROWS_WITH(sink("discard:?format=json"), Catch::Contains("it takes none"));
}

TEST_CASE("Settings of a scheme hold where the address says nothing else") {
  FakeEnvironment environment;
  const TempDir dir;
  auto connectors = weir::make_connectors()();
  auto context = context_of(environment);
  context.settings["compress"] = "lzma";
  const std::string address = "file:" + dir.path("out");
  CHECK_THROWS_WITH(connectors->sink(ConnectorUri::parse(address), context),
                    Catch::Contains("compress=lzma"));
  CHECK_NOTHROW(connectors->sink(ConnectorUri::parse(address + "?compress=gz"), context));
}

TEST_CASE("The print sink writes a line a row as it comes") {
  FakeEnvironment environment;
  const TempDir dir;
  auto connectors = weir::make_connectors()();
  auto sink = connectors->sink(ConnectorUri::parse("print:"), context_of(environment));
  auto writer = sink->open_writer(3);
  weir::RowBatch<rows::Flight> batch;
  add_two_rows(batch);
  {
    const CapturedOutput captured(dir.path("out"));
    REQUIRE(writer->try_write(batch));
  }
  CHECK(content_of(dir.path("out")) ==
        "{\"origin\":\"EWR\",\"at\":1,\"delay\":3}\n{\"origin\":\"JFK\",\"at\":2,\"delay\":null}\n");
  CHECK(writer->try_flush(1));
  const weir::SinkPart part = writer->take_part();
  CHECK(part.worker == 3);
  CHECK(part.written.count == 2);
  CHECK(writer->take_part().written.count == 0);
}

TEST_CASE("The discard sink counts") {
  FakeEnvironment environment;
  auto connectors = weir::make_connectors()();
  auto sink = connectors->sink(ConnectorUri::parse("discard:"), context_of(environment));
  auto writer = sink->open_writer(0);
  weir::RowBatch<rows::Flight> batch;
  add_two_rows(batch);
  CHECK(writer->try_write(batch));
  CHECK(writer->try_write(batch));
  CHECK(writer->try_flush(1));
  CHECK(writer->take_part().written.count == 4);
  CHECK(writer->take_part().written.count == 0);
}
