#pragma once

#include <vector>

#include "patience.hpp"
#include "task.hpp"
#include "time_watch.hpp"

namespace weir {

/// Watches the tasks of an attempt. Says which of them stands still, and what it waits for. Looked at by one thread.
class TaskWatch {
 public:
  /// `tasks` outlive this.
  TaskWatch(std::vector<const Task*> tasks, Environment::Instant patience, LogLine log);

  void look(Environment::Instant now);

 private:
  struct Watched {
    const Task* task;
    Patience patience;
    std::uint64_t steps = 0;  ///< at the last look
    std::uint64_t moved = 0;
    Waits waits = Waits::kNot;
    bool stands = false;
  };
  void look(Watched& watched);
  static std::string text_of(const Watched& watched, Environment::Instant lasted);

  std::vector<Watched> watched_;
  const LogLine log_;
};

}  // namespace weir
