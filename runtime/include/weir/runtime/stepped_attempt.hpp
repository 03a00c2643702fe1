#pragma once

#include <cstddef>
#include <memory>

#include <weir/runtime/job.hpp>

namespace weir {

/// One attempt of a job that moves only when it is told to, on the caller's thread: the second runtime, for simulations. The
/// same tasks, channels and coordinator as Job's, without its threads.
class SteppedAttempt {
 public:
  /// As Job's attempts begin: opens, fences, recovers, restores. `oldest`: commits before this epoch are ignored.
  SteppedAttempt(const JobGraph& graph, const JobOptions& options, const JobWorld& world,
                 CheckpointStore& checkpoints, Epoch oldest = kNoEpoch);
  ~SteppedAttempt();

  /// Tasks of all workers, and the coordinator.
  std::size_t actors() const;
  /// One bounded step of one actor. True when it did something. Throws what ends the attempt.
  bool step(std::size_t actor);
  /// True after the last commit.
  bool done() const;
  /// Asks for a last checkpoint and the end.
  void stop();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace weir
