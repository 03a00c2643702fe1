#include <algorithm>

#include <catch2/catch.hpp>

#include "kafka_digest.hpp"
#include "topic.hpp"

using namespace weir;
using namespace weir::testing;
using Lines = std::vector<std::string>;

TEST_CASE("A Kafka sink's rows come back through a Kafka source", "[kafka]") {
  const auto topic = fresh("round-trip");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a", "b"});
  writing.commit(2, {"c"});
  CHECK(committed_lines(topic, 3) == Lines{"a", "b", "c"});
  CHECK(writing.attempt.metric("weir_kafka_transactions_total", "committed") == 2);
  CHECK(writing.attempt.metric("weir_kafka_commit_seconds_total") > 0);
}

TEST_CASE("A Kafka sink's rows and the commit record become visible together", "[kafka]") {
  const auto topic = fresh("together"), job = fresh("job");
  Writing writing(job, topic);
  write(*writing.writer, {"a", "b"});
  const SinkPart part = flush(*writing.writer, 1);
  CHECK(seen_by_librdkafka(topic, "read_committed").empty());
  CHECK(seen_by_librdkafka(topic, "read_uncommitted").size() == 2);
  CHECK(seen_by_librdkafka("weir-" + job + "-commits", "read_committed").empty());

  writing.log.commit(1, "record one");
  CHECK(committed_messages(topic, 2).size() == 2);
  const auto records = committed_messages("weir-" + job + "-commits", 1);
  REQUIRE(records.size() == 1);
  CHECK(records[0].key == "0");
  CHECK(records[0].value == "record one");

  Digest expected;
  expected.add(kafka::message_hash(std::nullopt, "a"));
  expected.add(kafka::message_hash(std::nullopt, "b"));
  CHECK(part.written == expected);
  CHECK(part.payload.empty());
}

TEST_CASE("A Kafka sink holds the rows behind a barrier until its epoch is committed", "[kafka]") {
  const auto topic = fresh("held");
  Writing writing(fresh("job"), topic);
  write(*writing.writer, {"one"});
  flush(*writing.writer, 1);
  write(*writing.writer, {"two"});
  writing.writer->nudge();
  writing.log.commit(1, "1");
  CHECK(committed_lines(topic, 1) == Lines{"one"});
  flush(*writing.writer, 2);
  writing.log.commit(2, "2");
  CHECK(committed_lines(topic, 2) == Lines{"one", "two"});
}

TEST_CASE("A Kafka sink says not now when too much is held behind a barrier", "[kafka]") {
  const auto topic = fresh("held-bound");
  Writing writing(fresh("job"), topic);
  flush(*writing.writer, 1);
  const std::string line(1 << 20, 'x');
  RowBatch<Line> batch(1);
  batch.append(Line{std::string_view(line).substr(0, 900'000)}, EventTime::min());
  int taken = 0;
  while (taken < 100 && writing.writer->try_write(batch)) ++taken;
  CHECK(taken >= 9);
  CHECK(taken < 20);
  writing.log.commit(1, "1");
  eventually([&] { return writing.writer->try_write(batch); });
  flush(*writing.writer, 2);
  writing.log.commit(2, "2");
  const auto all = static_cast<std::size_t>(taken) + 1;
  CHECK(committed_messages(topic, all).size() == all);
}

TEST_CASE("A Kafka sink takes the message key from a field and places it as Java clients do", "[kafka]") {
  const auto topic = fresh("keys");
  Attempt attempt(fresh("job"));
  auto sink = attempt.sink(at(topic, "key=page&create=true&partitions=3"), row_schema<Visit>());
  sink->commit_log()->fence();
  auto writer = sink->open_writer(3);
  RowBatch<Visit> batch(3);
  batch.append(Visit{1, "21"}, EventTime{1'000});
  batch.append(Visit{2, "foobar"}, EventTime{2'000});
  batch.append(Visit{3, ""}, attempt.environment.wall_clock() + std::chrono::hours{48});
  REQUIRE(writer->try_write(batch));
  const SinkPart part = flush(*writer, 1);
  CHECK(part.worker == 3);
  sink->commit_log()->commit(1, "1");

  // Java's murmur2 test vectors: "21" is -973932308, "foobar" is -790332482; made positive by & 0x7fffffff.
  std::vector<Seen> seen;
  eventually([&] {
    seen.clear();
    for (int partition = 0; partition < 3; ++partition)
      for (const Seen& message : seen_by_librdkafka(topic, "read_committed", partition))
        seen.push_back(message);
    return seen.size() >= 3;
  });
  Digest expected;
  for (const Seen& message : seen) expected.add(kafka::message_hash(*message.key, *message.value));
  REQUIRE(seen.size() == 3);
  CHECK(part.written == expected);
  for (const Seen& message : seen) {
    if (message.key == "21") {
      CHECK(message.partition == (-973932308 & 0x7fffffff) % 3);
      CHECK(message.value == R"({"id":1,"page":"21"})");
      CHECK(message.timestamp == 1'000);
    } else if (message.key == "foobar") {
      CHECK(message.partition == (-790332482 & 0x7fffffff) % 3);
      CHECK(message.timestamp == 2'000);
    } else {
      CHECK(message.key == "");
      // A time far ahead would be refused by the broker, so the clock's is taken.
      CHECK(std::abs(message.timestamp - attempt.environment.wall_clock().millis) < 60'000);
    }
  }
}

TEST_CASE("Two Kafka sinks of a job commit in one transaction", "[kafka]") {
  const auto left = fresh("left"), right = fresh("right");
  Attempt attempt(fresh("job"));
  auto first = attempt.sink(at(left, "format=raw&create=true&linger.ms=2"));
  auto second = attempt.sink(at(right, "format=raw&create=true&linger.ms=2"));
  REQUIRE(first->commit_log() == second->commit_log());
  CHECK_THROWS_WITH(attempt.sink(at(right, "format=raw&linger.ms=3")),
                    Catch::Contains("`linger.ms` differs from that of the sink"));
  CHECK_THROWS_WITH(attempt.sink("kafka://127.0.0.1:1/other"), Catch::Contains("cannot span two clusters"));

  first->commit_log()->fence();
  auto to_left = first->open_writer(0);
  auto to_right = second->open_writer(0);
  write(*to_left, {"l"});
  write(*to_right, {"r"});
  flush(*to_left, 1);
  flush(*to_right, 1);
  CHECK(committed_lines(left).empty());
  first->commit_log()->commit(1, "1");
  CHECK(committed_lines(left, 1) == Lines{"l"});
  CHECK(committed_lines(right, 1) == Lines{"r"});
}

TEST_CASE("A Kafka sink names an output topic that does not exist before anything is produced", "[kafka]") {
  const auto topic = fresh("missing");
  Attempt attempt(fresh("job"));
  auto sink = attempt.sink(at(topic));
  CHECK_THROWS_WITH(
      sink->commit_log()->fence(),
      Catch::Contains("kafka topic " + topic + " does not exist") && Catch::Contains("create=true"));
  // Brokers create topics that are merely asked for, unless the question says otherwise.
  Attempt reader("reader");
  CHECK_THROWS_WITH(reader.source(at(topic))->partitions(), Catch::Contains("does not exist"));
}

TEST_CASE("A Kafka sink fails the job over a message that is too large", "[kafka]") {
  Writing writing(fresh("job"), fresh("large"), "format=raw&create=true&message.max.bytes=2000");
  CHECK_THROWS_AS(write(*writing.writer, {std::string(3'000, 'x')}), FailJob);
}

TEST_CASE("A Kafka sink takes a message as large as may be, and refuses a larger one by its size",
          "[kafka]") {
  const auto topic = fresh("largest");
  Writing writing(fresh("job"), topic);
  const std::string largest(999'000, 'x');
  writing.commit(1, {"small", largest, "small", largest});
  CHECK(committed_lines(topic, 4).at(3) == largest);
  CHECK_THROWS_WITH(
      write(*writing.writer, {std::string(1'000'001, 'x')}),
      Catch::Contains(topic) && Catch::Contains("1000001 bytes") && Catch::Contains("message.max.bytes"));
}

TEST_CASE("A Kafka sink takes messages of the size that message.max.bytes was raised to", "[kafka]") {
  const auto topic = fresh("raised");
  Writing writing(fresh("job"), topic, "format=raw&create=true&message.max.bytes=9000000");
  // 8 MB, that few after compression: the broker takes it, and the queue has to.
  writing.commit(1, {std::string(8'000'000, 'x')});
  CHECK(committed_lines(topic, 1).at(0).size() == 8'000'000);
}

TEST_CASE("A Kafka sink refuses a message that its queue can never hold", "[kafka]") {
  Writing writing(fresh("job"), fresh("queue"),
                  "format=raw&create=true&partitions=1&queue.buffering.max.kbytes=100");
  CHECK_THROWS_WITH(write(*writing.writer, {std::string(200'000, 'x')}),
                    Catch::Contains("200000 bytes") && Catch::Contains("queue.buffering.max.kbytes"));
}

TEST_CASE("A Kafka sink does not wait for a batch that its queue has no room for", "[kafka]") {
  const auto topic = fresh("narrow");
  // Nothing fills a batch before the queue is full, and the linger is far longer than this test.
  Writing writing(fresh("job"), topic,
                  "format=raw&create=true&partitions=2&queue.buffering.max.kbytes=64&batch.size=1000000");
  for (int i = 0; i < 12; ++i) write(*writing.writer, {std::string(50'000, 'x')});
  write(*writing.writer, std::vector<std::string>(20, std::string(50'000, 'x')));
  flush(*writing.writer, 1);
  writing.log.commit(1, "1");
  eventually([&] {
    return seen_by_librdkafka(topic, "read_committed", 0).size() +
               seen_by_librdkafka(topic, "read_committed", 1).size() ==
           32;
  });
}

TEST_CASE("A Kafka sink's rows without key reach every partition", "[kafka]") {
  const auto topic = fresh("keyless");
  Writing writing(fresh("job"), topic, "format=raw&create=true&partitions=3");
  for (Epoch epoch = 1; epoch <= 3; ++epoch) writing.commit(epoch, {"a", "b"});
  for (int partition = 0; partition < 3; ++partition)
    CHECK(committed_messages(topic, 2, partition).size() == 2);
}

TEST_CASE("A Kafka sink leaves rows without key where the address's own properties put them", "[kafka]") {
  const auto count = [](const std::string& topic, int partition) {
    return seen_by_librdkafka(topic, "read_committed", partition).size();
  };
  const auto consistent = fresh("consistent"), sticky = fresh("sticky");
  {
    Writing writing(fresh("job"), consistent, "format=raw&create=true&partitions=2&partitioner=consistent");
    for (Epoch epoch = 1; epoch <= 3; ++epoch) writing.commit(epoch, {"a", "b"});
  }
  eventually([&] { return std::max(count(consistent, 0), count(consistent, 1)) == 6; });
  {
    Writing writing(fresh("job"), sticky,
                    "format=raw&create=true&partitions=2&sticky.partitioning.linger.ms=20");
    for (Epoch epoch = 1; epoch <= 3; ++epoch) writing.commit(epoch, {"a", "b"});
  }
  eventually([&] { return count(sticky, 0) + count(sticky, 1) == 6; });
}

TEST_CASE("A Kafka sink never commits an epoch of which the broker refused a message", "[kafka]") {
  const auto topic = fresh("refused");
  // The client would send more than the broker takes: the refusal comes as a delivery report.
  Writing writing(fresh("job"), topic,
                  "format=raw&create=true&message.max.bytes=4000000&compression.type=none");
  write(*writing.writer, {"small", std::string(2'000'000, 'x')});
  CHECK_THROWS_WITH(eventually([&] { return writing.writer->try_flush(1); }),
                    Catch::Contains("message.max.bytes"));
  CHECK_THROWS_AS(writing.log.commit(1, "1"), FailJob);
  CHECK(writing.attempt.metric("weir_kafka_transactions_total", "aborted") == 1);
  CHECK(committed_lines(topic).empty());
}

TEST_CASE("A Kafka sink says that a compacted topic wants keys", "[kafka]") {
  const auto job = fresh("job");
  { Writing make_topics(job, fresh("any")); }
  Writing writing(fresh("job"), "weir-" + job + "-commits", "format=raw");
  write(*writing.writer, {"no key"});
  CHECK_THROWS_WITH(eventually([&] { return writing.writer->try_flush(1); }), Catch::Contains("key=<field>"));
}
