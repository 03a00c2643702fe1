#include <weir/checkpoint/restore_plan.hpp>

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
  return plan;
}

}  // namespace weir
