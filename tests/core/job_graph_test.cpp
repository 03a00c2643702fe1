#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include <weir/core/job_graph.hpp>

namespace weir {

namespace {

/// readings → window → sink
JobGraph example() {
  JobGraph graph;
  graph.name = "example";
  graph.vertices.push_back({0, "readings", "source", SourceVertex{}});
  graph.vertices.push_back(
      {1, "window", "tumbling window of 1 h", OperatorVertex{{}, {{"panes", "text", "int64"}}}});
  graph.vertices.push_back({2, "results", "sink", SinkVertex{}});
  for (VertexId from : {0u, 1u}) {
    Edge edge;
    edge.from = from;
    edge.to = from + 1;
    graph.edges.push_back(edge);
  }
  return graph;
}

std::vector<StateDescription>& states(JobGraph& graph) {
  return std::get<OperatorVertex>(graph.vertices[1].what).states;
}

bool mentions(const std::vector<std::string>& found, const std::string& what) {
  return std::any_of(found.begin(), found.end(),
                     [&](const std::string& text) { return text.find(what) != std::string::npos; });
}

}  // namespace

TEST_CASE("A graph that is fit has no problems") { CHECK(problems(example()).empty()); }

TEST_CASE("Everything that makes a graph unfit is named at once") {
  JobGraph graph = example();
  graph.name = "";
  graph.vertices[1].name = "";
  graph.vertices[2].name = "readings";
  const auto found = problems(graph);
  CHECK(found.size() == 3);
  CHECK(mentions(found, "the job has no name"));
  CHECK(mentions(found, "vertex 1 (tumbling window of 1 h) has no name"));
  CHECK(mentions(found, "'readings' is used twice"));
}

TEST_CASE("Rows that reach no sink, and operators without input, are problems") {
  JobGraph graph = example();
  graph.edges.pop_back();
  CHECK(mentions(problems(graph), "the rows of 'window' reach no sink"));
  CHECK(mentions(problems(graph), "'results' has no input"));
  CHECK(mentions(problems(JobGraph{"empty", {}, {}}), "it has no source"));
}

TEST_CASE("Edges that lead nowhere or backwards are problems") {
  JobGraph graph = example();
  graph.edges[0].to = 9;
  CHECK(mentions(problems(graph), "an edge leads from vertex 0 to 9"));
  graph = example();
  std::swap(graph.edges[1].from, graph.edges[1].to);
  CHECK(mentions(problems(graph), "an edge leads from vertex 2 to 1"));
}

TEST_CASE("A fingerprint changes with the job and its states and with nothing else") {
  const std::string original = fingerprint(example());
  CHECK(original.size() == 16);
  JobGraph graph = example();
  graph.vertices[1].description = "something else";
  graph.vertices.push_back({3, "stateless", "", OperatorVertex{}});
  CHECK(fingerprint(graph) == original);
  graph = example();
  graph.name = "other";
  CHECK(fingerprint(graph) != original);
  graph = example();
  graph.vertices[1].name = "renamed";
  CHECK(fingerprint(graph) != original);
  graph = example();
  states(graph)[0].value_type = "double";
  CHECK(fingerprint(graph) != original);
  graph = example();
  states(graph).push_back({"more", "text", "int64"});
  const std::string two = fingerprint(graph);
  CHECK(two != original);
  std::swap(states(graph)[0], states(graph)[1]);
  CHECK(fingerprint(graph) == two);
}

}  // namespace weir
