#pragma once

#include "task.hpp"

namespace weir {

/// Drives an Operator: feeds it what its gate gives, passes marks on, takes its snapshot at a barrier.
class OperatorTask final : public Task {
 public:
  OperatorTask(std::string vertex, std::uint32_t worker, AttemptControl& control, MetricRegistry& metrics,
               InputGate gate, TaskOutputs outputs, std::unique_ptr<Operator> driven);

  bool step(Environment::Instant now) override;
  bool is_blocked() const override { return outputs_.has_backlog(); }
  const std::string& vertex() const override { return vertex_; }

 private:
  bool take_events();
  bool advance();
  void answer_barrier(Epoch epoch);

  const std::string vertex_;
  const std::uint32_t worker_;
  AttemptControl& control_;
  TaskMetrics metrics_;
  InputGate gate_;
  TaskOutputs outputs_;
  std::unique_ptr<Operator> operator_;  // after outputs_: its consumers write there
  std::optional<EventTime> advancing_;  ///< a watermark the operator has not finished with
};

}  // namespace weir
