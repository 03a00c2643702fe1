#include <weir/checkpoint/state_changes.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weir {

namespace {

using Kind = StateChange::Kind;

const StateDescription* find_state(const JobGraph& graph, const std::string& operator_name,
                                   const std::string& state_name) {
  const Vertex* vertex = graph.find(operator_name);
  const auto* op = vertex ? std::get_if<OperatorVertex>(&vertex->what) : nullptr;
  if (!op) return nullptr;
  for (const StateDescription& state : op->states)
    if (state.name == state_name) return &state;
  return nullptr;
}

/// Such states are read by nobody but their operator: they cannot be rewritten.
bool lies_in_manifest(const StateDescription& state) {
  const StateType::Kind kind = StateType::parse(state.value_type).kind;
  return state.key_type == "none" || kind == StateType::Kind::kBroadcast ||
         kind == StateType::Kind::kOperatorList;
}

StateChange compare(const StateSchemaEntry& kept, const StateDescription* now) {
  StateChange change{Kind::kSame, kept.operator_name, kept.state.name, {}, std::nullopt};
  if (!now) {
    change.kind = Kind::kDropped;
    return change;
  }
  if (kept.state.key_type != now->key_type &&
      !same_bytes(StateType::parse(kept.state.key_type), StateType::parse(now->key_type))) {
    change.kind = Kind::kImpossible;
    change.details.push_back(
        fmt::format("its key was {}, and the pipeline wants {}: a key decides where an entry lies and cannot "
                    "be converted",
                    kept.state.key_type, now->key_type));
    return change;
  }
  if (kept.state.value_type == now->value_type) return change;
  StateConversion conversion(StateType::parse(kept.state.value_type), StateType::parse(now->value_type));
  const bool convertible = conversion.changes().empty() || !lies_in_manifest(*now);
  if (!conversion.problems().empty() || !convertible) {
    change.kind = Kind::kImpossible;
    change.details = conversion.problems();
    if (change.details.empty())
      change.details.push_back("a state that lies in the manifest cannot change its type");
    change.details.push_back(fmt::format("the checkpoint holds {}, the pipeline wants {}",
                                         kept.state.value_type, now->value_type));
    return change;
  }
  change.kind = conversion.changes().empty() ? Kind::kSame : Kind::kConverted;
  change.details = conversion.changes();
  change.conversion = std::move(conversion);
  return change;
}

}  // namespace

std::vector<StateChange> compare_states(const std::vector<StateSchemaEntry>& kept, const JobGraph& graph) {
  std::vector<StateChange> changes;
  for (const StateSchemaEntry& entry : kept)
    changes.push_back(compare(entry, find_state(graph, entry.operator_name, entry.state.name)));
  for (const Vertex& vertex : graph.vertices) {
    const auto* op = std::get_if<OperatorVertex>(&vertex.what);
    if (!op) continue;
    for (const StateDescription& state : op->states) {
      const bool known = std::any_of(kept.begin(), kept.end(), [&](const StateSchemaEntry& entry) {
        return entry.operator_name == vertex.name && entry.state.name == state.name;
      });
      if (!known) changes.push_back({Kind::kAdded, vertex.name, state.name, {}, std::nullopt});
    }
  }
  return changes;
}

std::string describe(const StateChange& change) {
  const std::string place = fmt::format("operator '{}', state '{}'", change.operator_name, change.state_name);
  switch (change.kind) {
    case Kind::kSame:
      return place + ": taken over as it is";
    case Kind::kConverted:
      return fmt::format("{}: converted: {}", place, fmt::join(change.details, "; "));
    case Kind::kAdded:
      return place + ": new, begins empty";
    case Kind::kDropped:
      return place +
             ": the pipeline does not have it; name the operator as before, or leave the state behind with "
             "--allow-dropped-state";
    case Kind::kImpossible:
      return fmt::format(
          "{}: {}; keep the old type, or give the state another name and leave this one behind with "
          "--allow-dropped-state",
          place, fmt::join(change.details, "; "));
  }
  return place;
}

}  // namespace weir
