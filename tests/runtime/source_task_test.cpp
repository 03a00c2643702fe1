#include <catch2/catch.hpp>

#include "source_task_rig.hpp"

namespace weir {

using namespace source_tasks;

TEST_CASE(
    "A partition that reads on without finding a row is neither quiet nor idle, and barriers come in "
    "between") {
  Rig rig(1, Rig::Say{.idle_after = 1ms});
  rig.scripts[0].calls_in_vain = 500;
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  for (int i = 0; i < 400; ++i) {
    REQUIRE(rig.task->step(rig.environment.now()));
    rig.environment.time += 1ms;
  }
  CHECK(rig.sent().empty());
  rig.control.request(1, false);
  CHECK(rig.task->step(rig.environment.now()));
  CHECK(rig.sent() == "b1 ");
  CHECK(rig.scripts[0].calls_in_vain > 90);
  rig.give(0, {100});
  CHECK_THAT(rig.run(), Catch::Contains("100"));
}

TEST_CASE("SourceTask sends the smallest watermark of its partitions, and the end when all have ended") {
  Rig rig(2);
  rig.give(0, {100, 200});
  CHECK(rig.run() == "100 200 ");  // partition 1 has not said anything yet
  rig.give(1, {150});
  CHECK(rig.run() == "150 w149 ");
  rig.scripts[1].when_empty = ReadStatus::kEnd;
  CHECK(rig.run() == "w199 ");
  rig.scripts[0].when_empty = ReadStatus::kEnd;
  CHECK(rig.run() == "wmax end ");
  CHECK(rig.control.tasks_finished() == 1);
}

TEST_CASE("SourceTask without partitions ends at once, so that it holds nobody back") {
  Rig rig(0);
  CHECK(rig.run() == "wmax end ");
}

TEST_CASE("SourceTask says it is idle only when caught up for the given time") {
  Rig rig(1, {.idle_after = 5s});
  rig.give(0, {100});
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  CHECK(rig.run() == "100 w99 ");
  rig.environment.time += 4999ms;
  CHECK(rig.run().empty());
  rig.environment.time += 1ms;
  CHECK(rig.run() == "idle ");
  rig.environment.time += 1h;
  CHECK(rig.run().empty());
  rig.give(0, {200});
  CHECK(rig.run() == "active 200 w199 ");
  rig.environment.time += 5s;
  CHECK(rig.run() == "idle ");
}

TEST_CASE("SourceTask becomes idle again after a return that moved no watermark") {
  Rig rig(1, {.idle_after = 5s});
  rig.give(0, {100});
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  rig.run();
  rig.environment.time += 5s;
  CHECK(rig.run() == "idle ");
  rig.give(0, {50});
  CHECK(rig.run() == "active 50 ");
  rig.environment.time += 5s;
  CHECK(rig.run() == "idle ");
}

TEST_CASE("SourceTask is not idle while it is merely slow") {
  Rig rig(1, {.idle_after = 5s});
  rig.give(0, {100});
  CHECK(rig.run() == "100 w99 ");
  rig.environment.time += 1h;  // nothing to read now, but not at the end either
  CHECK(rig.run().empty());
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  rig.run();
  rig.environment.time += 3s;
  rig.scripts[0].when_empty = ReadStatus::kNothing;  // the end has moved on; its rows are on their way
  rig.run();
  rig.environment.time += 3s;
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  CHECK(rig.run().empty());
}

TEST_CASE("SourceTask leaves one idle partition out of the watermark of the others") {
  Rig rig(2, {.idle_after = 5s});
  rig.give(0, {100});
  rig.give(1, {10});
  rig.scripts[1].when_empty = ReadStatus::kCaughtUp;
  CHECK(last_watermark(rig.run()) == "w9");
  rig.environment.time += 5s;
  rig.give(0, {300});
  CHECK(last_watermark(rig.run()) == "w299");
  rig.give(1, {20});
  CHECK(rig.run() == "20 ");  // late, and never a step back
}

TEST_CASE("SourceTask notices an idle partition while another one always has rows") {
  Rig rig(2, {.idle_after = 5s});
  rig.scripts[1].when_empty = ReadStatus::kCaughtUp;
  rig.give(1, {10});
  for (std::int64_t time = 100; time < 110; ++time) {
    rig.give(0, {time});
    rig.task->step(rig.environment.now());
    rig.task->step(rig.environment.now());
    rig.environment.time += 1s;
  }
  CHECK(last_watermark(rig.sent()) == "w108");
}

TEST_CASE("SourceTask does not take a partition for idle because it was paused") {
  Rig rig(1, {.max_drift = 1s, .idle_after = 5s, .elsewhere = 1});
  rig.board.publish(1, EventTime{49'500}, Standing::kReading);
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  rig.give(0, {50'000});
  rig.run();
  rig.give(0, {51'000});
  CHECK(rig.run() == "51000 ");  // at its end now, and too far ahead to be read
  rig.give(0, {51'005});
  rig.environment.time += 1h;
  CHECK(rig.run().empty());
  rig.board.publish(1, EventTime{90'000}, Standing::kReading);
  CHECK(rig.run() == "51005 w51004 ");
}

TEST_CASE("SourceTask does not take a partition for idle because it is itself held up") {
  Rig rig(1, {.idle_after = 5s});
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  rig.give(0, {100});
  rig.run();
  rig.environment.time += 1h;  // no step was taken, and rows have come
  rig.give(0, {200});
  CHECK(rig.run() == "200 w199 ");
}

TEST_CASE("SourceTask is as far as the whole source, and idle only when that is") {
  Rig rig(1, {.idle_after = 5s, .elsewhere = 1});
  rig.scripts[0].when_empty = ReadStatus::kCaughtUp;
  rig.give(0, {100});
  rig.board.publish(1, EventTime{40}, Standing::kReading);
  CHECK(rig.run() == "100 w40 ");
  rig.environment.time += 5s;
  CHECK(rig.run().empty());  // idle itself, it goes along with the other worker
  rig.board.publish(1, EventTime{300}, Standing::kReading);
  CHECK(rig.run() == "w300 ");
  rig.board.publish(1, EventTime{300}, Standing::kIdle);
  CHECK(rig.run() == "idle ");
  rig.board.publish(1, EventTime{400}, Standing::kReading);
  CHECK(rig.run() == "active w400 ");
  rig.give(0, {350});
  CHECK(rig.run() == "350 ");
  rig.board.publish(1, EventTime{500}, Standing::kReading);
  CHECK(rig.run().empty());  // the one that has returned holds the source back
  rig.give(0, {600});
  CHECK(rig.run() == "600 w500 ");
}

TEST_CASE("SourceTask ends when the whole source has ended") {
  Rig rig(1, {.elsewhere = 1});
  rig.scripts[0].when_empty = ReadStatus::kEnd;
  rig.give(0, {100});
  rig.board.publish(1, EventTime{40}, Standing::kReading);
  CHECK(rig.run() == "100 w40 ");
  rig.board.publish(1, EventTime{700}, Standing::kReading);
  CHECK(rig.run() == "w700 ");
  rig.board.publish(1, EventTime{700}, Standing::kEnded);
  CHECK(rig.run() == "wmax end ");
}

TEST_CASE("SourceTask waits for the slowest partition of the sources it is aligned with") {
  Rig rig(1, {.max_drift = 1s});
  SourceBoard other(1, std::nullopt, 0ns);
  rig.board.align_with({&rig.board, &other});
  other.publish(0, EventTime{0}, Standing::kReading);
  rig.give(0, {5'000});
  CHECK(rig.run() == "5000 w4999 ");
  rig.give(0, {6'000});
  CHECK(rig.run().empty());
  other.publish(0, EventTime{3'998}, Standing::kReading);
  CHECK(rig.run().empty());
  SECTION("until it has come near") { other.publish(0, EventTime{3'999}, Standing::kReading); }
  SECTION("unless that has nothing more to read") { other.publish(0, EventTime{0}, Standing::kCaughtUp); }
  SECTION("unless that has ended") { other.publish(0, EventTime{0}, Standing::kEnded); }
  CHECK(rig.run() == "6000 w5999 ");
}

TEST_CASE("SourceTask pauses partitions that run ahead of the slowest by more than the bound") {
  Rig rig(2, {.max_drift = 1s});
  for (std::int64_t time = 0; time <= 100'000; time += 1'000) rig.give(0, {time});
  rig.give(1, {0});
  // A read takes all there is up to its limit, so partition 0 runs ahead once, and then waits.
  rig.run();
  CHECK(rig.scripts[0].times.empty());
  rig.give(0, {200'000});
  CHECK(rig.run().empty());
  CHECK(rig.scripts[0].times.size() == 1);
  rig.give(1, {98'999});
  rig.run();
  CHECK(rig.scripts[0].times.size() == 1);
  rig.give(1, {99'001});
  CHECK_THAT(rig.run(), Catch::Contains("200000"));
}

TEST_CASE("SourceTask waits for no partition that has caught up or ended") {
  const ReadStatus status = GENERATE(ReadStatus::kCaughtUp, ReadStatus::kEnd);
  Rig rig(2, {.max_drift = 1s});
  rig.scripts[1].when_empty = status;
  rig.give(1, {0});
  rig.give(0, {500'000});
  rig.run();
  rig.give(0, {900'000});
  CHECK_THAT(rig.run(), Catch::Contains("900000"));
}

TEST_CASE("SourceTask reads no more than its rate, over all partitions") {
  Rig rig(2, {.rate = 100.0});
  for (std::int64_t n = 0; n < 1000; ++n) rig.give(static_cast<std::size_t>(n % 2), {n});
  rig.run();
  CHECK(rig.scripts[0].read + rig.scripts[1].read == 0);
  rig.environment.time += 1s;
  rig.run();
  CHECK(rig.scripts[0].read + rig.scripts[1].read == 100);
  rig.environment.time += 2500ms;
  rig.run();
  CHECK(rig.scripts[0].read + rig.scripts[1].read == 350);
}

TEST_CASE("SourceTask reads a row of partitions that take turns when it is due, and none before") {
  Rig rig(2, {.rate = 1000.0, .elsewhere = 1, .in_turn = true});
  for (std::int64_t n = 0; n < 1000; ++n) rig.give(static_cast<std::size_t>(n % 2), {n});
  const Environment::Instant began = rig.environment.time;
  for (std::int64_t ms = 0; ms < 300; ms += 7) {
    INFO(ms << " ms");
    rig.environment.time = began + std::chrono::milliseconds(ms);
    rig.run();
    // Rows 0 to ms - 1 are due, a third of them in each partition, also if the third partition is behind.
    CHECK(rig.scripts[0].read == (ms + 2) / 3);
    CHECK(rig.scripts[1].read == (ms + 1) / 3);
  }
}

TEST_CASE("SourceTask lets its worker sleep until a row is due") {
  SECTION("a row a second") {
    Rig rig(1, {.rate = 1.0, .linger = 200us});
    CHECK(rig.task->nap(rig.environment.now(), 2ms) == 2ms);
    CHECK(rig.task->nap(rig.environment.now() + 999ms, 2ms) == 1ms);
    CHECK(rig.task->nap(rig.environment.now() + 2s, 2ms) == 50us);
  }
  SECTION("another worker's partition is no reason to wake up") {
    Rig rig(1, {.rate = 1000.0, .elsewhere = 9, .in_turn = true, .linger = 200us});
    rig.give(0, {1});
    rig.environment.time += 1ms;
    rig.run();
    CHECK(rig.task->nap(rig.environment.now(), 20ms) == 10ms);
  }
  SECTION("no rate") {
    Rig rig(1, {.linger = 200us});
    CHECK(rig.task->nap(rig.environment.now(), 2ms) == 2ms);
  }
}

TEST_CASE("SourceTask with a rate reads once a linger, or as soon as a batch is due") {
  const double rate = GENERATE(100'000.0, 10'000'000.0);
  Rig rig(1, {.rate = rate, .linger = 200us});
  for (std::int64_t n = 0; n < 20'000; ++n) rig.give(0, {n});
  rig.environment.time += 100us;
  rig.run();
  const std::int64_t first = rig.scripts[0].read;
  CHECK(first == (rate < 1e6 ? 10 : 1000));
  CHECK(rig.task->nap(rig.environment.now(), 2ms) == 200us);
  rig.environment.time += 150us;
  rig.run();
  CHECK(rig.scripts[0].read == (rate < 1e6 ? first : 2024));
  rig.environment.time += 52us;
  rig.run();
  CHECK(rig.scripts[0].read == (rate < 1e6 ? 30 : 2024));
}

TEST_CASE("SourceTask answers a barrier with positions and watermarks, after the rows that it has read") {
  Rig rig(2);
  rig.give(0, {100, 200});
  rig.give(1, {50});
  rig.run();
  rig.control.request(3, false);
  rig.give(0, {300});
  const std::string sent = rig.run();
  CHECK_THAT(sent, Catch::StartsWith("b3 ") && Catch::Contains("300"));
  auto snapshots = rig.control.take_snapshots();
  REQUIRE(snapshots.size() == 1);
  REQUIRE(snapshots[0].partitions.size() == 2);
  const PartitionProgress& first = snapshots[0].partitions[0];
  CHECK(first.partition == "p0");
  CHECK(first.begin == Position{0, {}});
  CHECK(first.end == Position{2, {}});
  CHECK(first.watermark == EventTime{199});
  CHECK_FALSE(first.ended);
  CHECK(snapshots[0].sent.at(0).digest.count == 3);
  rig.control.request(4, false);
  rig.run();
  snapshots = rig.control.take_snapshots();
  CHECK(snapshots.at(0).partitions[0].begin == Position{2, {}});
  CHECK(snapshots[0].partitions[0].end == Position{3, {}});
  CHECK(snapshots[0].sent.at(0).digest.count == 1);
}

TEST_CASE("SourceTask reads no more after the last barrier, and answers barriers after its end") {
  Rig rig(1);
  rig.control.request(1, true);
  rig.give(0, {100});
  CHECK(rig.run() == "b1 ");
  CHECK(rig.scripts[0].read == 0);
  Rig ended(0);
  CHECK(ended.run() == "wmax end ");
  ended.control.request(1, true);
  CHECK(ended.run() == "b1 ");
}

TEST_CASE(
    "SourceTask goes on from restored watermarks, and reads on what an earlier run had read to its end") {
  Rig::Say say;
  say.restored.resize(2);
  say.restored[0].watermark = EventTime{500};
  say.restored[1].watermark = EventTime{600};
  say.restored[1].ended_before = Position{0, {}};
  Rig rig(2, std::move(say));
  const auto has_ended = [&](Epoch epoch) {
    rig.control.request(epoch, false);
    rig.run();
    return rig.control.take_snapshots().at(0).partitions[1].ended;
  };
  CHECK(rig.run() == "w500 ");
  CHECK(has_ended(1));  // as before: nothing more has been read of it
  rig.give(0, {100});
  rig.give(1, {9});
  CHECK_THAT(rig.run(), Catch::Contains("100") && Catch::Contains("9"));
  CHECK_FALSE(has_ended(2));
  rig.scripts[1].when_empty = ReadStatus::kEnd;
  rig.run();
  CHECK(has_ended(3));
}

TEST_CASE("SourceTask reads nothing before its first positions may move, and answers barriers") {
  Rig rig(1);
  rig.control.hold_reading();
  rig.give(0, {100});
  rig.control.request(1, false);
  CHECK(rig.run() == "b1 ");
  CHECK(rig.control.take_snapshots().at(0).partitions[0].end == Position{0, {}});
  rig.control.allow_reading();
  CHECK(rig.run() == "100 w99 ");
}

TEST_CASE("SourceTask does nothing while its output waits for room") {
  Rig rig(1);
  for (std::int64_t n = 0; n < 100'000; ++n) rig.give(0, {n});
  for (int step = 0; step < 200; ++step) rig.task->step(rig.environment.now());
  const std::int64_t read = rig.scripts[0].read;
  CHECK(read < 30'000);
  CHECK_FALSE(rig.task->step(rig.environment.now()));
  rig.sent();
  CHECK(rig.task->step(rig.environment.now()));
  CHECK(rig.scripts[0].read > read);
}

}  // namespace weir
