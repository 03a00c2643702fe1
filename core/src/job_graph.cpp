#include <weir/core/job_graph.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/core/hash.hpp>

namespace weir {

namespace {

const char* kind_of(const Vertex& vertex) {
  if (std::holds_alternative<SourceVertex>(vertex.what)) return "source";
  return std::holds_alternative<SinkVertex>(vertex.what) ? "sink" : "operator";
}

/// "the operator 'hourly' (tumbling window of 1 h)"
std::string described(const Vertex& vertex) {
  const std::string kind = kind_of(vertex);
  const std::string name = vertex.name.empty() ? "" : fmt::format(" '{}'", vertex.name);
  const bool says_more = !vertex.description.empty() && vertex.description != kind;
  return fmt::format("the {}{}{}", kind, name, says_more ? fmt::format(" ({})", vertex.description) : "");
}

void check_names(const JobGraph& graph, std::vector<std::string>& found) {
  std::map<std::string, const Vertex*> holders;
  for (const Vertex& vertex : graph.vertices) {
    if (vertex.name.empty()) {
      found.push_back(fmt::format("{}, vertex {}, has no name; names bind state and connectors",
                                  described(vertex), vertex.id));
      continue;
    }
    const auto [holder, first] = holders.emplace(vertex.name, &vertex);
    if (!first)
      found.push_back(fmt::format(
          "{} has the name of {}; sources, operators and sinks share their names, which bind state "
          "and connectors: rename one, the one without state where there is a checkpoint",
          described(vertex), described(*holder->second)));
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

/// The sources whose rows reach a vertex, by way of any others, and that have no event time.
std::vector<std::string> timeless_sources(const JobGraph& graph, VertexId vertex) {
  std::vector<bool> upstream(graph.vertices.size());
  upstream[vertex] = true;
  // Edges lead from smaller ids to larger ones.
  std::vector<std::string> found;
  for (VertexId id = vertex + 1; id-- > 0;) {
    if (!upstream[id]) continue;
    for (const Edge& edge : graph.edges)
      if (edge.to == id && edge.from < id) upstream[edge.from] = true;
    const auto* source = std::get_if<SourceVertex>(&graph.vertices[id].what);
    if (source && !source->has_event_time) found.push_back(fmt::format("'{}'", graph.vertices[id].name));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

std::vector<std::string> warnings(const JobGraph& graph) {
  std::vector<std::string> found;
  for (const Vertex& vertex : graph.vertices) {
    const auto* op = std::get_if<OperatorVertex>(&vertex.what);
    if (!op || !op->by_event_time) continue;
    const std::vector<std::string> sources = timeless_sources(graph, vertex.id);
    if (sources.empty()) continue;
    found.push_back(fmt::format(
        "{} goes by event time, and the source{} {} {} none: what waits for time is not emitted, and not "
        "forgotten, before the input ends; say .event_time(…) or .ingestion_time() behind the source",
        described(vertex), sources.size() == 1 ? "" : "s", fmt::join(sources, ", "),
        sources.size() == 1 ? "has" : "have"));
  }
  return found;
}

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
