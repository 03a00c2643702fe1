#include "watch.hpp"

#include <algorithm>
#include <set>

namespace weir {

namespace {

constexpr Environment::Instant kLookEvery = std::chrono::seconds{1};

using Tasks = std::vector<std::vector<std::unique_ptr<Task>>>;

std::vector<const Task*> all_of(const Tasks& tasks) {
  std::vector<const Task*> all;
  for (const auto& worker : tasks)
    for (const auto& task : worker) all.push_back(task.get());
  return all;
}

/// Vertices that a vertex has rows from.
std::set<VertexId> upstream(const JobGraph& graph, VertexId vertex) {
  std::set<VertexId> from;
  for (const Edge& edge : graph.edges)
    if (edge.to == vertex) from.insert(edge.from);
  return from;
}

}  // namespace

Environment::Instant patience_of(const JobOptions& options) {
  constexpr Environment::Instant kForEver = std::chrono::hours{24 * 36'500};
  return options.patience.count() > 0 ? Environment::Instant(options.patience) : kForEver;
}

LogLine warning(const JobWorld& world) { return world.warn ? world.warn : world.log; }

Watch::Watch(const JobGraph& graph, std::vector<TimeWatch::Source> sources, const Tasks& tasks,
             Environment::Instant patience, const LogLine& log)
    // More often than patience lasts, so that it is kept.
    : interval_(std::min(kLookEvery, patience / 8)),
      tasks_(all_of(tasks), patience, log),
      checkpoint_(all_of(tasks), patience, log) {
  for (TimeWatch::Source& source : sources) sources_.emplace_back(std::move(source), patience, log);
  for (const Vertex& vertex : graph.vertices) {
    const std::set<VertexId> from = upstream(graph, vertex.id);
    if (from.size() < 2 || std::holds_alternative<SinkVertex>(vertex.what)) continue;
    std::vector<InputWatch::Input> inputs;
    for (const VertexId id : from) {
      InputWatch::Input& input = inputs.emplace_back();
      input.from = graph.vertices[id].name;
      for (const auto& worker : tasks) input.tasks.push_back(worker[id].get());
    }
    inputs_.emplace_back(vertex.name, std::move(inputs), patience, log);
  }
}

void Watch::look(const Coordinator& coordinator, Environment::Instant now) {
  if (now < next_) return;
  next_ = now + interval_;
  for (TimeWatch& source : sources_) source.look(now);
  for (InputWatch& input : inputs_) input.look(now);
  tasks_.look(now);
  checkpoint_.look(coordinator.under_way(), now);
}

}  // namespace weir
