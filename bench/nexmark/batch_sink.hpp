#pragma once

#include <functional>
#include <string>

#include <weir/core/connector.hpp>

namespace nexmark {

/// Takes a worker's batches, on that worker.
using TakeBatch = std::function<void(const weir::Batch&)>;
/// Called once a worker, before it runs.
using OpenTaker = std::function<TakeBatch(const weir::ConnectorContext&)>;

/// weir's own connectors, and `scheme:` as a sink that hands rows to a function and holds nothing back.
weir::ConnectorsFactory connectors_with(std::string scheme, OpenTaker open);

}  // namespace nexmark
