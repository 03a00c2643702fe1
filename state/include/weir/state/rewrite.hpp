#pragma once

#include <cstdint>

#include <weir/core/key_group.hpp>
#include <weir/state/state_type.hpp>
#include <weir/state/tier.hpp>

namespace weir {

/// Rewrites every value of one state in a tier, by its id (store.hpp), a few megabytes at a time. For restores into a changed pipeline,
/// before anything else uses the tier.
void convert_state(StateTier& tier, KeyGroupRange groups, std::uint32_t state_id,
                   const StateConversion& conversion);

/// Erases all entries of one state.
void drop_state(StateTier& tier, KeyGroupRange groups, std::uint32_t state_id);

}  // namespace weir
