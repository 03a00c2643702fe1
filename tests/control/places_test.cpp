#include <filesystem>

#include <catch2/catch.hpp>

#include "example_program.hpp"

namespace weir {

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The complaint about these bindings; empty: there is none.
std::string complaint(Shell& shell, std::vector<std::string> arguments, int code = 2) {
  arguments.insert(arguments.begin(), "config");
  const int ended = shell.run(arguments);
  if (shell.err().empty()) return "";
  CHECK(ended == code);
  return shell.err();
}

}  // namespace

TEST_CASE("two sinks do not share a directory, however it is spelled") {
  Shell shell;
  const std::string out = shell.place.path("out");
  std::filesystem::create_directories(out);
  std::filesystem::create_directory_symlink(out, shell.place.path("link"));
  for (const std::string& other :
       {"file:" + out, "file:" + out + "/", "file:" + out + "/?format=csv",
        "file:" + shell.place.path("./out/."), "file:" + shell.place.path("x/../out"),
        "file:" + shell.place.path("link"), "file://" + out}) {
    INFO(other);
    const std::string said = complaint(
        shell, {"--sink", "delays=file:" + out + "?format=jsonl", "--sink", "late-flights=" + other});
    CHECK(contains(said, "the sink 'delays' and the sink 'late-flights' write to one directory, " + out));
  }
  CHECK(contains(complaint(shell, {"--on-error", "flights=dead_letter", "--sink", "delays=file:" + out,
                                   "--sink", "flights.dead_letter=file:" + out + "/"}),
                 "the sink 'flights.dead_letter'"));
  CHECK(complaint(shell, {"--sink", "delays=file:" + out, "--sink", "late-flights=file:" + out + "/late"}) ==
        "");
}

TEST_CASE("a sink does not write what the source reads") {
  Shell shell;
  const std::string data = shell.place.path("data");
  const std::string sink = "delays=file:" + data;
  for (const std::string& source : {data, data + "/", data + "/*.jsonl", data + "/part-*", data + "/*"}) {
    INFO(source);
    CHECK(contains(complaint(shell, {"--source", "flights=file:" + source, "--sink", sink}),
                   "the source 'flights' reads what the sink 'delays' writes to " + data));
  }
  for (const std::string& source :
       {data + "/in.jsonl", data + "/in-*.jsonl", data + "/in/", data + "/in/*"}) {
    INFO(source);
    CHECK(complaint(shell, {"--source", "flights=file:" + source, "--sink", sink}) == "");
  }
}

TEST_CASE("rows, checkpoints and scratch space keep out of each other's directories") {
  Shell shell;
  const std::string at = shell.place.path("at");
  const auto dirs = [&](const std::string& state, const std::string& checkpoints, const std::string& sink) {
    return complaint(shell, {"--state-dir", at + state, "--checkpoint-dir", at + checkpoints, "--sink",
                             "delays=file:" + at + sink});
  };
  CHECK(dirs("/s", "/c", "/out") == "");
  CHECK(dirs("/s", "/c", "") == "");
  CHECK(contains(dirs("/s", "/s", "/out"), "lie in one another"));
  CHECK(contains(dirs("/s", "/s/c", "/out"), "lie in one another"));
  CHECK(contains(dirs("/c/s", "/c", "/out"), "lie in one another"));
  CHECK(contains(dirs("/s", "/c", "/c"), "the sink 'delays' writes into --checkpoint-dir"));
  CHECK(contains(dirs("/s", "/c", "/c/out"), "the sink 'delays' writes into --checkpoint-dir"));
  CHECK(contains(dirs("/s", "/c", "/s/../s/out/"), "the sink 'delays' writes into --state-dir"));
}

TEST_CASE("a topic that is read and written is worth a warning") {
  Shell shell;
  CHECK(shell.run({"run", "--source", "flights=kafka://h:9092/t", "--sink",
                   "delays=kafka://h:9092/t?key=delay"}) == 0);
  CHECK(contains(shell.err(),
                 "warn  the source 'flights' reads the topic that the sink 'delays' writes to, t"));
  CHECK(shell.run({"run", "--source", "flights=kafka://h:9092/t", "--sink", "delays=kafka://h:9092/u"}) == 0);
  CHECK_FALSE(contains(shell.err(), "warn"));
}

TEST_CASE("a window without event time is warned of by check and at the start") {
  Shell shell;
  const auto build = shell.program.build;
  shell.program.build = [&](const Settings& settings) {
    JobGraph graph = build(settings);
    std::get<OperatorVertex>(graph.vertices[1].what).by_event_time = true;
    return graph;
  };
  const std::string warning =
      "the operator 'hourly' (tumbling window of 1 h) goes by event time, and the source 'flights' has none";
  CHECK(shell.run({"run"}) == 0);
  CHECK(contains(shell.err(), "warn  " + warning));
  CHECK(shell.run(
            {"check", "--state-dir", shell.place.path("s"), "--checkpoint-dir", shell.place.path("c")}) == 0);
  CHECK(contains(shell.out(), "!!  " + warning));
}

}  // namespace weir
