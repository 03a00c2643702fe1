#include <weir/checkpoint/pending_checkpoint.hpp>

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <weir/core/assert.hpp>
#include <weir/core/error.hpp>

namespace weir {

bool PendingCheckpoint::add(TaskSnapshot snapshot) {
  WEIR_ASSERT(snapshot.epoch == epoch_, "a task answers the barrier that is pending");
  WEIR_ASSERT(missing_ > 0, "each task answers a barrier once");
  snapshots_.push_back(std::move(snapshot));
  return --missing_ == 0;
}

std::map<std::uint32_t, std::vector<std::unique_ptr<SealedState>>> PendingCheckpoint::take_keyed() {
  std::map<std::uint32_t, std::vector<std::unique_ptr<SealedState>>> by_worker;
  for (TaskSnapshot& snapshot : snapshots_)
    if (snapshot.keyed) by_worker[snapshot.worker].push_back(std::move(snapshot.keyed));
  return by_worker;
}

Manifest PendingCheckpoint::assemble() const {
  WEIR_ASSERT(missing_ == 0, "assembled when complete");
  Manifest manifest;
  manifest.epoch = epoch_;
  std::map<std::string, EdgeLedger> edges;
  std::map<std::string, std::vector<SinkPart>> sinks;
  for (const TaskSnapshot& s : snapshots_) {
    manifest.sources.insert(manifest.sources.end(), s.partitions.begin(), s.partitions.end());
    if (!s.operator_state.empty())
      manifest.operator_states.push_back({s.vertex, s.worker, s.operator_state, s.ended_at});
    if (!s.sink_parts.empty()) {
      auto& parts = sinks[s.vertex];
      parts.insert(parts.end(), s.sink_parts.begin(), s.sink_parts.end());
    }
    for (const auto& end : s.sent) edges[end.edge].sent.add(end.digest);
    for (const auto& end : s.received) edges[end.edge].received.add(end.digest);
  }
  // Tasks answer in any order; the manifest's bytes must not depend on it.
  std::sort(manifest.sources.begin(), manifest.sources.end(), [](const auto& a, const auto& b) {
    return std::tie(a.source, a.partition) < std::tie(b.source, b.partition);
  });
  std::sort(manifest.operator_states.begin(), manifest.operator_states.end(),
            [](const auto& a, const auto& b) {
              return std::tie(a.operator_name, a.worker) < std::tie(b.operator_name, b.worker);
            });
  for (auto& [name, parts] : sinks) {
    std::sort(parts.begin(), parts.end(),
              [](const SinkPart& a, const SinkPart& b) { return a.worker < b.worker; });
    manifest.sinks.push_back({name, std::move(parts)});
  }
  for (auto& [name, ledger] : edges) {
    ledger.edge = name;
    if (ledger.sent != ledger.received) {
      throw RestartJob(
          fmt::format("epoch {} is not committed: on edge '{}' {} rows were sent and {} received, or their "
                      "content differs",
                      epoch_, name, ledger.sent.count, ledger.received.count));
    }
    manifest.edges.push_back(std::move(ledger));
  }
  return manifest;
}

}  // namespace weir
