#pragma once

#include <weir/core/job_graph.hpp>
#include <weir/runtime/job.hpp>

namespace weir {

/// The port of a source on which undecodable input leaves as DeadLetter rows.
inline constexpr std::uint32_t kDeadLetterPort = 1;

/// The graph with a sink `<source>.dead_letter` for every source whose rejects go to dead letters, so that they are
/// written in the same commit as the rest.
JobGraph with_dead_letters(JobGraph graph, const JobOptions& options);

}  // namespace weir
