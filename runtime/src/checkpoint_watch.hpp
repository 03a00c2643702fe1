#pragma once

#include <optional>
#include <vector>

#include "coordinator.hpp"
#include "patience.hpp"
#include "task.hpp"
#include "time_watch.hpp"

namespace weir {

/// Watches the checkpoint that is being taken. Says what it waits for when it does not end. Looked at by one thread.
class CheckpointWatch {
 public:
  /// `tasks` outlive this.
  CheckpointWatch(std::vector<const Task*> tasks, Environment::Instant patience, LogLine log)
      : tasks_(std::move(tasks)), patience_(patience), log_(std::move(log)) {}

  void look(const std::optional<Coordinator::UnderWay>& under_way, Environment::Instant now);

 private:
  std::string text_of(const Coordinator::UnderWay& under_way, Environment::Instant now) const;
  std::string unanswered(Epoch epoch) const;

  const std::vector<const Task*> tasks_;
  Patience patience_;
  const LogLine log_;
  Epoch epoch_ = kNoEpoch;
};

}  // namespace weir
