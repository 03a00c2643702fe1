#include "task.hpp"

#include <algorithm>

namespace weir {

void AttemptControl::submit(TaskSnapshot snapshot) {
  {
    std::lock_guard lock(mutex_);
    snapshots_.push_back(std::move(snapshot));
  }
  coordinator_.unpark();
}

std::vector<TaskSnapshot> AttemptControl::take_snapshots() {
  std::lock_guard lock(mutex_);
  return std::exchange(snapshots_, {});
}

void AttemptControl::task_finished() {
  finished_.fetch_add(1, std::memory_order_release);
  coordinator_.unpark();
}

void AttemptControl::source_at_end() {
  at_end_.fetch_add(1, std::memory_order_release);
  coordinator_.unpark();
}

bool Task::step(Environment::Instant now) {
  place_.in_step.store(true, std::memory_order_relaxed);
  bool progressed = false;
  try {
    progressed = do_step(now);
  } catch (...) {
    note_failure();
    throw;
  }
  // Written by this thread only.
  const auto add_one = [](std::atomic<std::uint64_t>& n) {
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  };
  add_one(place_.steps);
  if (progressed) add_one(place_.moved);
  place_.waits.store(waits(), std::memory_order_relaxed);
  place_.in_step.store(false, std::memory_order_relaxed);
  return progressed;
}

bool TaskOutputs::drain() {
  bool drained = true;
  for (auto& edge : edges_) drained &= edge->drain();
  return drained;
}

bool TaskOutputs::has_backlog() const {
  return std::any_of(edges_.begin(), edges_.end(), [](const auto& edge) { return edge->has_backlog(); });
}

void TaskOutputs::flush_waiting(Environment::Instant now, Environment::Instant linger) {
  for (auto& edge : edges_) edge->flush_waiting(now, linger);
}

void TaskOutputs::flush() {
  for (auto& edge : edges_) edge->flush();
}

void TaskOutputs::broadcast(Element::Kind kind, EventTime watermark, Epoch epoch) {
  for (auto& edge : edges_) edge->broadcast(kind, watermark, epoch);
}

std::vector<TaskSnapshot::EdgeEnd> TaskOutputs::take_sent() {
  std::vector<TaskSnapshot::EdgeEnd> ends;
  for (auto& edge : edges_) ends.push_back({edge->name(), edge->take_sent()});
  return ends;
}

std::uint64_t TaskOutputs::rows_sent() const {
  std::uint64_t rows = 0;
  for (const auto& edge : edges_) rows += edge->rows_sent();
  return rows;
}

TaskMetrics::TaskMetrics(MetricRegistry& metrics, const std::string& vertex, std::uint32_t worker) {
  const MetricLabels labels{{"operator", vertex}, {"worker", std::to_string(worker)}};
  in_ = &metrics.counter("weir_operator_records_in_total", "Records an operator has taken in.", labels);
  out_ = &metrics.counter("weir_operator_records_out_total", "Records an operator has sent on.", labels);
  watermark_ = &metrics.gauge("weir_operator_watermark_timestamp_seconds",
                              "Event time an operator has come to.", labels);
}

}  // namespace weir
