#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include <weir/core/error.hpp>
#include <weir/core/hash.hpp>
#include <weir/core/kill_point.hpp>

#include "failure_of.hpp"
#include "fake_environment.hpp"
#include "file_connector.hpp"
#include "part_file.hpp"
#include "recovered_sink.hpp"
#include "rows.hpp"
#include "temp_dir.hpp"

using rows::Flight;
using weir::ConnectorUri;
using weir::Epoch;
using weir::ExitCode;
using weir::SinkPart;

namespace {

namespace fs = std::filesystem;

/// One attempt of a job with a file sink.
struct Attempt {
  FakeEnvironment& environment;
  std::unique_ptr<weir::Sink> sink;

  Attempt(FakeEnvironment& e, const std::string& address, const std::string& name = "out",
          const std::string& job = "job")
      : environment(e) {
    weir::ConnectorContext context;
    context.job = job;
    context.instance = "0";
    context.name = name;
    context.schema = &weir::row_schema<Flight>();
    context.environment = &e;
    sink = weir::make_file_sink(ConnectorUri::parse(address), context);
  }

  static weir::RowBatch<Flight>& batch_of(const std::vector<std::string_view>& origins) {
    static weir::RowBatch<Flight> batch;
    batch.clear();
    for (const std::string_view origin : origins)
      batch.append(Flight{batch.arena().copy(origin), {1}, {}}, {1});
    return batch;
  }
  void write(weir::SinkWriter& writer, const std::vector<std::string_view>& origins) {
    REQUIRE(writer.try_write(batch_of(origins)));
  }
  SinkPart flush(weir::SinkWriter& writer, Epoch epoch) {
    while (!writer.try_flush(epoch)) environment.run_jobs();
    return writer.take_part();
  }
  SinkPart stage(Epoch epoch, std::uint32_t worker, const std::vector<std::string_view>& origins) {
    auto writer = sink->open_writer(worker);
    write(*writer, origins);
    return flush(*writer, epoch);
  }
};

std::string line(std::string_view origin) {
  return "{\"origin\":\"" + std::string(origin) + "\",\"at\":1,\"delay\":null}\n";
}

/// What readers see: the files whose names do not begin with a dot.
std::map<std::string, std::string> visible(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.')) files[name] = content_of(entry.path().string());
  }
  return files;
}

std::vector<std::string> staged(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory + "/.staged")) {
    const std::string name = entry.path().filename().string();
    if (name != "LOCK" && name != "RUN" && !name.starts_with("OWNER.")) names.push_back(name);
  }
  return names;
}

using Files = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("FileSink shows an epoch's rows only when it is committed, then whole") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out") + "/");
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(2);
  attempt.write(*writer, {"EWR", "JFK"});
  attempt.write(*writer, {"LGA"});
  CHECK_FALSE(writer->try_flush(7));
  CHECK(environment.waiting() > 0);
  CHECK_FALSE(writer->try_flush(7));
  const SinkPart part = attempt.flush(*writer, 7);
  CHECK(part.worker == 2);
  CHECK(part.written.count == 3);
  CHECK(visible(dir.path("out")).empty());

  attempt.sink->commit(7, {part});
  const Files expected{{"part-0000000007-2.jsonl", line("EWR") + line("JFK") + line("LGA")}};
  CHECK(visible(dir.path("out")) == expected);
  attempt.sink->commit(7, {part});
  CHECK(visible(dir.path("out")) == expected);
  CHECK(staged(dir.path("out")).empty());
}

TEST_CASE("FileSink makes no file for an epoch without rows") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out"));
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(0);
  attempt.write(*writer, {});
  CHECK(writer->try_flush(1));
  const SinkPart part = writer->take_part();
  CHECK(part.payload.empty());
  CHECK(part.written == weir::Digest{});
  attempt.sink->commit(1, {part});
  CHECK(visible(dir.path("out")).empty());
  CHECK(staged(dir.path("out")).empty());
}

TEST_CASE("FileSink's digest is that of the lines, epoch by epoch") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out"));
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(0);
  for (const char* origin : {"EWR", "JFK"}) {
    attempt.write(*writer, {origin});
    std::string text = line(origin);
    text.pop_back();
    weir::Digest expected;
    expected.add(weir::hash_bytes(text));
    CHECK(attempt.flush(*writer, 1).written == expected);
  }
}

TEST_CASE("FileSink finishes on recovery what was staged and not yet renamed, and removes the rest") {
  const TempDir dir;
  FakeEnvironment environment;
  std::vector<SinkPart> parts;
  {
    Attempt first(environment, "file:" + dir.path("out"));
    recover(*first.sink, weir::kNoEpoch, {});
    parts = {first.stage(4, 0, {"EWR"}), first.stage(4, 1, {"JFK"})};
    first.stage(5, 0, {"lost, to be replayed"});
    auto open = first.sink->open_writer(1);
    first.write(*open, {"lost as well"});
  }
  environment.run_jobs();
  CHECK(staged(dir.path("out")).size() >= 3);
  const Files expected{{"part-0000000004-0.jsonl", line("EWR")}, {"part-0000000004-1.jsonl", line("JFK")}};
  // The first recovery may itself have been cut off between its renames, or after them.
  for (int again = 0; again < 3; ++again) {
    Attempt next(environment, "file:" + dir.path("out"));
    recover(*next.sink, 4, parts);
    CHECK(visible(dir.path("out")) == expected);
    CHECK(staged(dir.path("out")).empty());
  }
}

TEST_CASE("FileSink finishes a commit of which one rename had been done") {
  const TempDir dir;
  FakeEnvironment environment;
  std::vector<SinkPart> parts;
  {
    Attempt first(environment, "file:" + dir.path("out"));
    recover(*first.sink, weir::kNoEpoch, {});
    parts = {first.stage(4, 0, {"EWR"}), first.stage(4, 1, {"JFK"})};
    first.sink->commit(4, {parts[0]});
  }
  Attempt next(environment, "file:" + dir.path("out"));
  recover(*next.sink, 4, parts);
  CHECK(visible(dir.path("out")) ==
        Files{{"part-0000000004-0.jsonl", line("EWR")}, {"part-0000000004-1.jsonl", line("JFK")}});
}

TEST_CASE("FileSink refuses to go on when a part file is nowhere, damaged, or its name is taken") {
  const TempDir dir;
  FakeEnvironment environment;
  SinkPart part;
  {
    Attempt first(environment, "file:" + dir.path("out"));
    recover(*first.sink, weir::kNoEpoch, {});
    part = first.stage(4, 0, {"EWR"});
  }
  const weir::PartFile about = weir::PartFile::decode(part.payload).at(0);
  const std::string staged_path = dir.path("out/.staged/" + about.staged_name);
  const std::string final_path = dir.path("out/part-0000000004-0.jsonl");
  const auto go_on = [&] { recover(*Attempt(environment, "file:" + dir.path("out")).sink, 4, {part}); };

  SECTION("nowhere") {
    fs::remove(staged_path);
    CHECK_THAT(failure_of(ExitCode::kStateUnusable, go_on),
               Catch::Contains(about.staged_name) && Catch::Contains(final_path));
  }
  SECTION("damaged") {
    std::string content = content_of(staged_path);
    content[5] = 'X';
    dir.write("out/.staged/" + about.staged_name, content);
    CHECK_THAT(failure_of(ExitCode::kStateUnusable, go_on), Catch::Contains(about.staged_name));
    CHECK(visible(dir.path("out")).empty());
  }
  SECTION("cut off") {
    fs::resize_file(staged_path, 3);
    CHECK_THAT(failure_of(ExitCode::kStateUnusable, go_on), Catch::Contains(about.staged_name));
  }
  SECTION("name taken by other content") {
    dir.write("out/part-0000000004-0.jsonl", "something else\n");
    CHECK_THAT(failure_of(ExitCode::kStateUnusable, go_on),
               Catch::Contains(final_path) && Catch::Contains(about.staged_name));
    CHECK(content_of(final_path) == "something else\n");
  }
  SECTION("an entry that is none") {
    part.payload = "part 2\n";
    failure_of(ExitCode::kStateUnusable, go_on);
  }
}

TEST_CASE("A second fresh run into a directory keeps the first one's files and gives other names") {
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out");
  for (const char* origin : {"first", "second", "third"}) {
    Attempt run(environment, address);
    recover(*run.sink, weir::kNoEpoch, {});
    run.sink->commit(1, {run.stage(1, 0, {origin})});
  }
  {
    // The third run goes on after a restart.
    Attempt run(environment, address);
    recover(*run.sink, 1, {});
    run.sink->commit(2, {run.stage(2, 0, {"third, on"})});
  }
  CHECK(visible(dir.path("out")) == Files{{"part-0000000001-0.jsonl", line("first")},
                                          {"part-0000000001-0.run2.jsonl", line("second")},
                                          {"part-0000000001-0.run3.jsonl", line("third")},
                                          {"part-0000000002-0.run3.jsonl", line("third, on")}});
}

TEST_CASE("Two sinks cannot write one directory at a time") {
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out");
  {
    Attempt first(environment, address);
    recover(*first.sink, weir::kNoEpoch, {});
    Attempt second(environment, address);
    CHECK_THAT(failure_of(ExitCode::kStateUnusable, [&] { recover(*second.sink, weir::kNoEpoch, {}); }),
               Catch::Contains("another process of this job") && Catch::Contains(dir.path("out")));
  }
  Attempt third(environment, address);
  recover(*third.sink, weir::kNoEpoch, {});
}

TEST_CASE(
    "A sink's directory is taken over from a process that is fenced, and that one does no harm afterwards") {
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out");
  Attempt first(environment, address);
  first.sink->reserve(true);
  first.sink->claim({1, true});
  first.sink->recover(weir::kNoEpoch, {});
  const SinkPart committed = first.stage(4, 0, {"EWR"});
  const SinkPart never = first.stage(5, 0, {"lost"});

  Attempt second(environment, address);  // the first one is stopped, and still holds the lock
  const weir::ClaimNumber last = second.sink->reserve(true);
  CHECK(last == 1);
  second.sink->claim({last + 1, true});
  second.sink->recover(4, {committed});
  CHECK(visible(dir.path("out")) == Files{{"part-0000000004-0.jsonl", line("EWR")}});
  const SinkPart next = second.stage(6, 0, {"JFK"});

  SECTION("it finishes what it had committed") {
    CHECK_THROWS_AS(first.sink->commit(4, {committed}), weir::Fenced);
  }
  SECTION("it commits what it never could") { CHECK_THROWS_AS(first.sink->commit(5, {never}), weir::Fenced); }
  SECTION("it was about to begin") {
    Attempt late(environment, address);
    late.sink->reserve(true);
    CHECK_THROWS_AS(late.sink->claim({1, true}), weir::Fenced);
  }
  SECTION("it was removing what is staged") {
    // Stopped right behind its look at whose the directory is; the successor's claim is hidden from it.
    fs::rename(dir.path("out/.staged/OWNER.2"), dir.path("hidden"));
    try {
      first.sink->recover(weir::kNoEpoch, {});
    } catch (const weir::Fenced&) {
    }
    fs::rename(dir.path("hidden"), dir.path("out/.staged/OWNER.2"));
  }
  second.sink->commit(6, {next});
  CHECK(visible(dir.path("out")) ==
        Files{{"part-0000000004-0.jsonl", line("EWR")}, {"part-0000000006-0.jsonl", line("JFK")}});
}

TEST_CASE(
    "A sink's directory is never taken from another job, nor from another sink, before anybody is fenced") {
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out");
  Attempt first(environment, address);
  first.sink->reserve(true);
  Attempt other_job(environment, address, "out", "replay"), other_sink(environment, address, "late");
  for (Attempt* other : {&other_job, &other_sink})
    CHECK_THAT(failure_of(ExitCode::kUsage, [&] { other->sink->reserve(true); }),
               Catch::Contains("by another job or instance"));
}

TEST_CASE("A part file that another process is just giving its name is no damage") {
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out");
  SinkPart part;
  {
    Attempt first(environment, address);
    recover(*first.sink, weir::kNoEpoch, {});
    part = first.stage(4, 0, {"EWR"});
  }
  static std::string from, to;
  from = dir.path("out/.staged/" + weir::PartFile::decode(part.payload).at(0).staged_name);
  to = dir.path("out/part-0000000004-0.jsonl");
  weir::detail::kill_hook = [](const char* point) {
    if (std::string_view(point) == "file-sink-before-rename" && fs::exists(from)) fs::rename(from, to);
  };
  Attempt second(environment, address);
  recover(*second.sink, 4, {part});
  weir::detail::kill_hook = nullptr;
  CHECK(visible(dir.path("out")) == Files{{"part-0000000004-0.jsonl", line("EWR")}});
}

TEST_CASE("Staged files of a version without claims in their names are finished and removed as ever") {
  const TempDir dir;
  FakeEnvironment environment;
  SinkPart part;
  {
    Attempt first(environment, "file:" + dir.path("out"));
    recover(*first.sink, weir::kNoEpoch, {});
    part = first.stage(4, 0, {"EWR"});
  }
  weir::PartFile file = weir::PartFile::decode(part.payload).at(0);
  fs::rename(dir.path("out/.staged/" + file.staged_name), dir.path("out/.staged/1-0-abc.jsonl"));
  file.staged_name = "1-0-abc.jsonl";
  part.payload = file.encode();
  dir.write("out/.staged/2-0-def.jsonl", "left over");
  Attempt second(environment, "file:" + dir.path("out"));
  recover(*second.sink, 4, {part});
  CHECK(visible(dir.path("out")) == Files{{"part-0000000004-0.jsonl", line("EWR")}});
  CHECK(staged(dir.path("out")).empty());
}

TEST_CASE("FileSink writes CSV with a header a file, and compressed files that tools and the source read") {
  const TempDir dir;
  FakeEnvironment environment;
  const std::string compress = GENERATE("none", "gz", "zst");
  Attempt attempt(environment, "file:" + dir.path("out") + "?format=csv&compress=" + compress);
  recover(*attempt.sink, weir::kNoEpoch, {});
  std::vector<std::string_view> origins(1000, "E,R");
  auto writer = attempt.sink->open_writer(0);
  for (int i = 0; i < 100; ++i) {
    attempt.write(*writer, origins);
    environment.run_jobs();
  }
  attempt.sink->commit(1, {attempt.flush(*writer, 1)});
  const std::string name = "part-0000000001-0.csv" + (compress == "none" ? "" : "." + compress);
  REQUIRE(visible(dir.path("out")).count(name) == 1);
  if (compress == "none")
    CHECK_THAT(content_of(dir.path("out/" + name)), Catch::StartsWith("origin,at,delay\n\"E,R\",1,\n"));
  if (compress == "gz") CHECK(std::system(("gzip -t " + dir.path("out/" + name)).c_str()) == 0);

  weir::ConnectorContext context;
  context.schema = &weir::row_schema<Flight>();
  auto source = weir::make_file_source(ConnectorUri::parse("file:" + dir.path("out")), context);
  REQUIRE(source->partitions() == std::vector{name});
  rows::Collected<Flight> into;
  const auto lines = rows::read_all(*source->open(name, std::nullopt, {}), into);
  REQUIRE(lines.size() == 100'000);
  CHECK(lines.back() + "\n" == line("E,R"));
}

TEST_CASE("A writer says not now while too much waits for the disk, and loses nothing of it") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out"));
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(0);
  const std::string wide(20'000, 'x');
  const std::vector<std::string_view> origins(100, wide);
  std::size_t accepted = 0, refused = 0;
  for (int i = 0; i < 20; ++i) {
    while (!writer->try_write(Attempt::batch_of(origins))) {
      ++refused;
      environment.run_jobs();
    }
    accepted += origins.size();
  }
  CHECK(refused > 0);
  const SinkPart part = attempt.flush(*writer, 1);
  CHECK(part.written.count == accepted);
  attempt.sink->commit(1, {part});
  CHECK(content_of(dir.path("out/part-0000000001-0.jsonl")).size() == accepted * line(wide).size());
}

TEST_CASE("A writer whose file cannot be written restarts the job") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out"));
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(0);
  attempt.write(*writer, {"EWR"});
  fs::remove_all(dir.path("out/.staged"));
  CHECK_FALSE(writer->try_flush(1));
  environment.run_jobs();
  CHECK_THROWS_AS(writer->try_flush(1), weir::RestartJob);
}

TEST_CASE("Wrong addresses of a file sink are refused before anything is written") {
  const TempDir dir;
  FakeEnvironment environment;
  const auto refusal = [&](const std::string& address) {
    return failure_of(ExitCode::kUsage, [&] { Attempt(environment, address); });
  };
  CHECK_THAT(refusal("file:" + dir.path("out.jsonl")), Catch::Contains("directory"));
  CHECK_THAT(refusal("file:" + dir.write("plain", "x")), Catch::Contains("directory"));
  CHECK_THAT(refusal("file:" + dir.path("out") + "?compres=gz"), Catch::Contains("did you mean `compress`"));
  CHECK_THAT(refusal("file:" + dir.path("out") + "?compress=bz2"), Catch::Contains("none, gz, zst"));
  CHECK_THAT(refusal("file:" + dir.path("out") + "?format=raw"), Catch::Contains("jsonl"));
  CHECK_FALSE(fs::exists(dir.path("out")));
}
