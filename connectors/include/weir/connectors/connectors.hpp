#pragma once

#include <weir/core/connector.hpp>

namespace weir {

/// All connectors that come with weir, by scheme: `file`, `kafka`, `print`, `discard`. (`generator` is the pipeline's own and
/// opened by the runtime.)
ConnectorsFactory make_connectors();

/// Names the schemes, for messages.
std::string known_schemes();

}  // namespace weir
