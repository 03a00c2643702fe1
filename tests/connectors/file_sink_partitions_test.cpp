#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include <weir/core/error.hpp>

#include "failure_of.hpp"
#include "fake_environment.hpp"
#include "file_connector.hpp"
#include "file_sink_writer.hpp"
#include "part_file.hpp"
#include "recovered_sink.hpp"
#include "temp_dir.hpp"

namespace {

namespace fs = std::filesystem;
using weir::Epoch;
using weir::ExitCode;
using weir::SinkPart;

struct Sale {
  std::int64_t id = 0;
  std::string_view day;
  std::optional<std::int32_t> shop;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(Sale, (), (id, day, shop, price))

struct OnlyDay {
  std::string_view day;
};
BOOST_DESCRIBE_STRUCT(OnlyDay, (), (day))

/// One attempt of a job with a file sink.
struct Attempt {
  FakeEnvironment& environment;
  std::unique_ptr<weir::Sink> sink;

  Attempt(FakeEnvironment& e, const std::string& address,
          const weir::RowSchema& schema = weir::row_schema<Sale>())
      : environment(e) {
    weir::ConnectorContext context;
    context.name = "out";
    context.schema = &schema;
    context.environment = &e;
    sink = weir::make_file_sink(weir::ConnectorUri::parse(address), context);
  }

  void write(weir::SinkWriter& writer, const std::vector<Sale>& sales) {
    weir::RowBatch<Sale> batch;
    for (const Sale& sale : sales) batch.append(sale, {1});
    while (!writer.try_write(batch)) environment.run_jobs();
  }
  SinkPart flush(weir::SinkWriter& writer, Epoch epoch) {
    while (!writer.try_flush(epoch)) environment.run_jobs();
    return writer.take_part();
  }
  SinkPart stage(Epoch epoch, std::uint32_t worker, const std::vector<Sale>& sales) {
    auto writer = sink->open_writer(worker);
    write(*writer, sales);
    return flush(*writer, epoch);
  }
};

using Files = std::map<std::string, std::string>;

/// What readers see, by path below the directory.
Files visible(const std::string& directory) {
  Files files;
  for (auto entry = fs::recursive_directory_iterator(directory); entry != fs::recursive_directory_iterator();
       ++entry) {
    if (entry->path().filename().string().starts_with('.')) entry.disable_recursion_pending();
    else if (entry->is_regular_file())
      files[fs::relative(entry->path(), directory).string()] = content_of(entry->path().string());
  }
  return files;
}

std::size_t open_staged_files() {
  std::size_t open = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    open += target.find("/.staged/") != std::string::npos && !target.ends_with("LOCK");
  }
  return open;
}

std::string line(std::int64_t id) { return "{\"id\":" + std::to_string(id) + ",\"price\":0}\n"; }

}  // namespace

TEST_CASE("FileSink puts rows below the directories of their partitions, and leaves the columns out") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out") + "?partition_by=day,shop");
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(2);
  attempt.write(*writer, {{1, "mon", 7}, {2, "tue", 7}, {3, "mon", 7}, {4, "23:58/%", -1}, {5, "", {}}});
  const SinkPart part = attempt.flush(*writer, 7);
  CHECK(part.written.count == 5);
  CHECK(visible(dir.path("out")).empty());
  const Files expected{
      {"day=tue/shop=7/part-0000000007-2-000001.jsonl", line(2)},
      {"day=mon/shop=7/part-0000000007-2-000002.jsonl", line(1) + line(3)},
      {"day=23%3A58%2F%25/shop=-1/part-0000000007-2-000003.jsonl", line(4)},
      {"day=__HIVE_DEFAULT_PARTITION__/shop=__HIVE_DEFAULT_PARTITION__/part-0000000007-2-000004.jsonl",
       line(5)}};
  for (int again = 0; again < 2; ++again) {
    attempt.sink->commit(7, {part});
    CHECK(visible(dir.path("out")) == expected);
  }
  attempt.write(*writer, {{6, "mon", 7}});
  attempt.sink->commit(8, {attempt.flush(*writer, 8)});
  CHECK(visible(dir.path("out")).at("day=mon/shop=7/part-0000000008-2-000001.jsonl") == line(6));
}

TEST_CASE("FileSink's CSV header leaves out the columns of the partition") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out") + "?format=csv&partition_by=shop");
  recover(*attempt.sink, weir::kNoEpoch, {});
  attempt.sink->commit(1, {attempt.stage(1, 0, {{1, "mon", 7}})});
  CHECK(visible(dir.path("out")) ==
        Files{{"shop=7/part-0000000001-0-000001.csv", "id,day,price\n1,mon,0\n"}});
}

TEST_CASE("FileSink finishes on recovery the renames of all partitions, wherever the commit was cut off") {
  const int done = GENERATE(0, 1, 2, 3);
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out") + "?partition_by=day";
  std::vector<SinkPart> parts;
  {
    Attempt first(environment, address);
    recover(*first.sink, weir::kNoEpoch, {});
    parts = {first.stage(4, 0, {{1, "mon", 1}, {2, "tue", 1}}), first.stage(4, 1, {{3, "tue", 1}})};
    first.stage(5, 0, {{4, "lost, to be replayed", 1}});
    std::vector<weir::PartFile> files = weir::PartFile::decode(parts[0].payload);
    files.push_back(weir::PartFile::decode(parts[1].payload).at(0));
    for (int i = 0; i < done; ++i) {
      const fs::path to = dir.path("out/" + files[static_cast<std::size_t>(i)].final_name);
      fs::create_directories(to.parent_path());
      fs::rename(dir.path("out/.staged/" + files[static_cast<std::size_t>(i)].staged_name), to);
    }
  }
  const auto shop_and = [](std::int64_t id) {
    return "{\"id\":" + std::to_string(id) + ",\"shop\":1,\"price\":0}\n";
  };
  for (int again = 0; again < 2; ++again) {
    Attempt next(environment, address);
    recover(*next.sink, 4, parts);
    CHECK(visible(dir.path("out")) == Files{{"day=mon/part-0000000004-0-000001.jsonl", shop_and(1)},
                                            {"day=tue/part-0000000004-0-000002.jsonl", shop_and(2)},
                                            {"day=tue/part-0000000004-1-000001.jsonl", shop_and(3)}});
  }
}

TEST_CASE("FileSink keeps each row once and in order in its partition, through any crash") {
  const unsigned seed = GENERATE(range(1u, 7u));
  INFO("seed " << seed);
  std::mt19937 chance(seed);
  const auto below = [&](unsigned bound) {
    return std::uniform_int_distribution<unsigned>(0, bound - 1)(chance);
  };
  const TempDir dir;
  FakeEnvironment environment;
  const std::string address = "file:" + dir.path("out") + "?partition_by=shop";
  const unsigned shops = seed % 3 > 0 ? 3 : 100;

  std::map<int, std::vector<std::int64_t>> expected;  // ids by shop
  std::vector<SinkPart> parts;                        // of the last manifest
  Epoch restored = weir::kNoEpoch, epoch = 0;
  std::int64_t id = 0;
  for (int attempts = 0; attempts < 4; ++attempts) {
    Attempt attempt(environment, address);
    recover(*attempt.sink, restored, parts);
    auto writer = attempt.sink->open_writer(0);
    for (unsigned left = 1 + below(3); left > 0; --left) {
      std::map<int, std::vector<std::int64_t>> written;
      for (unsigned batches = 1 + below(4); batches > 0; --batches) {
        std::vector<Sale> sales(1 + below(500));
        for (Sale& sale : sales) {
          sale = {++id, "mon", static_cast<std::int32_t>(below(shops))};
          written[*sale.shop].push_back(sale.id);
        }
        attempt.write(*writer, sales);
        if (below(2)) environment.run_jobs();
      }
      if (below(4) == 0) break;  // before the barrier: all of this epoch is lost
      ++epoch;
      const SinkPart part = attempt.flush(*writer, epoch);
      if (below(4) == 0) break;  // before the manifest
      parts = {part};
      restored = epoch;
      for (const auto& [shop, ids] : written)
        expected[shop].insert(expected[shop].end(), ids.begin(), ids.end());
      if (below(4) == 0) break;  // before the renames
      attempt.sink->commit(epoch, parts);
    }
    environment.run_jobs();
    ++epoch;
  }
  recover(*Attempt(environment, address).sink, restored, parts);

  std::map<int, std::string> text;
  for (const auto& [path, content] : visible(dir.path("out")))
    text[std::stoi(path.substr(path.find('=') + 1))] += content;
  CHECK(text.size() == expected.size());
  for (const auto& [shop, ids] : expected) {
    std::string lines;
    for (const std::int64_t each : ids)
      lines += "{\"id\":" + std::to_string(each) + ",\"day\":\"mon\",\"price\":0}\n";
    INFO("shop " << shop);
    CHECK(text[shop] == lines);
  }
}

TEST_CASE("FileSink has few files open, however many partitions take turns") {
  const TempDir dir;
  FakeEnvironment environment;
  std::size_t most_open = 0;
  environment.after_each_job = [&] { most_open = std::max(most_open, open_staged_files()); };
  Attempt attempt(environment, "file:" + dir.path("out") + "?partition_by=shop");
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(0);
  const std::string wide(100'000, 'x');  // more than waits in memory for a file
  for (int round = 0; round < 2; ++round) {
    for (std::int32_t shop = 0; shop < 100; ++shop) attempt.write(*writer, {{round, wide, shop}});
    environment.run_jobs();
  }
  attempt.sink->commit(1, {attempt.flush(*writer, 1)});
  CHECK(most_open == weir::FileSinkWriter::kMostOpenFiles);
  CHECK(visible(dir.path("out")).size() == 200);
}

TEST_CASE("A second fresh run into a directory with partitions gives other names") {
  const TempDir dir;
  FakeEnvironment environment;
  for (const std::int64_t id : {1, 2}) {
    Attempt run(environment, "file:" + dir.path("out") + "?partition_by=day,shop");
    recover(*run.sink, weir::kNoEpoch, {});
    run.sink->commit(1, {run.stage(1, 0, {{id, "mon", 7}})});
  }
  CHECK(visible(dir.path("out")) == Files{{"day=mon/shop=7/part-0000000001-0-000001.jsonl", line(1)},
                                          {"day=mon/shop=7/part-0000000001-0-000001.run2.jsonl", line(2)}});
}

TEST_CASE("FileSink refuses columns that cannot divide rows, before anything is written") {
  const TempDir dir;
  FakeEnvironment environment;
  const auto refused = [&](const std::string& columns) {
    return failure_of(ExitCode::kUsage,
                      [&] { Attempt(environment, "file:" + dir.path("out") + "?partition_by=" + columns); });
  };
  CHECK_THAT(refused("dya"), Catch::Contains("`dya`") && Catch::Contains("id, day, shop"));
  CHECK_THAT(refused("price"), Catch::Contains("`price`"));
  CHECK_THAT(refused("day,day"), Catch::Contains("twice"));
  CHECK_THAT(refused(""), Catch::Contains("no column"));
  CHECK_THAT(failure_of(ExitCode::kUsage,
                        [&] {
                          Attempt(environment, "file:" + dir.path("out") + "?partition_by=day",
                                  weir::row_schema<OnlyDay>());
                        }),
             Catch::Contains("leaves no column"));
  CHECK_FALSE(fs::exists(dir.path("out")));
}

TEST_CASE("FileSink ends the job at a value that is too long for a directory, naming it") {
  const TempDir dir;
  FakeEnvironment environment;
  Attempt attempt(environment, "file:" + dir.path("out") + "?partition_by=day");
  recover(*attempt.sink, weir::kNoEpoch, {});
  auto writer = attempt.sink->open_writer(0);
  const std::string fits(251, 'x'), too_long(252, 'x');
  attempt.write(*writer, {{1, fits, 1}});
  CHECK_THROWS_WITH(attempt.write(*writer, {{1, too_long, 1}}),
                    Catch::Contains("`day`") && Catch::Contains("too long"));
}
