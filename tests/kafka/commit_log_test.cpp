#include <catch2/catch.hpp>

#include "topic.hpp"

using namespace weir;
using namespace weir::testing;
using Lines = std::vector<std::string>;

TEST_CASE("The Kafka commit log knows no record before the first commit, and the newest after", "[kafka]") {
  const auto topic = fresh("records"), job = fresh("job");
  {
    Writing first(job, topic);
    CHECK(first.log.last_record() == std::nullopt);
    for (Epoch epoch = 1; epoch <= 30; ++epoch) first.commit(epoch, {std::to_string(epoch)});
    CHECK(first.log.last_record() == "30");
  }
  Writing second(job, topic);
  CHECK(second.log.last_record() == "30");
  second.commit(31, {});
  CHECK(second.log.last_record() == "31");
  CHECK(committed_lines(topic, 30).size() == 30);
}

TEST_CASE("The Kafka commit log keeps any bytes in a record", "[kafka]") {
  const auto job = fresh("job");
  Writing writing(job, fresh("bytes"));
  std::string record("\0\xff\n binary", 10);
  record.append(100'000, '\0');
  writing.log.commit(1, record);
  CHECK(writing.log.last_record() == record);
}

TEST_CASE("Fencing aborts what a dead predecessor left open", "[kafka]") {
  const auto topic = fresh("predecessor"), job = fresh("job");
  auto dead = std::make_unique<Writing>(job, topic);
  dead->commit(1, {"kept"});
  write(*dead->writer, {"lost"});
  flush(*dead->writer, 2);
  Writing::crash(std::move(dead));
  CHECK(seen_by_librdkafka(topic, "read_uncommitted").size() == 2);

  Writing next(job, topic);
  CHECK(next.log.last_record() == "1");
  next.commit(3, {"again"});
  CHECK(committed_lines(topic, 2) == Lines{"kept", "again"});
}

TEST_CASE("A zombie's commit throws Fenced and shows nothing", "[kafka]") {
  const auto topic = fresh("zombie"), job = fresh("job");
  Writing zombie(job, topic);
  write(*zombie.writer, {"stale"});
  flush(*zombie.writer, 1);
  Writing owner(job, topic);
  CHECK(owner.log.last_record() == std::nullopt);
  CHECK_THROWS_AS(zombie.log.commit(1, "1"), Fenced);
  CHECK(zombie.attempt.metric("weir_kafka_transactions_total", "fenced") == 1);
  owner.commit(1, {"good"});
  CHECK(committed_lines(topic, 1) == Lines{"good"});
}

TEST_CASE("A job that ends without a commit leaves no open transaction behind", "[kafka]") {
  const auto topic = fresh("left-open");
  {
    Writing writing(fresh("job"), topic);
    write(*writing.writer, {"never"});
    flush(*writing.writer, 1);
  }
  // A reader would stop in front of an open transaction: this one is behind it.
  Writing other(fresh("job"), topic);
  other.commit(1, {"seen"});
  CHECK(committed_lines(topic, 1) == Lines{"seen"});
}

TEST_CASE("The newest commit record is waited for while a transaction stands open before it", "[kafka]") {
  const auto job = fresh("job"), other = fresh("job");
  const auto commits = "weir-" + job + "-commits";
  Writing writing(job, fresh("waiting"));
  writing.commit(1, {"a"});
  // Another job writes into our control topic, and does not come to an end yet.
  auto intruder = std::make_unique<Writing>(other, commits, "format=raw&key=text");
  write(*intruder->writer, {"intruder"});
  flush(*intruder->writer, 1);
  writing.commit(2, {"b"});

  std::optional<std::string> record;
  std::jthread asking([&] { record = writing.log.last_record(); });
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  intruder->log.commit(1, "1");
  asking.join();
  CHECK(record == "2");
}

TEST_CASE("An instance needs its own partition of the control topic", "[kafka]") {
  const auto job = fresh("job"), topic = fresh("instances");
  Writing first(job, topic);
  Attempt second(job);
  ConnectorContext context = second.context();
  context.instance = "1";
  auto sink = second.connector->sink(ConnectorUri::parse(at(topic)), context);
  CHECK_THROWS_WITH(sink->commit_log()->fence(),
                    Catch::Contains("instance 1 keeps its commit records in partition 1"));
}

TEST_CASE("A transaction time-out above the broker's limit is refused with the reason", "[kafka]") {
  Attempt attempt(fresh("job"));
  auto sink = attempt.sink(at(fresh("limit"), "format=raw&create=true&transaction.timeout.ms=1000000"));
  CHECK_THROWS_AS(sink->commit_log()->fence(), FailJob);
}
