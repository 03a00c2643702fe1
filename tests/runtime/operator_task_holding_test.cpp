#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "job_fixture.hpp"
#include "operator_task_rig.hpp"

namespace weir {

namespace {

using Kind = Element::Kind;

/// Refuses rows until the outside, a thread of its own, has answered each time.
class Hesitant final : public Operator {
 public:
  explicit Hesitant(OperatorContext context)
      : outputs_(std::move(context.outputs)), outside_([this, wake = context.wake] {
          while (!over_) {
            if (!ready_.exchange(true)) wake();
            std::this_thread::sleep_for(std::chrono::microseconds(50));
          }
        }) {}
  ~Hesitant() override {
    over_ = true;
    outside_.join();
  }
  void process(std::uint32_t, const Batch& rows) override {
    ready_ = false;
    for (const auto& consumer : outputs_[0]) consumer->consume(rows);
  }
  bool advance_watermark(EventTime) override { return true; }
  bool accepts_rows() const override { return ready_; }

 private:
  std::vector<std::vector<std::unique_ptr<BatchConsumer>>> outputs_;
  std::atomic<bool> over_{false};
  std::atomic<bool> ready_{false};
  std::thread outside_;
};

}  // namespace

TEST_CASE("OperatorTask passes a watermark on only as far as its operator holds no rows") {
  OperatorTaskRig rig;
  rig.script.hold = EventTime{30};
  rig.send(Kind::kWatermark, 10);
  rig.send(Kind::kWatermark, 50);
  CHECK(rig.run() == "w10 w50 ");
  CHECK(rig.sent() == "w10 w30 ");
  rig.script.hold = EventTime{40};
  rig.run();
  CHECK(rig.sent() == "w40 ");
  rig.script.hold = EventTime{20};  // rows that were late already: no watermark goes back for them
  rig.run();
  CHECK(rig.sent().empty());
  rig.script.hold = EventTime::max();
  rig.run();
  CHECK(rig.sent() == "w50 ");
}

TEST_CASE("OperatorTask lets a barrier pass while its operator holds rows") {
  OperatorTaskRig rig;
  rig.script.hold = EventTime{5};
  rig.send(Kind::kWatermark, 10);
  rig.send(Kind::kBarrier, 0, 3);
  CHECK(rig.run() == "w10 snapshot ");
  CHECK(rig.sent() == "w5 b3 ");
  CHECK(rig.control.take_snapshots().size() == 1);
}

TEST_CASE("OperatorTask passes the end on when its operator holds nothing, and barriers before and after") {
  OperatorTaskRig rig;
  rig.script.hold = EventTime{5};
  rig.end_input();
  CHECK(rig.run() == "wmax end ");
  CHECK(rig.sent() == "w5 ");
  CHECK(rig.control.tasks_finished() == 0);
  rig.send(Kind::kBarrier, 0, 3);
  CHECK(rig.run() == "snapshot ");
  CHECK(rig.sent() == "b3 ");
  rig.script.hold = EventTime::max();
  CHECK(rig.run().empty());
  CHECK(rig.sent() == "wmax end ");
  CHECK(rig.control.tasks_finished() == 1);
  rig.send(Kind::kBarrier, 0, 4);
  CHECK(rig.run() == "snapshot ");
  CHECK(rig.sent() == "b4 ");
}

TEST_CASE("OperatorTask tells of the end once, after the last watermark, and resumes that call") {
  OperatorTaskRig rig;
  rig.send(rows_of({7}));
  rig.end_input();
  rig.script.unfinished = 3;
  CHECK(rig.run() == "7 wmax wmax wmax wmax end ");
  CHECK(rig.sent() == "7 wmax end ");
  OperatorTaskRig again;
  again.end_input();
  again.task->step(again.environment.now());
  again.script.unfinished = 1;
  CHECK(again.run() == "wmax end end ");
  CHECK(again.sent() == "wmax end ");
  CHECK(again.control.tasks_finished() == 1);
}

TEST_CASE("OperatorTask gives no rows, watermarks or barriers to an operator that refuses rows") {
  OperatorTaskRig rig;
  rig.script.accepts = false;
  rig.send(rows_of({1}));
  rig.send(Kind::kWatermark, 10);
  rig.send(Kind::kBarrier, 0, 3);
  CHECK_FALSE(rig.task->step(rig.environment.now()));
  CHECK(rig.run().empty());
  CHECK(rig.sent().empty());
  rig.script.accepts = true;
  CHECK(rig.task->step(rig.environment.now()));
  CHECK(rig.run() == "1 w10 snapshot ");
  CHECK(rig.sent() == "1 w10 b3 ");
}

TEST_CASE("OperatorTask says that it is idle only when its operator holds nothing") {
  OperatorTaskRig rig;
  rig.script.hold = EventTime{5};
  rig.send(Kind::kWatermark, 10);
  rig.send(Kind::kIdle);
  rig.run();
  CHECK(rig.sent() == "w5 ");
  rig.script.hold = EventTime::max();
  rig.run();
  rig.run();
  CHECK(rig.sent() == "w10 idle ");
  rig.script.hold = EventTime{5};
  rig.send(Kind::kActive);
  rig.send(Kind::kIdle);
  rig.run();
  CHECK(rig.sent() == "active ");  // it holds something again, so it says only that
}

TEST_CASE("OperatorTask says at once that its inputs are active again, whether or not rows come of it") {
  OperatorTaskRig rig(2);
  rig.send(mark(Kind::kIdle), 0);
  rig.run();
  CHECK(rig.sent().empty());
  rig.send(mark(Kind::kIdle), 1);
  rig.run();
  CHECK(rig.sent() == "idle ");
  rig.send(mark(Kind::kActive), 1);
  CHECK(rig.run().empty());
  CHECK(rig.sent() == "active ");
}

TEST_CASE("A job goes on when an operator that refused rows wakes its worker") {
  std::atomic<int> made = 0;
  Pipeline pipeline("hesitant");
  auto samples = pipeline.source<Sample>("samples", "generator:?events=30000&partitions=4")
                     .generated_by(sample)
                     .event_time(&Sample::time, bounded_out_of_orderness(Duration{300}));
  OperatorVertex vertex;
  vertex.make = [&](OperatorContext context) {
    ++made;
    return std::make_unique<Hesitant>(std::move(context));
  };
  const VertexId id = samples.builder().add("hesitant", "waits for the outside", std::move(vertex));
  samples.connect<Sample>(id, 0, Partitioning::kForward, place::Forward{});
  Stream<Sample>(samples.builder(), id, 0, {}, {})
      .key_by(&Sample::sensor)
      .window(tumbling(Duration{1000}))
      .aggregate("sums", sum(&Sample::value))
      .sink("results", "collect:");
  Machine machine;
  RunningJob job(pipeline.graph(), quick_options(2), machine.world());
  CHECK(job.wait_until([](const JobStatus& status) { return status.state == JobState::kDone; }));
  CHECK(machine.rows.sorted("results") == expected_sums(30'000));
  CHECK(made == 2);
}

TEST_CASE(
    "OperatorTask takes nothing from behind a barrier while memory is short and waits for the snapshot") {
  OperatorTaskRig rig;
  rig.state.charge(1000);
  rig.state.snapshot_begun();
  rig.send(rows_of({1}));
  rig.send(Kind::kBarrier, 0, 3);
  rig.send(rows_of({2}));
  CHECK(rig.run() == "1 snapshot ");
  CHECK(rig.sent() == "1 b3 ");
  rig.state.snapshot_taken();
  CHECK(rig.run() == "2 ");
}

}  // namespace weir
