#include "operator_task.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <weir/core/failed_at.hpp>
#include <weir/core/kill_point.hpp>

#include "failure_place.hpp"
#include "time_text.hpp"

namespace weir {

namespace {

/// Rows handled before other tasks of the worker get their turn.
constexpr int kEventsAStep = 8;

class TaskSnapshotWriter final : public SnapshotWriter {
 public:
  explicit TaskSnapshotWriter(TaskSnapshot& snapshot) : snapshot_(snapshot) {}
  void keyed(std::unique_ptr<SealedState> delta) override { snapshot_.keyed = std::move(delta); }
  void operator_state(std::string bytes) override { snapshot_.operator_state = std::move(bytes); }
  void ended_at(EventTime time) override { snapshot_.ended_at = time; }

 private:
  TaskSnapshot& snapshot_;
};

}  // namespace

OperatorTask::OperatorTask(std::string vertex, std::uint32_t worker, AttemptControl& control,
                           MetricRegistry& metrics, InputGate gate, TaskOutputs outputs, HotKeyWatch hot_keys,
                           const StateStore* state, std::unique_ptr<Operator> driven)
    : vertex_(std::move(vertex)),
      worker_(worker),
      control_(control),
      metrics_(metrics, vertex_, worker),
      gate_(std::move(gate)),
      outputs_(std::move(outputs)),
      hot_keys_(std::move(hot_keys)),
      state_(state),
      operator_(std::move(driven)) {}

bool OperatorTask::do_step(Environment::Instant now) {
  // Also while the outputs are full: what they wait for may be this checkpoint.
  bool progressed = proceed_with_snapshot();
  if (!outputs_.drain()) return progressed;
  if (advancing_) progressed |= advance();
  else if (end_ == End::kEmitting) progressed |= end();
  else {
    if (advance_processing_time()) progressed = true;
    if (!processing_time_ && take_events()) progressed = true;
  }
  pass_watermark();
  if (progressed) outputs_.flush_waiting(now, control_.linger());
  else outputs_.flush();  // nothing comes in: no reason to wait for more
  metrics_.rows_in(gate_.rows_received());
  metrics_.rows_out(outputs_.rows_sent());
  return progressed;
}

bool OperatorTask::take_events() {
  for (int i = 0; i < kEventsAStep; ++i) {
    if (!operator_->accepts_rows() || waits_for_memory()) return i > 0;
    const InputGate::Event event = gate_.next();
    switch (event.kind) {
      case InputGate::Kind::kNothing:
        return i > 0;
      case InputGate::Kind::kRows:
        control_.note_activity();
        hot_keys_.look(event.input, *event.rows);
        taking_ = event;
        operator_->process(event.input, *event.rows);
        taking_ = {};
        gate_.done_with_rows();
        break;
      case InputGate::Kind::kWatermark:
        advancing_ = event.watermark;
        return advance();
      case InputGate::Kind::kIdle:
        idle_ = true;
        pass_watermark();
        break;
      case InputGate::Kind::kActive:
        // At once, whether or not rows come of it: what was held back for these inputs is held back again.
        idle_ = false;
        outputs_.active();
        break;
      case InputGate::Kind::kBarrier:
        answer_barrier(event.epoch);
        return true;
      case InputGate::Kind::kEnd:
        end_ = End::kEmitting;
        return end();
    }
    if (!outputs_.drain()) break;
  }
  return true;
}

bool OperatorTask::advance() {
  if (!operator_->advance_watermark(*advancing_)) return true;
  reached_ = *advancing_;
  advancing_.reset();
  pass_watermark();
  return true;
}

bool OperatorTask::advance_processing_time() {
  if (!processing_time_) {
    const EventTime next = operator_->next_processing_time();
    if (next == EventTime::max()) return false;
    const EventTime wall_clock = control_.environment().wall_clock();
    if (wall_clock < next) return false;
    processing_time_ = wall_clock;
    control_.note_activity();
  }
  if (operator_->advance_processing_time(*processing_time_)) processing_time_.reset();
  return true;
}

bool OperatorTask::end() {
  if (!operator_->end_of_input()) return true;
  end_ = End::kHolding;
  pass_watermark();
  return true;
}

void OperatorTask::pass_watermark() {
  if (end_ == End::kPassed) return;
  const EventTime hold = operator_->watermark_hold();
  const EventTime watermark = std::min(reached_, hold);
  if (watermark > passed_) {
    passed_ = watermark;
    outputs_.watermark(watermark);
    note_watermark(watermark);
    metrics_.watermark(watermark);
  }
  note_idle(idle_ && hold == EventTime::max());
  if (hold != EventTime::max()) return;
  // Said again after rows that came of processing time: they have made the outputs active.
  if (idle_) outputs_.idle();
  if (end_ == End::kHolding) {
    end_ = End::kPassed;
    outputs_.end();
    control_.task_finished();
  }
}

void OperatorTask::answer_barrier(Epoch epoch) {
  TaskSnapshot snapshot;
  snapshot.epoch = epoch;
  snapshot.worker = worker_;
  snapshot.vertex = vertex_;
  TaskSnapshotWriter writer(snapshot);
  operator_->snapshot(writer);
  if (state_) awaited_ = state_->snapshots_taken();
  kill_point("mid_snapshot");
  outputs_.barrier(epoch);
  snapshot.sent = outputs_.take_sent();
  snapshot.received = gate_.take_received();
  sealing_ = std::move(snapshot);
  proceed_with_snapshot();
}

bool OperatorTask::waits_for_memory() {
  if (awaited_ && state_->snapshots_taken() != *awaited_) awaited_.reset();
  return awaited_ && state_->is_overfull();
}

Waits OperatorTask::waits() const {
  if (is_blocked()) return Waits::kForRoom;
  if (awaited_ && state_->is_overfull()) return Waits::kForMemory;
  return operator_->accepts_rows() ? Waits::kNot : Waits::kForAnswers;
}

void OperatorTask::note_failure() const {
  std::string text = fmt::format("operator '{}', worker {}", vertex_, worker_);
  // Of what failed in the chain behind it, the row is told by the chain.
  if (has_failure_place()) static_cast<void>(take_failed_at());
  else text += text_of_work();
  const std::string rows = taking_.rows ? control_.rows_under_way() : "";
  if (!rows.empty()) text += fmt::format(" (read: {})", rows);
  add_failure_place({std::move(text), vertex_, false});
}

std::string OperatorTask::text_of_work() const {
  FailedAt at = take_failed_at();
  std::string text;
  if (taking_.rows) {
    if (!at.row && taking_.rows->size() == 1) at.row = 0;
    if (at.row && at.key.empty()) at.key = hot_keys_.key_of(taking_.input, taking_.rows->row(*at.row));
  }
  if (!at.key.empty()) text += ", key " + at.key;
  if (taking_.rows) text += ", " + text_of_rows(*taking_.rows, at.row);
  else if (advancing_) text += ", when event time came to " + text_of(*advancing_);
  else if (processing_time_) text += ", when the clock came to " + text_of(*processing_time_);
  else if (end_ == End::kEmitting) text += ", at the end of its input";
  return text;
}

bool OperatorTask::proceed_with_snapshot() {
  if (!sealing_) return false;
  if (sealing_->keyed && !sealing_->keyed->proceed()) return true;
  note_answered(sealing_->epoch);
  control_.submit(std::move(*sealing_));
  sealing_.reset();
  return true;
}

}  // namespace weir
