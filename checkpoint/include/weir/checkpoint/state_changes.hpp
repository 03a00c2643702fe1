#pragma once

#include <optional>
#include <string>
#include <vector>

#include <weir/checkpoint/manifest.hpp>
#include <weir/core/job_graph.hpp>
#include <weir/state/state_type.hpp>

namespace weir {

/// What becomes of one state of a checkpoint in a pipeline.
struct StateChange {
  enum class Kind {
    kSame,        ///< taken over as it is
    kConverted,   ///< every value is rewritten; `details` say what is different
    kAdded,       ///< the checkpoint has none; begins empty
    kDropped,     ///< the pipeline has none
    kImpossible,  ///< `details` say why
  };
  Kind kind = Kind::kSame;
  std::string operator_name;
  std::string state_name;
  std::vector<std::string> details;
  std::optional<StateConversion> conversion;  ///< of kConverted
};

/// Compares the states of a checkpoint with those of a pipeline, matched by the names of operator and state. In the order of the
/// checkpoint, then of the pipeline.
std::vector<StateChange> compare_states(const std::vector<StateSchemaEntry>& kept, const JobGraph& graph);

/// "operator 'hourly', state 'panes': field total: double cannot become int64"
std::string describe(const StateChange& change);

}  // namespace weir
