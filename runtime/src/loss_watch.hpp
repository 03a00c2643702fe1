#pragma once

#include <map>
#include <string>

#include <weir/core/metrics.hpp>

#include "patience.hpp"
#include "time_watch.hpp"

namespace weir {

/// Says at once when the first record is lost, and at growing intervals when more are. Looked at by one thread.
class LossWatch {
 public:
  LossWatch(const MetricRegistry& metrics, Environment::Instant between, LogLine log)
      : metrics_(metrics), between_(between), log_(std::move(log)) {}

  /// Cheap; does something once a second.
  void look(Environment::Instant now);

 private:
  struct Told {
    explicit Told(Environment::Instant between) : patience(Environment::Instant{0}, between) {}
    Patience patience;
    std::uint64_t records = 0;
  };

  const MetricRegistry& metrics_;
  const Environment::Instant between_;
  const LogLine log_;
  Environment::Instant next_{0};
  std::map<std::string, Told> told_;  ///< by who has lost them
};

}  // namespace weir
