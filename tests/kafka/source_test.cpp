#include <catch2/catch.hpp>

#include <atomic>

#include "topic.hpp"

using namespace weir;
using namespace weir::testing;
using Lines = std::vector<std::string>;

TEST_CASE("A bounded Kafka read ends behind the markers of committed and aborted transactions", "[kafka]") {
  const auto topic = fresh("markers"), job = fresh("job");
  {
    Writing writing(job, topic);
    writing.commit(1, {"a", "b"});
    write(*writing.writer, {"aborted"});
    flush(*writing.writer, 2);
  }
  CHECK(seen_by_librdkafka(topic, "read_uncommitted").size() == 3);
  eventually([&] {  // both markers are there
    Attempt probe("reader");
    auto reader = probe.source(at(topic), bounded())->open("0", std::nullopt, {});
    return read_until(*reader, ReadStatus::kEnd).lines.size() == 2 && reader->position().offset == 5;
  });

  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  auto reader = source->open("0", std::nullopt, {});
  CHECK(reader->progress() == 0.0);
  CHECK(read_until(*reader, ReadStatus::kEnd).lines == Lines{"a", "b"});
  CHECK(reader->position().offset == 5);  // two rows, a marker, an aborted row, its marker
  CHECK(reader->progress() == 1.0);
  CHECK(reader->lag() == 0);
  Collected more;
  CHECK(more.read(*reader) == ReadStatus::kEnd);
}

TEST_CASE("A bounded Kafka read leaves out what comes after it was opened", "[kafka]") {
  const auto topic = fresh("bounded");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a"});
  committed_messages(topic, 1);
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  auto reader = source->open("0", std::nullopt, {});
  writing.commit(2, {"later"});
  CHECK(read_until(*reader, ReadStatus::kEnd).lines == Lines{"a"});
}

TEST_CASE("A bounded Kafka read of an empty partition ends at once", "[kafka]") {
  const auto topic = fresh("empty");
  Writing writing(fresh("job"), topic);
  Attempt attempt("reader");
  auto reader = attempt.source(at(topic), bounded())->open("0", std::nullopt, {});
  Collected none;
  CHECK(none.read(*reader) == ReadStatus::kEnd);
}

TEST_CASE("A Kafka source does not see an open transaction, and wakes its worker when it is committed",
          "[kafka]") {
  const auto topic = fresh("open");
  Writing writing(fresh("job"), topic);
  Attempt attempt("reader");
  auto source = attempt.source(at(topic));
  std::atomic<int> woken{0};
  auto reader = source->open("0", std::nullopt, [&] { ++woken; });
  CHECK(read_until(*reader, ReadStatus::kCaughtUp).lines.empty());
  write(*writing.writer, {"a"});
  flush(*writing.writer, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  Collected collected;
  CHECK(collected.read(*reader) != ReadStatus::kRows);
  const int before = woken;
  writing.log.commit(1, "1");
  eventually([&] { return woken > before; });
  eventually([&] { return collected.read(*reader) == ReadStatus::kRows; });
  CHECK(collected.lines == Lines{"a"});
  eventually([&] { return collected.read(*reader) == ReadStatus::kCaughtUp; });
  CHECK(reader->position().offset == 2);
}

TEST_CASE("A Kafka source begins at the oldest, the newest or a given record", "[kafka]") {
  const auto topic = fresh("start");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a", "b", "c"});
  committed_messages(topic, 3);
  Attempt attempt("reader");

  auto latest = attempt.source(at(topic), {StartAt::kLatest, false});
  auto from_end = latest->open("0", std::nullopt, {});
  CHECK(from_end->position().offset == 4);
  auto earliest = attempt.source(at(topic), {StartAt::kEarliest, false});
  CHECK(read_until(*earliest->open("0", std::nullopt, {}), ReadStatus::kCaughtUp).lines ==
        Lines{"a", "b", "c"});
  auto positioned = attempt.source(at(topic), {StartAt::kLatest, false});
  CHECK(read_until(*positioned->open("0", Position{1, {}}, {}), ReadStatus::kCaughtUp).lines ==
        Lines{"b", "c"});

  writing.commit(2, {"d"});
  Collected new_ones;
  eventually(
      [&] { return new_ones.read(*from_end) == ReadStatus::kCaughtUp && from_end->position().offset == 6; });
  CHECK(new_ones.lines == Lines{"d"});
}

TEST_CASE("A bounded Kafka read goes on at a position", "[kafka]") {
  const auto topic = fresh("position");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a", "b", "c"});
  committed_messages(topic, 3);
  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  CHECK(read_until(*source->open("0", Position{2, {}}, {}), ReadStatus::kEnd).lines == Lines{"c"});
}

TEST_CASE("A Kafka source reads all its partitions side by side", "[kafka]") {
  const auto topic = fresh("partitions");
  Attempt attempt(fresh("job"));
  auto sink = attempt.sink(at(topic, "format=raw&key=text&create=true&partitions=4"));
  sink->commit_log()->fence();
  auto writer = sink->open_writer(0);
  Lines all;
  for (int i = 0; i < 20'000; ++i) all.push_back("row-" + std::to_string(i));
  write(*writer, all);
  flush(*writer, 1);
  sink->commit_log()->commit(1, "1");
  for (int partition = 0; partition < 4; ++partition) committed_messages(topic, 1, partition);

  auto source = attempt.source(at(topic), bounded());
  const auto names = source->partitions();
  REQUIRE(names == Lines{"0", "1", "2", "3"});
  std::vector<std::unique_ptr<PartitionReader>> readers;
  for (const auto& name : names) readers.push_back(source->open(name, std::nullopt, {}));
  std::vector<Lines> found(names.size());
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < readers.size(); ++i)
      workers.emplace_back([&, i] { found[i] = read_until(*readers[i], ReadStatus::kEnd).lines; });
  }
  Lines together;
  for (const Lines& lines : found) {
    CHECK(lines.size() > 1'000);
    together.insert(together.end(), lines.begin(), lines.end());
  }
  std::sort(together.begin(), together.end());
  std::sort(all.begin(), all.end());
  CHECK(together == all);
}

TEST_CASE("A Kafka source refuses a position that retention has overtaken", "[kafka]") {
  const auto topic = fresh("retention");
  make_topic(topic, 1, "segment.bytes=1048576");
  produce_plainly(topic, std::vector<std::optional<std::string>>(10, "old"));
  delete_records(topic, 6);

  Attempt attempt("reader");
  auto source = attempt.source(at(topic), bounded());
  CHECK(read_until(*source->open("0", std::nullopt, {}), ReadStatus::kEnd).lines.size() == 4);
  for (const std::int64_t wanted : {5, 11}) {
    try {
      source->open("0", Position{wanted, {}}, {});
      FAIL("offset " << wanted << " was accepted");
    } catch (const FailJob& failure) {
      CHECK(failure.code() == ExitCode::kStateUnusable);
      CHECK_THAT(failure.what(), Catch::Contains(topic) && Catch::Contains("partition 0") &&
                                     Catch::Contains(fmt::format("offset {} is wanted", wanted)) &&
                                     Catch::Contains("6 to 10"));
    }
  }
}

TEST_CASE("A Kafka source rejects tombstones and what it cannot decode, and counts them in the position",
          "[kafka]") {
  const auto topic = fresh("tombstones");
  make_topic(topic);
  produce_plainly(topic, {R"({"text":"good"})", std::nullopt, "not json", R"({"text":"last"})"});
  Attempt attempt("reader");
  auto as_json = attempt.source(at(topic, "format=json"), bounded());
  auto reader = as_json->open("0", std::nullopt, {});
  const Collected found = read_until(*reader, ReadStatus::kEnd);
  CHECK(found.lines == Lines{"good", "last"});
  REQUIRE(found.rejections.size() == 2);
  CHECK(found.rejections[0] == "1: the message has no value (a tombstone)");
  CHECK_THAT(found.rejections[1], Catch::StartsWith("2: "));
  CHECK(reader->position().offset == 4);

  auto as_text = attempt.source(at(topic, "format=raw"), bounded());
  CHECK(read_until(*as_text->open("0", std::nullopt, {}), ReadStatus::kEnd).lines[1].empty());
}

TEST_CASE("A Kafka source shows its position, lag and group to the outside", "[kafka]") {
  const auto topic = fresh("shown"), job = fresh("job");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a", "b", "c"});
  committed_messages(topic, 3);
  Attempt attempt(job);
  {
    auto source = attempt.source(at(topic), bounded());
    auto reader = source->open("0", std::nullopt, {});
    read_until(*reader, ReadStatus::kEnd);
    std::string groups;
    eventually([&] {  // a broker whose first group it is makes a topic for groups first
      source->report_committed({{"0", Position{3, {}}}});
      groups = Broker::tool(
          fmt::format("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server {} "
                      "--describe --group weir-{}",
                      Broker::get().address(), job));
      return groups.find(topic) != groups.npos;
    });
    CHECK_THAT(groups, Catch::Matches("[\\s\\S]* 0 +3 +4 +1 [\\s\\S]*"));
  }
  CHECK(attempt.metric("weir_kafka_position_offset", "vertex") >= 3);
  CHECK(attempt.metric("weir_kafka_lag_records", "vertex") <= 1);
  CHECK(attempt.warnings().empty());
}

TEST_CASE("A Kafka source names a topic that does not exist", "[kafka]") {
  Attempt attempt("reader");
  const auto topic = fresh("absent");
  try {
    attempt.source(at(topic))->partitions();
    FAIL("it does exist");
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kCannotConnect);
    CHECK(failure.what() ==
          fmt::format("kafka topic {} does not exist on {}", topic, Broker::get().address()));
  }
}
