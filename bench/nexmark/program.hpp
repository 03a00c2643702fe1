#pragma once

#include <vector>

#include <weir/weir.hpp>

namespace nexmark {

/// What the program asks for besides what every pipeline does: --query, --watermark-delay, ….
std::vector<weir::Parameter> parameters();

/// The pipeline of the query that --query names, from the source "events" to the sink "results".
void build(weir::Pipeline& pipeline, const weir::Settings& settings);

/// Prints a line a query. Returns the exit code.
int list_queries();

}  // namespace nexmark
