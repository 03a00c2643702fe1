#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/core/metrics.hpp>

namespace weir {

/// Records that a job has read and that are not in its results: late, not decoded.
struct Loss {
  std::string who;  ///< "operator 'sums'"
  std::uint64_t records = 0;
  std::string text;  ///< a sentence: who, how many, why, and what to do
};

/// All of a process so far, after its own counters; none when nothing was lost. Also what was read again after a failure counts.
std::vector<Loss> losses(const MetricRegistry& metrics);

}  // namespace weir
