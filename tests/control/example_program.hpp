#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <weir/control/command_line.hpp>

#include "temp_place.hpp"

namespace weir {

struct Flight {
  std::int32_t delay = 0;
};
BOOST_DESCRIBE_STRUCT(Flight, (), (delay))

/// Source "flights" (a program's own address) → operator "hourly" with a state → sinks "delays" (own address) and "late-flights"
/// (own address).
inline JobGraph example_graph() {
  JobGraph graph;
  graph.name = "flight-delays";
  SourceVertex source;
  source.schema = &row_schema<Flight>();
  source.default_uri = "memory:flights";
  OperatorVertex hourly;
  hourly.states = {{"sums", "text", "int64"}, {"panes", "text", "int64"}};
  SinkVertex delays{&row_schema<Flight>(), "memory:delays"};
  SinkVertex late{&row_schema<Flight>(), "memory:late"};
  graph.vertices = {{0, "flights", "flights by time", source},
                    {1, "hourly", "tumbling window of 1 h", hourly},
                    {2, "delays", "", delays},
                    {3, "late-flights", "", late}};
  graph.edges = {{0, 0, 1, 0, Partitioning::kKeyed, "filter → map", nullptr, nullptr, nullptr},
                 {1, 0, 2, 0, Partitioning::kForward, "", nullptr, nullptr, nullptr},
                 {1, 1, 3, 0, Partitioning::kRebalance, "", nullptr, nullptr, nullptr}};
  return graph;
}

/// A clock that stands still unless it is moved.
class StillEnvironment : public Environment {
 public:
  Instant now() override { return Instant(now_.load()); }
  EventTime wall_clock() override { return {1'767'225'600'000}; }
  std::uint64_t random() override { return 4; }
  void run_blocking(std::string_view, std::function<void()> job) override { job(); }
  void await_blocking() override {}

 private:
  std::atomic<std::int64_t> now_{0};
};

/// What a run was given, and what it is to do.
struct JobScript {
  JobOptions options;
  std::string graph_name;
  int runs = 0;
  std::function<ExitCode(JobWorld&)> body = [](JobWorld&) { return ExitCode::kDone; };
  std::function<void()> on_stop = [] {};
  std::function<JobStatus()> status = [] { return JobStatus{}; };
};

class ScriptedJob : public RunningJob {
 public:
  ScriptedJob(JobScript& script, JobWorld world) : script_(script), world_(std::move(world)) {}
  ExitCode run() override {
    ++script_.runs;
    return script_.body(world_);
  }
  void stop() override { script_.on_stop(); }
  JobStatus status() const override { return script_.status(); }

 private:
  JobScript& script_;
  JobWorld world_;
};

/// Connectors that open anything whose scheme is "memory"; "down" cannot be reached, others do not exist.
class PickyConnectors : public Connectors {
 public:
  struct FourPartitions : Source {
    std::vector<std::string> partitions() override { return {"0", "1", "2", "3"}; }
    std::unique_ptr<PartitionReader> open(const std::string&, const std::optional<Position>&,
                                          std::function<void()>) override {
      return nullptr;
    }
  };
  struct Nowhere : Sink {
    void recover(Epoch, const std::vector<SinkPart>&) override {}
    void commit(Epoch, const std::vector<SinkPart>&) override {}
    std::unique_ptr<SinkWriter> open_writer(std::uint32_t) override { return nullptr; }
  };
  std::unique_ptr<Source> source(const ConnectorUri& uri, const ConnectorContext&,
                                 const SourceOptions&) override {
    refuse(uri);
    return std::make_unique<FourPartitions>();
  }
  std::unique_ptr<Sink> sink(const ConnectorUri& uri, const ConnectorContext&) override {
    refuse(uri);
    return std::make_unique<Nowhere>();
  }

 private:
  static void refuse(const ConnectorUri& uri) {
    if (uri.scheme == "down")
      throw FailJob("no broker answers at " + uri.redacted(), ExitCode::kCannotConnect);
    if (uri.scheme != "memory") throw FailJob("unknown scheme '" + uri.scheme + "'", ExitCode::kUsage);
    if (!uri.parameters.empty()) throw FailJob("unknown parameter in " + uri.text, ExitCode::kUsage);
  }
};

inline Program example_program(JobScript& script) {
  Program program;
  program.name = "flight-delays";
  program.description = "mean delay by hour";
  program.parameters = {{"out-of-orderness", ParameterKind::kDuration, "15min", "How late flights may come."},
                        {"top", ParameterKind::kInteger, "10", "How many airports."},
                        {"greeting", ParameterKind::kText, "hello", "What is said."},
                        {"late-output", ParameterKind::kFlag, "false", "Whether late flights are kept."},
                        {"buffer", ParameterKind::kSize, "64MiB", "Room for flights."},
                        {"api-token", ParameterKind::kText, "", "What the airport asks for."}};
  program.build = [](const Settings&) { return example_graph(); };
  program.connectors = [] { return std::make_unique<PickyConnectors>(); };
  program.environment = [] { return std::make_unique<StillEnvironment>(); };
  program.make_job = [&script](JobGraph graph, JobOptions options, JobWorld world) {
    script.options = std::move(options);
    script.graph_name = graph.name;
    return std::make_unique<ScriptedJob>(script, std::move(world));
  };
  return program;
}

/// Runs a command line in a directory of its own, and keeps what it printed.
class Shell {
 public:
  int run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    Terminal terminal{out_, err_, variables, err_is_terminal, 80, place.path()};
    return run_command_line(arguments, terminal, program);
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  TempPlace place;
  JobScript script;
  Program program = example_program(script);
  std::map<std::string, std::string> variables = {{"WEIR_HTTP", "off"}, {"HOME", "/nowhere"}};
  bool err_is_terminal = false;

 private:
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace weir
