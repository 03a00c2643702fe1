#pragma once

#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <weir/connectors/connectors.hpp>
#include <weir/runtime/job.hpp>
#include <weir/state/tier.hpp>

namespace weir::bench {

/// What a measured job needs: RocksDB with a quarter of the memory, checkpoints in a directory, and who hears of what goes wrong. References outlive the job.
inline JobWorld real_world(
    Environment& environment, MetricRegistry& metrics, ConnectorsFactory connectors = make_connectors(),
    std::function<void(const std::string&)> log = [](const std::string& line) {
      fmt::print(stderr, "{}\n", line);
    }) {
  return {environment,
          metrics,
          std::move(connectors),
          [](const JobOptions& o) {
            return make_rocksdb_backend({o.state_dir, o.memory_bytes / 4});
          },
          [](const JobOptions& o) { return make_directory_store(o.checkpoint_dir); },
          std::move(log)};
}

}  // namespace weir::bench
