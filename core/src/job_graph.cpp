#include <weir/core/job_graph.hpp>

#include <set>

#include <fmt/format.h>

#include <weir/core/hash.hpp>

namespace weir {

namespace {

void check_names(const JobGraph& graph, std::vector<std::string>& found) {
  std::set<std::string> names;
  for (const Vertex& vertex : graph.vertices) {
    if (vertex.name.empty())
      found.push_back(fmt::format("vertex {} ({}) has no name; names bind state and connectors", vertex.id,
                                  vertex.description));
    else if (!names.insert(vertex.name).second)
      found.push_back(
          fmt::format("the name '{}' is used twice; names bind state and connectors", vertex.name));
  }
}

void check_edges(const JobGraph& graph, std::vector<std::string>& found) {
  std::vector<bool> fed(graph.vertices.size()), read(graph.vertices.size());
  for (const Edge& edge : graph.edges) {
    if (edge.from >= graph.vertices.size() || edge.to >= graph.vertices.size() || edge.from >= edge.to) {
      found.push_back(fmt::format("an edge leads from vertex {} to {}, against the order of the graph",
                                  edge.from, edge.to));
      continue;
    }
    read[edge.from] = true;
    fed[edge.to] = true;
  }
  for (const Vertex& vertex : graph.vertices) {
    const bool source = std::holds_alternative<SourceVertex>(vertex.what);
    const auto* op = std::get_if<OperatorVertex>(&vertex.what);
    const bool sink = std::holds_alternative<SinkVertex>(vertex.what) || (op && op->feeds_back);
    if (!source && !fed[vertex.id]) found.push_back(fmt::format("'{}' has no input", vertex.name));
    if (!sink && !read[vertex.id])
      found.push_back(fmt::format("the rows of '{}' reach no sink", vertex.name));
  }
}

}  // namespace

std::vector<std::string> problems(const JobGraph& graph) {
  std::vector<std::string> found;
  if (graph.name.empty()) found.emplace_back("the job has no name");
  if (graph.vertices.empty()) found.emplace_back("the pipeline is empty: it has no source");
  check_names(graph, found);
  check_edges(graph, found);
  return found;
}

std::string fingerprint(const JobGraph& graph) {
  std::set<std::string> states;
  for (const Vertex& vertex : graph.vertices)
    if (const auto* op = std::get_if<OperatorVertex>(&vertex.what))
      for (const StateDescription& state : op->states)
        states.insert(
            fmt::format("{}/{}:{}->{}\n", vertex.name, state.name, state.key_type, state.value_type));
  std::string text = graph.name + "\n";
  for (const std::string& state : states) text += state;
  return fmt::format("{:016x}", hash_bytes(text));
}

}  // namespace weir
