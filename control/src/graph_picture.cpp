#include <weir/control/graph_picture.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weir {

namespace {

enum class Kind { kSource, kOperator, kSink };

Kind kind_of(const Vertex& vertex) {
  if (std::holds_alternative<SourceVertex>(vertex.what)) return Kind::kSource;
  return std::holds_alternative<SinkVertex>(vertex.what) ? Kind::kSink : Kind::kOperator;
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kSource:
      return "source";
    case Kind::kOperator:
      return "operator";
    case Kind::kSink:
      return "sink";
  }
  return "";
}

const char* name_of(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward:
      return "forward";
    case Partitioning::kKeyed:
      return "by key";
    case Partitioning::kRebalance:
      return "rebalance";
    case Partitioning::kBroadcast:
      return "broadcast";
    case Partitioning::kCustom:
      return "custom";
  }
  return "";
}

std::vector<std::string> state_names(const Vertex& vertex) {
  std::vector<std::string> names;
  if (const auto* op = std::get_if<OperatorVertex>(&vertex.what))
    for (const StateDescription& state : op->states) names.push_back(state.name);
  return names;
}

const std::string& target_name(const JobGraph& graph, const Edge& edge) {
  static const std::string kNobody = "?";
  return edge.to < graph.vertices.size() ? graph.vertices[edge.to].name : kNobody;
}

/// Pictures are looked at when a graph is wrong, too: an edge into nowhere is left out instead of followed.
bool is_drawable(const JobGraph& graph, const Edge& edge) {
  return edge.from < graph.vertices.size() && edge.to < graph.vertices.size();
}

std::string edge_label(const Edge& edge, std::string_view line_break) {
  std::string label = edge.chain.empty() ? "" : edge.chain + std::string(line_break);
  return label + name_of(edge.partitioning);
}

std::string dot_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  return quoted + "\"";
}

/// Inside quotes Mermaid knows HTML's entities, and nothing else.
std::string mermaid_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '"':
        escaped += "#quot;";
        break;
      case '#':
        escaped += "#35;";
        break;
      case '<':
        escaped += "#lt;";
        break;
      case '>':
        escaped += "#gt;";
        break;
      case '\n':
        escaped += ' ';
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string graph_text(const JobGraph& graph) {
  std::string out = fmt::format("job {}\n", graph.name);
  for (const Vertex& vertex : graph.vertices) {
    out += fmt::format("\n{} {}", name_of(kind_of(vertex)), vertex.name);
    if (!vertex.description.empty()) out += fmt::format(": {}", vertex.description);
    out += '\n';
    if (const auto states = state_names(vertex); !states.empty())
      out += fmt::format("  state {}\n", fmt::join(states, ", "));
    for (const Edge& edge : graph.edges) {
      if (edge.from != vertex.id) continue;
      out += edge.port == 0 ? "  → " : fmt::format("  port {} → ", edge.port);
      if (!edge.chain.empty()) out += edge.chain + " → ";
      out += target_name(graph, edge);
      if (edge.input != 0) out += fmt::format(" (input {})", edge.input);
      out += fmt::format(" [{}]\n", name_of(edge.partitioning));
    }
  }
  return out;
}

std::string graph_dot(const JobGraph& graph) {
  std::string out = fmt::format(
      "digraph {} {{\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n", dot_text(graph.name));
  for (const Vertex& vertex : graph.vertices) {
    std::string label = dot_text(vertex.name);
    label.pop_back();
    for (const std::string& line :
         {vertex.description, fmt::format("{}", fmt::join(state_names(vertex), ", "))})
      if (!line.empty()) {
        const std::string quoted = dot_text(line);
        label += "\\n" + quoted.substr(1, quoted.size() - 2);
      }
    const char* shape = kind_of(vertex) == Kind::kSource ? ", shape=cds"
                        : kind_of(vertex) == Kind::kSink ? ", shape=folder"
                                                         : "";
    out += fmt::format("  v{} [label={}\"{}];\n", vertex.id, label, shape);
  }
  for (const Edge& edge : graph.edges) {
    if (!is_drawable(graph, edge)) continue;
    out += fmt::format("  v{} -> v{} [label={}{}];\n", edge.from, edge.to, dot_text(edge_label(edge, ", ")),
                       edge.partitioning == Partitioning::kForward ? "" : ", style=bold");
  }
  return out + "}\n";
}

std::string graph_mermaid(const JobGraph& graph) {
  std::string out = "flowchart LR\n";
  for (const Vertex& vertex : graph.vertices) {
    std::string label = mermaid_text(vertex.name);
    if (!vertex.description.empty()) label += "<br/>" + mermaid_text(vertex.description);
    if (const auto states = state_names(vertex); !states.empty())
      label += "<br/>state " + mermaid_text(fmt::format("{}", fmt::join(states, ", ")));
    switch (kind_of(vertex)) {
      case Kind::kSource:
        out += fmt::format("  v{}([\"{}\"])\n", vertex.id, label);
        break;
      case Kind::kOperator:
        out += fmt::format("  v{}[\"{}\"]\n", vertex.id, label);
        break;
      case Kind::kSink:
        out += fmt::format("  v{}[(\"{}\")]\n", vertex.id, label);
        break;
    }
  }
  for (const Edge& edge : graph.edges)
    if (is_drawable(graph, edge))
      out += fmt::format("  v{} {}|\"{}\"| v{}\n", edge.from,
                         edge.partitioning == Partitioning::kForward ? "-->" : "==>",
                         mermaid_text(edge_label(edge, ", ")), edge.to);
  return out;
}

}  // namespace weir
