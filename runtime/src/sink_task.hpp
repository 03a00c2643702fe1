#pragma once

#include <weir/core/sink.hpp>

#include "task.hpp"

namespace weir {

/// Drives a SinkWriter: hands it batches until it takes them, and at a barrier waits for its flush.
class SinkTask final : public Task {
 public:
  SinkTask(std::string vertex, std::uint32_t worker, AttemptControl& control, MetricRegistry& metrics,
           InputGate gate, std::unique_ptr<SinkWriter> writer);

  bool is_blocked() const override { return held_ != nullptr || flushing_.has_value(); }
  const std::string& vertex() const override { return vertex_; }
  std::uint32_t worker() const override { return worker_; }

 private:
  bool do_step(Environment::Instant now) override;
  Waits waits() const override {
    return held_ ? Waits::kForTheSink : flushing_ ? Waits::kForTheFlush : Waits::kNot;
  }
  void note_failure() const override;
  bool write_held();
  bool flush();

  const std::string vertex_;
  const std::uint32_t worker_;
  AttemptControl& control_;
  TaskMetrics metrics_;
  InputGate gate_;
  std::unique_ptr<SinkWriter> writer_;
  const Batch* held_ = nullptr;    ///< rows the writer has not taken yet
  std::optional<Epoch> flushing_;  ///< an epoch the writer has not finished yet
};

}  // namespace weir
