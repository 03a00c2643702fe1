#pragma once

#include <deque>
#include <vector>

#include "checkpoint_watch.hpp"
#include "input_watch.hpp"
#include "task_watch.hpp"
#include "time_watch.hpp"

namespace weir {

/// How long anything may stand still.
Environment::Instant patience_of(const JobOptions& options);
/// Where it is told.
LogLine warning(const JobWorld& world);

/// Looks now and then at everything in an attempt that could stand still without a word. One thread.
class Watch {
 public:
  Watch(const JobGraph& graph, std::vector<TimeWatch::Source> sources,
        const std::vector<std::vector<std::unique_ptr<Task>>>& tasks, Environment::Instant patience,
        const LogLine& log);

  /// Cheap; does something a few times a second at most.
  void look(const Coordinator& coordinator, Environment::Instant now);

 private:
  const Environment::Instant interval_;
  Environment::Instant next_{0};
  std::vector<TimeWatch> sources_;
  std::vector<InputWatch> inputs_;
  TaskWatch tasks_;
  CheckpointWatch checkpoint_;
};

}  // namespace weir
