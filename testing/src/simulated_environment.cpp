#include "simulated_environment.hpp"

namespace weir::testing {

void SimulatedEnvironment::await_blocking() {
  while (run_one()) {
  }
}

bool SimulatedEnvironment::run_one() {
  std::vector<std::deque<std::function<void()>>*> busy;
  for (auto& [name, jobs] : lanes_)
    if (!jobs.empty()) busy.push_back(&jobs);
  if (busy.empty()) return false;
  auto& jobs = *busy[chance_() % busy.size()];
  const std::function<void()> job = std::move(jobs.front());
  jobs.pop_front();
  job();
  return true;
}

}  // namespace weir::testing
