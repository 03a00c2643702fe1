#pragma once

#include <string>

#include <weir/core/job_graph.hpp>

namespace weir {

/// A pipeline for people: each vertex with its description and the names of its states, and under it where its rows go.
std::string graph_text(const JobGraph& graph);
/// For Graphviz: `dot -Tsvg`.
std::string graph_dot(const JobGraph& graph);
/// For Markdown: a Mermaid flowchart.
std::string graph_mermaid(const JobGraph& graph);

}  // namespace weir
