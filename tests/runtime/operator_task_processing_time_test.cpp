#include <catch2/catch.hpp>

#include "operator_task_rig.hpp"

namespace weir {

using Kind = Element::Kind;

TEST_CASE(
    "OperatorTask tells its operator of processing time when the wall clock has reached what it asked for") {
  OperatorTaskRig rig;
  rig.script.next_processing_time = EventTime{1'500};
  CHECK(rig.run().empty());
  rig.environment.clock = EventTime{1'499};
  CHECK(rig.run().empty());
  rig.environment.clock = EventTime{1'503};
  CHECK(rig.run() == "p1503 ");
  CHECK(rig.sent() == "100 ");
  rig.environment.clock = EventTime{9'999};
  CHECK(rig.run().empty());  // it has asked for nothing more
}

TEST_CASE("OperatorTask resumes a call of processing time, with the same time and before anything else") {
  OperatorTaskRig rig;
  rig.script.next_processing_time = EventTime{1'000};
  rig.script.unfinished = 2;
  rig.send(rows_of({7}));
  rig.task->step(rig.environment.now());
  rig.environment.clock = EventTime{2'000};
  CHECK(rig.run() == "p1000 p1000 p1000 7 ");
  CHECK(rig.sent() == "100 7 ");
}

TEST_CASE("OperatorTask takes no barrier while a call of processing time is unfinished") {
  OperatorTaskRig rig;
  rig.script.next_processing_time = EventTime{1'000};
  rig.script.unfinished = 1;
  rig.send(Kind::kBarrier, 0, 4);
  CHECK(rig.run() == "p1000 p1000 snapshot ");
  CHECK(rig.sent() == "100 b4 ");
}

TEST_CASE("OperatorTask finishes a watermark before it tells of processing time") {
  OperatorTaskRig rig;
  rig.script.unfinished = 2;
  rig.send(Kind::kWatermark, 10);
  rig.task->step(rig.environment.now());
  rig.script.next_processing_time = EventTime{1'000};
  CHECK(rig.run() == "w10 w10 w10 p1000 ");
  CHECK(rig.sent() == "w10 100 ");
}

TEST_CASE(
    "OperatorTask tells of processing time while its operator refuses rows, and when its inputs are idle") {
  OperatorTaskRig rig;
  rig.script.accepts = false;
  rig.send(rows_of({7}));
  rig.script.next_processing_time = EventTime{1'000};
  CHECK(rig.run() == "p1000 ");
  rig.script.accepts = true;
  CHECK(rig.run() == "7 ");
  rig.send(Kind::kIdle);
  rig.run();
  CHECK(rig.sent() == "100 7 idle ");
  rig.script.next_processing_time = EventTime{1'000};
  CHECK(rig.run() == "p1000 ");
  // Its rows make it active for a moment only: its inputs are as idle as before.
  CHECK(rig.sent() == "active 100 idle ");
}

}  // namespace weir
