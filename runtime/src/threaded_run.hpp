#pragma once

#include <functional>

#include "attempt.hpp"

namespace weir {

/// Runs an attempt: a thread for each worker, the coordinator on the calling thread. Returns after the last commit; throws
/// what a task or a checkpoint failed with. All threads have ended then.
void run_on_threads(Attempt& attempt, Environment& environment, MetricRegistry& metrics,
                    std::function<void(Environment::Instant)> watch);

}  // namespace weir
