#include <weir/checkpoint/restore_plan.hpp>

#include <map>

#include <fmt/format.h>

namespace weir {

namespace {

using Kind = StateChange::Kind;

StateOutcome outcome_of(StateChange change, const RestoreDemands& demands) {
  const bool dropped = change.kind == Kind::kDropped;
  StateOutcome outcome;
  outcome.refused = change.kind == Kind::kImpossible || (dropped && !demands.allow_dropped_state);
  outcome.line = dropped && !outcome.refused
                     ? fmt::format("operator '{}', state '{}': left behind, the pipeline does not have it",
                                   change.operator_name, change.state_name)
                     : describe(change);
  outcome.change = std::move(change);
  return outcome;
}

/// Positions in sources that the pipeline does not have: a source that is called otherwise now would be read again from its beginning.
void plan_positions(const Manifest& manifest, const JobGraph& graph, bool may_drop, RestorePlan& plan) {
  std::map<std::string, std::size_t> unknown;
  for (const PartitionProgress& progress : manifest.sources) {
    const Vertex* vertex = graph.find(progress.source);
    if (!vertex || !std::holds_alternative<SourceVertex>(vertex->what)) ++unknown[progress.source];
  }
  for (const auto& [source, partitions] : unknown) {
    if (may_drop)
      plan.left_behind.push_back(fmt::format(
          "source '{}': the positions of its {} partitions are left behind, the pipeline does not have it",
          source, partitions));
    else
      plan.refusals.push_back(fmt::format(
          "source '{}': the checkpoint holds positions of {} of its partitions, and the pipeline has no "
          "source of "
          "that name; give it its name back, or leave the positions behind with --allow-dropped-state",
          source, partitions));
  }
}

}  // namespace

RestorePlan plan_restore(const Manifest& manifest, const JobGraph& graph, const RestoreDemands& demands) {
  RestorePlan plan;
  if (manifest.max_parallelism != demands.max_parallelism)
    plan.refusals.push_back(fmt::format(
        "the checkpoint was taken with --max-parallelism {}, which is fixed for the life of a job's "
        "state; run with the same, not with {}",
        manifest.max_parallelism, demands.max_parallelism));
  for (StateChange& change : compare_states(manifest.schemas, graph)) {
    plan.states.push_back(outcome_of(std::move(change), demands));
    if (plan.states.back().refused) plan.refusals.push_back(plan.states.back().line);
  }
  plan_positions(manifest, graph, demands.allow_dropped_state, plan);
  return plan;
}

}  // namespace weir
