#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/core/connector.hpp>
#include <weir/testing/simulation.hpp>

#include "simulated_environment.hpp"

namespace weir::testing {

/// A log with transactions, as a broker would keep it: survives crashes of the process that writes to it.
struct SimulatedLog {
  std::map<std::string, std::vector<std::string>> committed;
  std::map<std::string, std::vector<std::string>> open;  ///< of the transaction of the present holder
  std::optional<std::string> record;
  std::uint64_t holder = 0;  ///< counts fences; an earlier holder may do nothing any more
  std::uint64_t commits = 0;
};

/// Connectors of one attempt whose sinks all write to one simulated log.
std::unique_ptr<Connectors> make_simulated_connectors(SimulatedLog& log, SimulatedEnvironment& environment,
                                                      const Faults& faults);

}  // namespace weir::testing
