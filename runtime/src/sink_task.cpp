#include "sink_task.hpp"

#include <fmt/format.h>

#include <weir/core/failed_at.hpp>

#include "failure_place.hpp"

namespace weir {

namespace {
constexpr int kEventsAStep = 8;
}

SinkTask::SinkTask(std::string vertex, std::uint32_t worker, AttemptControl& control, MetricRegistry& metrics,
                   InputGate gate, std::unique_ptr<SinkWriter> writer)
    : vertex_(std::move(vertex)),
      worker_(worker),
      control_(control),
      metrics_(metrics, vertex_, worker),
      gate_(std::move(gate)),
      writer_(std::move(writer)) {}

bool SinkTask::do_step(Environment::Instant) {
  if (held_ && !write_held()) return false;
  if (flushing_ && !flush()) return false;
  for (int i = 0; i < kEventsAStep; ++i) {
    const InputGate::Event event = gate_.next();
    switch (event.kind) {
      case InputGate::Kind::kNothing:
        if (i == 0) writer_->nudge();
        metrics_.rows_in(gate_.rows_received());
        return i > 0;
      case InputGate::Kind::kRows:
        held_ = event.rows;
        if (!write_held()) return i > 0;
        break;
      case InputGate::Kind::kWatermark:
        metrics_.watermark(event.watermark);
        note_watermark(event.watermark);
        break;
      case InputGate::Kind::kIdle:
      case InputGate::Kind::kActive:
        break;
      case InputGate::Kind::kBarrier:
        flushing_ = event.epoch;
        if (!flush()) return true;
        break;
      case InputGate::Kind::kEnd:
        control_.task_finished();
        break;
    }
  }
  metrics_.rows_in(gate_.rows_received());
  return true;
}

bool SinkTask::write_held() {
  if (!writer_->try_write(*held_)) return false;
  metrics_.rows_out(gate_.rows_received());
  control_.note_activity();
  held_ = nullptr;
  gate_.done_with_rows();
  return true;
}

void SinkTask::note_failure() const {
  std::string text = fmt::format("sink '{}', worker {}", vertex_, worker_);
  if (held_) text += ", " + text_of_rows(*held_, take_failed_at().row);
  if (const std::string rows = control_.rows_under_way(); held_ && !rows.empty())
    text += fmt::format(" (read: {})", rows);
  add_failure_place({std::move(text), vertex_, true});
}

bool SinkTask::flush() {
  if (!writer_->try_flush(*flushing_)) return false;
  TaskSnapshot snapshot;
  snapshot.epoch = *flushing_;
  snapshot.worker = worker_;
  snapshot.vertex = vertex_;
  snapshot.sink_parts.push_back(writer_->take_part());
  snapshot.received = gate_.take_received();
  note_answered(*flushing_);
  flushing_.reset();
  control_.submit(std::move(snapshot));
  return true;
}

}  // namespace weir
