#pragma once

#include <cstdint>

namespace weir {

/// Numbers what lies between two barriers; barrier, checkpoint and commit record n all belong to epoch n.
/// Starts at 1 and never repeats for a job, also after a restore; 0 means "none yet".
using Epoch = std::uint64_t;

inline constexpr Epoch kNoEpoch = 0;

}  // namespace weir
