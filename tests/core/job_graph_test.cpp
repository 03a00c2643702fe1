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
  CHECK(mentions(found, "the operator (tumbling window of 1 h), vertex 1, has no name"));
  CHECK(mentions(found, "the sink 'readings' has the name of the source 'readings'"));
}

TEST_CASE("A name that two have is said with both who have it") {
  JobGraph graph = example();
  graph.vertices[2].name = "window";
  REQUIRE(problems(graph).size() == 1);
  CHECK(mentions(problems(graph),
                 "the sink 'window' has the name of the operator 'window' (tumbling window of 1 h)"));
  graph.vertices[2].name = "results";
  graph.vertices[1].name = "readings";
  CHECK(mentions(problems(graph),
                 "the operator 'readings' (tumbling window of 1 h) has the name of the source 'readings'"));
}

TEST_CASE("An operator that goes by event time behind a source without it is worth a warning") {
  JobGraph graph = example();
  CHECK(warnings(graph).empty());
  std::get<OperatorVertex>(graph.vertices[1].what).by_event_time = true;
  REQUIRE(warnings(graph).size() == 1);
  CHECK(mentions(warnings(graph),
                 "the operator 'window' (tumbling window of 1 h) goes by event time, and the "
                 "source 'readings' has none"));
  std::get<SourceVertex>(graph.vertices[0].what).has_event_time = true;
  CHECK(warnings(graph).empty());
}

TEST_CASE("Every source without event time that reaches an operator is named, by whatever way") {
  JobGraph graph;
  graph.name = "joined";
  SourceVertex timed;
  timed.has_event_time = true;
  OperatorVertex join;
  join.by_event_time = true;
  graph.vertices = {{0, "orders", "source", SourceVertex{}}, {1, "rates", "source", timed},
                    {2, "shops", "source", SourceVertex{}},  {3, "elsewhere", "source", SourceVertex{}},
                    {4, "union", "union", OperatorVertex{}}, {5, "join", "join", join},
                    {6, "results", "sink", SinkVertex{}},    {7, "plain", "sink", SinkVertex{}}};
  const auto edge = [&](VertexId from, VertexId to) {
    Edge added;
    added.from = from;
    added.to = to;
    graph.edges.push_back(added);
  };
  edge(0, 4), edge(2, 4), edge(4, 5), edge(1, 5), edge(5, 6), edge(3, 7);
  REQUIRE(warnings(graph).size() == 1);
  CHECK(mentions(warnings(graph), "the sources 'orders', 'shops' have none"));
  CHECK_FALSE(mentions(warnings(graph), "'rates'"));
  CHECK_FALSE(mentions(warnings(graph), "'elsewhere'"));
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
