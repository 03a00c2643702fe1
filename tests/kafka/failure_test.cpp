#include <catch2/catch.hpp>

#include "topic.hpp"

using namespace weir;
using namespace weir::testing;
using Lines = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

TEST_CASE("A broker that never answered is named with the cause within fifteen seconds", "[kafka]") {
  Attempt attempt("unreachable");
  const auto begun = Clock::now();
  try {
    attempt.source("kafka://127.0.0.1:1/flights?format=raw")->partitions();
    FAIL("there is a broker on port 1");
  } catch (const FailJob& failure) {
    CHECK(failure.code() == ExitCode::kCannotConnect);
    CHECK_THAT(failure.what(), Catch::Contains("127.0.0.1:1") && Catch::Contains("Connection refused"));
  }
  CHECK(Clock::now() - begun < std::chrono::seconds{15});
}

TEST_CASE("A commit outlasts a broker that is silent for five seconds", "[kafka]") {
  const auto topic = fresh("silent");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a"});
  write(*writing.writer, {"b"});
  flush(*writing.writer, 2);
  Broker::get().pause();
  const auto begun = Clock::now();
  std::jthread waking([] {
    std::this_thread::sleep_for(std::chrono::seconds{5});
    Broker::get().resume();
  });
  writing.log.commit(2, "2");
  CHECK(Clock::now() - begun > std::chrono::seconds{4});
  CHECK(Clock::now() - begun < std::chrono::seconds{20});  // the answer is late, but nothing lingers then
  waking.join();
  CHECK(committed_lines(topic, 2) == Lines{"a", "b"});
  CHECK(writing.log.last_record() == "2");
}

TEST_CASE("Letting go of sinks and sources does not hang when the broker is gone", "[kafka]") {
  const auto topic = fresh("gone");
  auto writing = std::make_unique<Writing>(fresh("job"), topic);
  writing->commit(1, {"a"});
  Attempt attempt("reader");
  auto source = attempt.source(at(topic));
  auto reader = source->open("0", std::nullopt, {});
  read_until(*reader, ReadStatus::kCaughtUp);
  Broker::get().kill();
  write(*writing->writer, Lines(1'000, "unsent"));
  CHECK_FALSE(writing->writer->try_flush(2));
  const auto begun = Clock::now();
  reader.reset();
  source.reset();
  writing.reset();
  CHECK(Clock::now() - begun < std::chrono::seconds{8});

  // A cluster that answered this process before is away, not misspelt: worth another attempt.
  CHECK_THROWS_AS(attempt.source(at(topic))->partitions(), RestartJob);
  Broker::get().start();
  CHECK(committed_lines(topic, 1) == Lines{"a"});
}

TEST_CASE("A Kafka source reads on after its broker was killed and started again", "[kafka]") {
  const auto topic = fresh("restart");
  Writing writing(fresh("job"), topic);
  writing.commit(1, {"a"});
  Attempt attempt("reader");
  auto source = attempt.source(at(topic));
  auto reader = source->open("0", std::nullopt, {});
  Collected collected;
  eventually([&] { return collected.read(*reader) == ReadStatus::kCaughtUp; });
  Broker::get().kill();
  Broker::get().start();
  writing.commit(2, {"b"});
  eventually([&] { return collected.read(*reader) == ReadStatus::kRows; });
  CHECK(collected.lines == Lines{"a", "b"});
}
