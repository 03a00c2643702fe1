#pragma once

#include <string>

namespace weir {

/// Whether there may be checkpoints at a location. Where this is false, opening a store would make an empty one.
bool may_hold_checkpoints(const std::string& location);

}  // namespace weir
