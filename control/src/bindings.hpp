#pragma once

#include <map>
#include <string>
#include <vector>

#include <weir/core/job_graph.hpp>

#include "origin.hpp"

namespace weir {

/// What sources and sinks of a graph are bound to. Keys are vertices' names, and `<source>.dead_letter` among the sinks.
struct Bindings {
  std::map<std::string, RawValue> sources;  ///< without on_error in the address
  std::map<std::string, RawValue> sinks;
  std::map<std::string, RawValue> on_error;  ///< text is one of fail, skip, dead_letter
  Problems problems;
};

/// Finds out which vertex each value means, the strongest layer winning. `values` come weakest first. Names nobody has and
/// policies that do not exist are problems.
Bindings resolve_bindings(const std::vector<RawValue>& values, const JobGraph& graph);

}  // namespace weir
