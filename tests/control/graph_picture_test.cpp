#include <weir/control/graph_picture.hpp>

#include <catch2/catch.hpp>

#include "example_program.hpp"

namespace weir {

TEST_CASE("a graph as text shows each vertex, its states, and where its rows go") {
  CHECK(graph_text(example_graph()) ==
        "job flight-delays\n"
        "\n"
        "source flights: flights by time\n"
        "  → filter → map → hourly [by key]\n"
        "\n"
        "operator hourly: tumbling window of 1 h\n"
        "  state sums, panes\n"
        "  → delays [forward]\n"
        "  port 1 → late-flights [rebalance]\n"
        "\n"
        "sink delays\n"
        "\n"
        "sink late-flights\n");
}

TEST_CASE("a graph for Graphviz") {
  CHECK(graph_dot(example_graph()) ==
        "digraph \"flight-delays\" {\n"
        "  rankdir=LR;\n"
        "  node [shape=box, fontname=\"sans-serif\"];\n"
        "  v0 [label=\"flights\\nflights by time\", shape=cds];\n"
        "  v1 [label=\"hourly\\ntumbling window of 1 h\\nsums, panes\"];\n"
        "  v2 [label=\"delays\", shape=folder];\n"
        "  v3 [label=\"late-flights\", shape=folder];\n"
        "  v0 -> v1 [label=\"filter → map, by key\", style=bold];\n"
        "  v1 -> v2 [label=\"forward\"];\n"
        "  v1 -> v3 [label=\"rebalance\", style=bold];\n"
        "}\n");
}

TEST_CASE("a graph for Mermaid") {
  CHECK(graph_mermaid(example_graph()) ==
        "flowchart LR\n"
        "  v0([\"flights<br/>flights by time\"])\n"
        "  v1[\"hourly<br/>tumbling window of 1 h<br/>state sums, panes\"]\n"
        "  v2[(\"delays\")]\n"
        "  v3[(\"late-flights\")]\n"
        "  v0 ==>|\"filter → map, by key\"| v1\n"
        "  v1 -->|\"forward\"| v2\n"
        "  v1 ==>|\"rebalance\"| v3\n");
}

TEST_CASE("names that mean something to the picture's language are escaped") {
  JobGraph graph;
  graph.name = "a\"b\\c";
  graph.vertices = {{0, "x\"y", "1 < 2 # 3\n4", SourceVertex{}}, {1, "z", "", SinkVertex{}}};
  graph.edges = {{0, 0, 1, 0, Partitioning::kBroadcast, "a\"b", nullptr, nullptr, nullptr}};
  const std::string dot = graph_dot(graph);
  CHECK(dot.find("digraph \"a\\\"b\\\\c\"") == 0);
  CHECK(dot.find("label=\"x\\\"y\\n1 < 2 # 3 4\"") != std::string::npos);
  const std::string mermaid = graph_mermaid(graph);
  CHECK(mermaid.find("x#quot;y<br/>1 #lt; 2 #35; 3 4") != std::string::npos);
  CHECK(mermaid.find("|\"a#quot;b, broadcast\"|") != std::string::npos);
}

TEST_CASE("a broken graph is drawn as far as it goes") {
  JobGraph graph = example_graph();
  graph.edges[1].to = 77;
  CHECK(graph_text(graph).find("→ ? [forward]") != std::string::npos);
  CHECK(graph_dot(graph).find("v77") == std::string::npos);
  CHECK(graph_mermaid(graph).find("v77") == std::string::npos);
}

}  // namespace weir
