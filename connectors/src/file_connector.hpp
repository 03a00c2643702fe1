#pragma once

#include <memory>

#include <weir/core/connector.hpp>

namespace weir {

/// `file:path?…`: CSV, JSON Lines or raw lines, plain or compressed, one partition a file. Always bounded.
std::unique_ptr<Source> make_file_source(const ConnectorUri&, const ConnectorContext&);

/// `file:directory/?…`: part files that appear whole, each line exactly once. docs/connectors.md tells how.
std::unique_ptr<Sink> make_file_sink(const ConnectorUri&, const ConnectorContext&);

/// The directory or file that the address means. Throws FailJob(kUsage) when it has none or names a host.
std::string path_of_file_address(const ConnectorUri&);

}  // namespace weir
