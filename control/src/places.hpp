#pragma once

#include <weir/core/job_graph.hpp>
#include <weir/runtime/job.hpp>

#include "origin.hpp"

namespace weir {

/// Directories that a job would use for two things which do each other harm: two sinks in one, a sink in what its source reads or where
/// checkpoints lie, scratch space around checkpoints. However they are spelled.
Problems clashes(const JobGraph& graph, const JobOptions& job);

/// Topics that a job both reads and writes: fit to run, and most likely a loop that was not meant.
Problems loops(const JobGraph& graph, const JobOptions& job);

}  // namespace weir
