#pragma once

#include "hot_keys.hpp"
#include "task.hpp"

#include <weir/state/store.hpp>

namespace weir {

/// Drives an Operator: feeds it what its gate gives, tells it of processing time, passes marks on, takes its snapshot at a barrier.
class OperatorTask final : public Task {
 public:
  OperatorTask(std::string vertex, std::uint32_t worker, AttemptControl& control, MetricRegistry& metrics,
               InputGate gate, TaskOutputs outputs, HotKeyWatch hot_keys, const StateStore* state,
               std::unique_ptr<Operator> driven);

  bool is_blocked() const override { return outputs_.has_backlog(); }
  const std::string& vertex() const override { return vertex_; }
  std::uint32_t worker() const override { return worker_; }

 private:
  bool do_step(Environment::Instant now) override;
  Waits waits() const override;
  void note_failure() const override;
  std::string text_of_work() const;
  bool take_events();
  bool advance();
  /// Runs what is due by the wall clock. True when something was done.
  bool advance_processing_time();
  bool end();
  void pass_watermark();
  void answer_barrier(Epoch epoch);
  /// What it would keep of more rows must wait for the snapshot that is being written. All that this stops has passed that barrier
  /// already, so that the snapshot does not wait for it.
  bool waits_for_memory();
  /// Goes on with the snapshot of the last barrier. True when something was done.
  bool proceed_with_snapshot();

  const std::string vertex_;
  const std::uint32_t worker_;
  AttemptControl& control_;
  TaskMetrics metrics_;
  InputGate gate_;
  TaskOutputs outputs_;
  HotKeyWatch hot_keys_;
  const StateStore* const state_;             ///< null: keeps none
  std::unique_ptr<Operator> operator_;        // after outputs_: its consumers write there
  InputGate::Event taking_;                   ///< during process()
  std::optional<TaskSnapshot> sealing_;       ///< a snapshot that is being copied
  std::optional<std::uint64_t> awaited_;      ///< number of the snapshot that it has passed the barrier of
  std::optional<EventTime> advancing_;        ///< a watermark the operator has not finished with
  std::optional<EventTime> processing_time_;  ///< a wall-clock time the operator has not finished with
  EventTime reached_ = EventTime::min();      ///< the last watermark the operator has finished with
  EventTime passed_ =
      EventTime::min();  ///< the last watermark passed on; behind reached_ while rows are held
  bool idle_ = false;    ///< all inputs are; said when nothing is held
  enum class End { kNotYet, kEmitting, kHolding, kPassed } end_ = End::kNotYet;
};

}  // namespace weir
