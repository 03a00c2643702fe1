#pragma once

#include <string>
#include <vector>

#include <weir/weir.hpp>

#include "generator.hpp"

namespace nexmark {

/// What the program asks for besides what every pipeline does: --query, --watermark-delay, ….
std::vector<weir::Parameter> parameters();

/// The pipeline of the query that --query names, from the source "events" to the sink "results".
void build(weir::Pipeline& pipeline, const weir::Settings& settings);
/// The same, for events that are at most `watermark_delay` out of order; `generated` makes those that are generated.
/// `changelog`: with what becomes of rows, as ChangelogRow. Throws weir::FailJob(kUsage) where the query has none.
void build(weir::Pipeline& pipeline, const std::string& query, weir::Duration watermark_delay,
           const GeneratedEvents& generated, bool changelog = false);

/// Prints a line a query. Returns the exit code.
int list_queries();

}  // namespace nexmark
