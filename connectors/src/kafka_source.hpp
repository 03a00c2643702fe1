#pragma once

#include <memory>

#include <weir/core/connector.hpp>
#include <weir/core/source.hpp>

#include "kafka_address.hpp"

namespace weir::kafka {

/// A topic as a source: its partitions are "0", "1", … Reads committed records only; positions are kept by
/// whoever reads. One consumer for all partitions, each with a queue of its own, so that workers never wait
/// for one another.
std::unique_ptr<Source> make_source(Address address, const ConnectorContext& context,
                                    const SourceOptions& options);

}  // namespace weir::kafka
