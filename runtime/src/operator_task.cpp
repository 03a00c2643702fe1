#include "operator_task.hpp"

#include <weir/core/kill_point.hpp>

namespace weir {

namespace {

/// Rows handled before other tasks of the worker get their turn.
constexpr int kEventsAStep = 8;

class TaskSnapshotWriter final : public SnapshotWriter {
 public:
  explicit TaskSnapshotWriter(TaskSnapshot& snapshot) : snapshot_(snapshot) {}
  void keyed(std::unique_ptr<SealedState> delta) override { snapshot_.keyed = std::move(delta); }
  void operator_state(std::string bytes) override { snapshot_.operator_state = std::move(bytes); }

 private:
  TaskSnapshot& snapshot_;
};

}  // namespace

OperatorTask::OperatorTask(std::string vertex, std::uint32_t worker, AttemptControl& control,
                           MetricRegistry& metrics, InputGate gate, TaskOutputs outputs,
                           std::unique_ptr<Operator> driven)
    : vertex_(std::move(vertex)),
      worker_(worker),
      control_(control),
      metrics_(metrics, vertex_, worker),
      gate_(std::move(gate)),
      outputs_(std::move(outputs)),
      operator_(std::move(driven)) {}

bool OperatorTask::step(Environment::Instant now) {
  if (!outputs_.drain()) return false;
  const bool progressed = advancing_ ? advance() : take_events();
  if (progressed) outputs_.flush_waiting(now, control_.linger());
  else outputs_.flush();  // nothing comes in: no reason to wait for more
  metrics_.rows_in(gate_.rows_received());
  metrics_.rows_out(outputs_.rows_sent());
  return progressed;
}

bool OperatorTask::take_events() {
  for (int i = 0; i < kEventsAStep; ++i) {
    const InputGate::Event event = gate_.next();
    switch (event.kind) {
      case InputGate::Kind::kNothing:
        return i > 0;
      case InputGate::Kind::kRows:
        control_.note_activity();
        operator_->process(event.input, *event.rows);
        gate_.done_with_rows();
        break;
      case InputGate::Kind::kWatermark:
        advancing_ = event.watermark;
        return advance();
      case InputGate::Kind::kIdle:
        outputs_.idle();
        break;
      case InputGate::Kind::kBarrier:
        answer_barrier(event.epoch);
        return true;
      case InputGate::Kind::kEnd:
        outputs_.end();
        control_.task_finished();
        break;
    }
    if (!outputs_.drain()) break;
  }
  return true;
}

bool OperatorTask::advance() {
  if (!operator_->advance_watermark(*advancing_)) return true;
  outputs_.watermark(*advancing_);
  metrics_.watermark(*advancing_);
  advancing_.reset();
  return true;
}

void OperatorTask::answer_barrier(Epoch epoch) {
  TaskSnapshot snapshot;
  snapshot.epoch = epoch;
  snapshot.worker = worker_;
  snapshot.vertex = vertex_;
  TaskSnapshotWriter writer(snapshot);
  operator_->snapshot(writer);
  kill_point("mid_snapshot");
  outputs_.barrier(epoch);
  snapshot.sent = outputs_.take_sent();
  snapshot.received = gate_.take_received();
  control_.submit(std::move(snapshot));
}

}  // namespace weir
