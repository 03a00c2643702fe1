#include <weir/runtime/stepped_attempt.hpp>

#include "attempt.hpp"
#include "failure_place.hpp"

namespace weir {

struct SteppedAttempt::Core {
  Environment& environment;
  Attempt attempt;
  std::vector<Task*> tasks;
  bool done = false;
};

SteppedAttempt::SteppedAttempt(const JobGraph& graph, const JobOptions& options, const JobWorld& world,
                               CheckpointStore& checkpoints, Epoch oldest)
    : core_(new Core{world.environment, Attempt(graph, options, world, checkpoints, oldest), {}}) {
  forget_failure_places();  // of an earlier one on this thread
  for (std::uint32_t worker = 0; worker < core_->attempt.workers(); ++worker)
    for (const auto& task : core_->attempt.tasks(worker)) core_->tasks.push_back(task.get());
}

SteppedAttempt::~SteppedAttempt() = default;

std::size_t SteppedAttempt::actors() const { return core_->tasks.size() + 1; }

bool SteppedAttempt::step(std::size_t actor) {
  const Environment::Instant now = core_->environment.now();
  if (actor < core_->tasks.size()) return core_->tasks[actor]->step(now);
  if (!core_->done && !core_->attempt.coordinator().poll(now)) core_->done = true;
  return core_->done;
}

bool SteppedAttempt::done() const { return core_->done; }

void SteppedAttempt::stop() { core_->attempt.coordinator().stop(); }

}  // namespace weir
