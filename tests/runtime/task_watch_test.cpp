#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "checkpoint_watch.hpp"
#include "input_watch.hpp"
#include "task_watch.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;

/// A task that is at what the test says.
class PosedTask final : public Task {
 public:
  explicit PosedTask(std::string vertex) : vertex_(std::move(vertex)) {}
  bool is_blocked() const override { return pose == Waits::kForRoom; }
  const std::string& vertex() const override { return vertex_; }
  std::uint32_t worker() const override { return 0; }
  using Task::note_answered;
  using Task::note_idle;
  using Task::note_watermark;

  Waits pose = Waits::kNot;
  bool moves = false;
  std::function<void()> in_step = [] {};

 private:
  bool do_step(Environment::Instant) override {
    in_step();
    return moves;
  }
  Waits waits() const override { return pose; }
  void note_failure() const override {}

  const std::string vertex_;
};

struct Rig {
  std::vector<std::string> pass(std::chrono::seconds time) {
    lines.clear();
    for (const auto end = now + time; now < end; now += 1s) {
      for (PosedTask* task : {&source, &op, &sink}) task->step(now);
      look();
    }
    return lines;
  }
  void look() {
    watch.look(now);
    checkpoint.look(under_way, now);
    inputs.look(now);
  }
  LogLine log = [this](const std::string& line) { lines.push_back(line); };
  PosedTask source{"flights"}, op{"sums"}, sink{"delays"};
  std::vector<const Task*> tasks{&source, &op, &sink};
  std::optional<Coordinator::UnderWay> under_way;
  std::vector<std::string> lines;
  TaskWatch watch{tasks, 60s, log};
  CheckpointWatch checkpoint{tasks, 60s, log};
  InputWatch inputs{"join", {{"flights", {&source}}, {"sums", {&op}}}, 60s, log};
  std::chrono::seconds now{1000};
};

TEST_CASE("Of a sink that takes nothing it is told, and not of all that wait behind it", "[watch]") {
  Rig rig;
  rig.sink.pose = Waits::kForTheSink;
  rig.source.pose = rig.op.pose = Waits::kForRoom;
  CHECK(rig.pass(60s).empty());
  const auto lines = rig.pass(100s);
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Contains("sink 'delays' (worker 0) has taken no rows for 1 min") &&
                           Contains("broker or the disk"));
  CHECK_THAT(lines[1], Contains("for 2 min"));
  rig.sink.pose = Waits::kNot;
  rig.source.moves = rig.op.moves = true;
  const auto over = rig.pass(10s);
  REQUIRE(over.size() == 1);
  CHECK_THAT(over[0], Contains("'delays' (worker 0) goes on after 2 min"));
}

TEST_CASE("Who waits now and then, and moves, is not spoken of", "[watch]") {
  Rig rig;
  rig.sink.pose = Waits::kForTheSink;
  rig.source.pose = Waits::kForRoom;
  rig.sink.moves = rig.source.moves = true;
  CHECK(rig.pass(600s).empty());
}

TEST_CASE("Each thing that can be waited for has its line", "[watch]") {
  Rig rig;
  const auto line_of = [&](Waits waits) {
    rig.op.pose = waits;
    const auto lines = rig.pass(65s);
    rig.op.pose = Waits::kNot;
    rig.pass(2s);
    return lines.empty() ? "" : lines.front();
  };
  CHECK_THAT(line_of(Waits::kForRoom), Contains("'sums' (worker 0) has found no room"));
  CHECK_THAT(line_of(Waits::kForMemory), Contains("has waited for memory") && Contains("--memory"));
  CHECK_THAT(line_of(Waits::kForAnswers), Contains("has taken no rows") && Contains("answered"));
  CHECK_THAT(line_of(Waits::kForTheFlush), Contains("has not finished writing an epoch"));
}

TEST_CASE("A function that blocks its worker is found while it does", "[watch]") {
  Rig rig;
  rig.pass(2s);
  rig.op.in_step = [&] {
    for (int s = 0; s < 70; ++s, rig.now += 1s) rig.look();
  };
  rig.op.step(rig.now);
  REQUIRE(rig.lines.size() == 1);
  CHECK_THAT(rig.lines[0], Contains("'sums' (worker 0) has not come back for 1 min") && Contains("async()"));
}

TEST_CASE("A checkpoint that does not end names who has not answered, then what it does", "[watch]") {
  Rig rig;
  rig.under_way = {7, rig.now, false};
  rig.source.note_answered(7);
  rig.op.note_answered(6);
  auto lines = rig.pass(65s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Contains("checkpoint 7 has been under way for 1 min") &&
                           Contains("it waits for 'sums' (worker 0), 'delays' (worker 0);"));
  rig.under_way->writing = true;
  lines = rig.pass(60s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0],
             Contains("checkpoint 7 has been under way for 2 min") && Contains("it is being written"));
  rig.under_way = {8, rig.now, false};
  lines = rig.pass(30s);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Contains("checkpoint 7 has ended after 2 min"));
}

TEST_CASE("Checkpoints that end are not spoken of, however many there are", "[watch]") {
  Rig rig;
  for (Epoch epoch = 1; epoch < 200; ++epoch) {
    rig.under_way = {epoch, rig.now, false};
    CHECK(rig.pass(3s).empty());
  }
}

TEST_CASE("An operator that waits for one of its inputs names it", "[watch]") {
  Rig rig;
  rig.source.note_watermark(EventTime{5000});
  for (int n = 0; n < 70; ++n) {
    rig.op.note_watermark(EventTime{10'000 + n * 1000});
    rig.pass(1s);
    if (!rig.lines.empty()) break;
  }
  REQUIRE(rig.lines.size() == 1);
  CHECK_THAT(rig.lines[0], Contains("event time of 'join' has stood at 1970-01-01T00:00:05.000Z for 1 min") &&
                               Contains("it waits for 'flights', while 'sums' has come to"));
  rig.source.note_idle(true);
  REQUIRE(rig.pass(2s).size() == 1);
  CHECK_THAT(rig.lines[0], Contains("event time of 'join' goes on after 1 min"));
}

}  // namespace
}  // namespace weir
