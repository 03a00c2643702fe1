#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace weir::kafka {

/// How much librdkafka's consumer holds: fetched messages of all partitions, and beside them an answer of a broker. As properties;
/// those that the user gives win. `memory_bytes`: for all of it; 0: 64 MiB of messages, and never more.
std::map<std::string, std::string> fetch_limits(std::size_t memory_bytes, int partitions);

}  // namespace weir::kafka
