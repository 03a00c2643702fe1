#pragma once

#include <string>
#include <vector>

#include "patience.hpp"
#include "task.hpp"
#include "time_watch.hpp"

namespace weir {

/// Watches an operator that several streams meet in. Says which of them holds its time back while others go on. Looked at by one thread.
class InputWatch {
 public:
  struct Input {
    std::string from;                ///< the vertex it comes from
    std::vector<const Task*> tasks;  ///< of that vertex
  };
  InputWatch(std::string vertex, std::vector<Input> inputs, Environment::Instant patience, LogLine log)
      : vertex_(std::move(vertex)), inputs_(std::move(inputs)), patience_(patience), log_(std::move(log)) {}

  void look(Environment::Instant now);

 private:
  const std::string vertex_;
  const std::vector<Input> inputs_;
  Patience patience_;
  const LogLine log_;
  EventTime slowest_ = EventTime::min();
  EventTime fastest_then_ = EventTime::min();  ///< when the slowest moved last
};

}  // namespace weir
