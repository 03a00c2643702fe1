#include <catch2/catch.hpp>

#include "example_program.hpp"

namespace weir {

namespace {

/// The number of lines of a command's complaint that are problems.
std::size_t problem_count(const std::string& err) {
  std::size_t count = 0;
  for (std::size_t at = err.find("\n  "); at != std::string::npos; at = err.find("\n  ", at + 1)) ++count;
  return count;
}

/// Requires that a command line fails with exactly one problem, which is `expected`.
void check_only_problem(Shell& shell, const std::vector<std::string>& arguments,
                        const std::string& expected) {
  INFO(expected);
  const int code = shell.run(arguments);
  INFO(shell.err());
  CHECK(code == 2);
  CHECK(shell.script.runs == 0);
  CHECK(problem_count(shell.err()) == 1);
  CHECK(shell.err() == "flight-delays: there is a problem, nothing was started\n  " + expected + "\n");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("flag beats variable beats file beats default, for every subset of the layers") {
  for (int layers = 0; layers < 8; ++layers) {
    const bool file = layers & 1, variable = layers & 2, flag = layers & 4;
    Shell shell;
    std::vector<std::string> arguments;
    if (file)
      shell.place.write("weir.yaml",
                        "parallelism: 3\ncheckpoint-interval: 3s\nstate: rocksdb\nparameters: {top: 3}\n"
                        "sources: {flights: 'memory:file'}\nsinks: {late-flights: 'memory:file'}\non-error: "
                        "{flights: skip}\n");
    if (variable)
      shell.variables.insert({{"WEIR_PARALLELISM", "5"},
                              {"WEIR_CHECKPOINT_INTERVAL", "5s"},
                              {"WEIR_STATE", "heap"},
                              {"WEIR_TOP", "5"},
                              {"WEIR_SOURCE_FLIGHTS", "memory:variable"},
                              {"WEIR_SINK_LATE_FLIGHTS", "memory:variable"},
                              {"WEIR_ON_ERROR_FLIGHTS", "fail"}});
    if (flag)
      arguments = {"--parallelism",
                   "7",
                   "--checkpoint-interval=7s",
                   "--state",
                   "rocksdb",
                   "--top",
                   "7",
                   "--source",
                   "flights=memory:flag",
                   "--sink",
                   "late-flights=memory:flag",
                   "--on-error",
                   "flights=skip"};
    std::int64_t top = 0;
    shell.program.build = [&](const Settings& settings) {
      top = settings.integer("top");
      return example_graph();
    };
    INFO("file " << file << " variable " << variable << " flag " << flag);
    REQUIRE(shell.run(arguments) == 0);
    const JobOptions& options = shell.script.options;
    const std::uint32_t expected = flag ? 7 : variable ? 5 : file ? 3 : 0;
    const std::string place = flag ? "memory:flag" : variable ? "memory:variable" : "memory:file";
    if (expected != 0) {
      CHECK(options.parallelism == expected);
      CHECK(options.checkpoint_interval == Duration{expected * 1'000});
      CHECK(top == expected);
      CHECK(options.sources.at("flights") == place);
      CHECK(options.sinks.at("late-flights") == place);
      CHECK(options.on_reject.at("flights") == (expected == 5 ? RejectPolicy::kFail : RejectPolicy::kSkip));
    } else {
      CHECK(options.parallelism >= 1);
      CHECK(options.checkpoint_interval == Duration{1'000});
      CHECK(top == 10);
      CHECK(options.sources.empty());
      CHECK(options.sinks.empty());
      CHECK(options.on_reject.empty());
    }
    CHECK(options.state == (expected == 5 ? StateMode::kHeap : StateMode::kRocksDb));
  }
}

TEST_CASE("every key reaches the job's options") {
  Shell shell;
  REQUIRE(shell.run({"--parallelism",
                     "4",
                     "--max-parallelism",
                     "64",
                     "--memory",
                     "512MB",
                     "--from",
                     "earliest",
                     "--until",
                     "latest",
                     "--linger",
                     "5ms",
                     "--instance",
                     "b-2",
                     "--allow-duplicates",
                     "--state",
                     "heap",
                     "--state-dir",
                     "s",
                     "--checkpoint-dir",
                     "c",
                     "--checkpoint-interval",
                     "off"}) == 0);
  const JobOptions& options = shell.script.options;
  CHECK(options.parallelism == 4);
  CHECK(options.max_parallelism == 64);
  CHECK(options.memory_bytes == 512'000'000);
  CHECK(options.from == StartFrom::kEarliest);
  CHECK(options.until_latest);
  CHECK(options.linger == Duration{5});
  CHECK(options.instance == "b-2");
  CHECK(options.allow_duplicates);
  CHECK(options.state == StateMode::kHeap);
  CHECK(options.state_dir == "s");
  CHECK(options.checkpoint_dir == "c");
  CHECK_FALSE(options.checkpoint_interval);
}

TEST_CASE("defaults are what the reference says") {
  Shell shell;
  REQUIRE(shell.run({}) == 0);
  const JobOptions& options = shell.script.options;
  CHECK(options.max_parallelism == 128);
  CHECK(options.memory_bytes == std::size_t{1} << 30);
  CHECK(options.from == StartFrom::kResume);
  CHECK_FALSE(options.until_latest);
  CHECK(options.linger == Duration{0});
  CHECK(options.instance == "0");
  CHECK_FALSE(options.allow_duplicates);
  CHECK(options.state == StateMode::kRocksDb);
  CHECK(options.state_dir == "weir-data/flight-delays/state");
  CHECK(options.checkpoint_dir == "weir-data/flight-delays/checkpoints");
}

TEST_CASE("a pipeline's own parameters arrive typed") {
  Shell shell;
  shell.place.write("weir.yaml", "parameters:\n  out_of_orderness: 23h\n  greeting: good morning\n");
  shell.variables["WEIR_BUFFER"] = "1MiB";
  bool built = false;
  bool late_output = true;
  shell.program.build = [&](const Settings& settings) {
    built = true;
    CHECK(settings.duration("out-of-orderness") == Duration{23 * 3'600'000});
    CHECK(settings.integer("top") == 10);
    CHECK(settings.text("greeting") == "good morning");
    CHECK(settings.flag("late-output") == late_output);
    CHECK(settings.size("buffer") == std::size_t{1} << 20);
    CHECK_THROWS_AS(settings.duration("top"), std::logic_error);
    CHECK_THROWS_AS(settings.text("nothing"), std::logic_error);
    return example_graph();
  };
  REQUIRE(shell.run({"--late-output"}) == 0);
  CHECK(built);
  late_output = false;
  CHECK(shell.run({"--late-output=false"}) == 0);
}

TEST_CASE("settings of connectors come from the file, nested or dotted") {
  Shell shell;
  shell.place.write("weir.yaml",
                    "connectors:\n  kafka:\n    sasl:\n      username: ann\n    security.protocol: "
                    "SASL_SSL\n  file: {sync: 'no'}\n");
  REQUIRE(shell.run({}) == 0);
  CHECK(shell.script.options.connectors.at("kafka") ==
        std::map<std::string, std::string>{{"sasl.username", "ann"}, {"security.protocol", "SASL_SSL"}});
  CHECK(shell.script.options.connectors.at("file").at("sync") == "no");
}

TEST_CASE("on_error in an address becomes a policy and leaves the address") {
  Shell shell;
  shell.place.write("weir.yaml", "sources: {flights: {uri: 'memory:x?on_error=skip&a=1', on_error: fail}}\n");
  REQUIRE(shell.run({}) == 0);
  CHECK(shell.script.options.sources.at("flights") == "memory:x?a=1");
  CHECK(shell.script.options.on_reject.at("flights") ==
        RejectPolicy::kFail);  // said explicitly, in the same layer

  REQUIRE(shell.run({"--source", "flights=memory:y?on_error=skip"}) == 0);
  CHECK(shell.script.options.sources.at("flights") == "memory:y");
  CHECK(shell.script.options.on_reject.at("flights") == RejectPolicy::kSkip);  // a stronger layer

  REQUIRE(shell.run({"--source", "flights=memory:y?b=2&on_error=fail", "--on-error", "flights=dead-letter",
                     "--sink", "flights.dead_letter=memory:dead"}) == 0);
  CHECK(shell.script.options.sources.at("flights") == "memory:y?b=2");
  CHECK(shell.script.options.on_reject.at("flights") == RejectPolicy::kDeadLetter);
  CHECK(shell.script.options.sinks.at("flights.dead_letter") == "memory:dead");
}

TEST_CASE("a program's own address may say on_error, too") {
  Shell shell;
  shell.program.build = [](const Settings&) {
    JobGraph graph = example_graph();
    std::get<SourceVertex>(graph.vertices[0].what).default_uri = "memory:own?on_error=skip";
    return graph;
  };
  REQUIRE(shell.run({}) == 0);
  CHECK(shell.script.options.sources.at("flights") == "memory:own");
  CHECK(shell.script.options.on_reject.at("flights") == RejectPolicy::kSkip);
}

TEST_CASE("wrong values of flags say what is allowed") {
  Shell shell;
  check_only_problem(shell, {"--parallelism", "many"},
                     "--parallelism: 'many' is not a whole number, 1 to max-parallelism");
  check_only_problem(shell, {"--parallelism", "0"},
                     "--parallelism: '0' is not a whole number, 1 to max-parallelism");
  check_only_problem(shell, {"--max-parallelism", "40000", "--parallelism", "1"},
                     "--max-parallelism: '40000' is not a whole number, 1 to 32768");
  check_only_problem(shell, {"--memory", "2G"}, "--memory: '2G' is not a size like 512MB, 64MiB or 2GiB");
  check_only_problem(
      shell, {"--from", "start"},
      "--from: 'start' is not resume, fresh, earliest, latest, or savepoint: and where a savepoint is");
  check_only_problem(shell, {"--until", "tomorrow"}, "--until: 'tomorrow' is not latest or forever");
  check_only_problem(shell, {"--linger", "1"},
                     "--linger: '1' is not a duration like 100ms, 1s, 5min, 2h, 1d or 1h30min");
  check_only_problem(shell, {"--instance", "a/b"},
                     "--instance: 'a/b' is not up to 64 letters, digits, '.', '_' and '-'");
  check_only_problem(shell, {"--allow-duplicates=perhaps"},
                     "--allow-duplicates: 'perhaps' is not true or false");
  check_only_problem(shell, {"--state", "disk"}, "--state: 'disk' is not heap or rocksdb");
  check_only_problem(shell, {"--state-dir", ""}, "--state-dir: '' is not a directory");
  check_only_problem(shell, {"--checkpoint-interval", "0"},
                     "--checkpoint-interval: '0' is not a duration like 100ms, 1s, 5min, or off");
  check_only_problem(shell, {"--log-level", "loud"},
                     "--log-level: 'loud' is not trace, debug, info, warn, error or off");
  check_only_problem(
      shell, {"--http", "8480"},
      "--http: '8480' is not an IP address and a port like 127.0.0.1:8480 or [::1]:8480, or off");
  check_only_problem(shell, {"--top", "ten"}, "--top: 'ten' is not a whole number");
  check_only_problem(shell, {"--out-of-orderness", "23"},
                     "--out-of-orderness: '23' is not a duration like 100ms, 1s, 5min, 2h, 1d or 1h30min");
  check_only_problem(shell, {"--buffer", "x"}, "--buffer: 'x' is not a size like 512MB, 64MiB or 2GiB");
  check_only_problem(shell, {"--on-error", "flights=ignore"},
                     "--on-error flights: 'ignore' is no way to treat errors of 'flights'; allowed are fail, "
                     "skip and dead_letter");
  check_only_problem(shell, {"--state"}, "--state: a value is missing; see --help for what is allowed");
  check_only_problem(shell, {"--state", "heap", "--state", "rocksdb"},
                     "--state is given 2 times; once is enough");
  check_only_problem(shell, {"--source", "flights"}, "--source: 'flights' is not of the form NAME=URI");
  check_only_problem(shell, {"--source", "kafka:x?a=b"},
                     "--source: 'kafka:x?a=b' is not of the form NAME=URI");
  check_only_problem(shell, {"--source", "flights=memory:a", "--source", "flights=memory:b"},
                     "--source flights=… is given several times; once is enough");
}

TEST_CASE("what is unknown is named with its place and the nearest that is known") {
  Shell shell;
  check_only_problem(shell, {"--paralellism", "4"},
                     "unknown flag --paralellism; did you mean --parallelism?");
  check_only_problem(shell, {"--nonsense=7"}, "unknown flag --nonsense; see --help");
  check_only_problem(shell, {"--json"}, "unknown flag --json for this command");
  check_only_problem(shell, {"chekc"}, "unknown command 'chekc'; did you mean 'check'?");
  check_only_problem(shell, {"--source", "fligths=memory:x"},
                     "--source fligths: the pipeline has no source 'fligths'; did you mean 'flights'?");
  check_only_problem(shell, {"--sink", "nowhere=memory:x"},
                     "--sink nowhere: the pipeline has no sink 'nowhere'; known are flights.dead_letter, "
                     "delays, late-flights");
  check_only_problem(shell, {"--on-error", "delay=skip"},
                     "--on-error delay: the pipeline has no source 'delay'; known are flights");

  shell.variables["WEIR_PARALELLISM"] = "4";
  check_only_problem(shell, {},
                     "unknown environment variable WEIR_PARALELLISM; did you mean 'WEIR_PARALLELISM'?");
  shell.variables.erase("WEIR_PARALELLISM");
  shell.variables["WEIR_SINK_LATE_FLIGHT"] = "memory:x";
  check_only_problem(
      shell, {},
      "WEIR_SINK_LATE_FLIGHT: the pipeline has no such sink; did you mean 'WEIR_SINK_LATE_FLIGHTS'?");
  shell.variables.erase("WEIR_SINK_LATE_FLIGHT");

  shell.place.write("weir.yaml", "\nparalelism: 4\n");
  check_only_problem(shell, {}, "weir.yaml:2:13: unknown key 'paralelism'; did you mean 'parallelism'?");
  shell.place.write("weir.yaml", "sources:\n  fligths: memory:x\n");
  check_only_problem(shell, {}, "weir.yaml:2: the pipeline has no source 'fligths'; did you mean 'flights'?");
  shell.place.write("weir.yaml", "sources:\n  flights:\n    url: memory:x\n");
  check_only_problem(shell, {}, "weir.yaml:3:10: unknown key 'sources.flights.url'; did you mean 'uri'?");
  shell.place.write("weir.yaml", "parameters: {tpo: 3}\n");
  check_only_problem(shell, {}, "weir.yaml:1:19: unknown key 'parameters.tpo'; did you mean 'top'?");
}

TEST_CASE("wrong files say where they are wrong") {
  Shell shell;
  shell.place.write("weir.yaml", "parallelism: many\n");
  check_only_problem(shell, {}, "weir.yaml:1: 'many' is not a whole number, 1 to max-parallelism");
  shell.place.write("weir.yaml", "parallelism: {a: 1}\n");
  check_only_problem(shell, {}, "weir.yaml:1:18: 'parallelism' holds keys; one value is expected");
  shell.place.write("weir.yaml", "connectors: {kafka: x}\n");
  check_only_problem(
      shell, {},
      "weir.yaml:1:21: 'connectors.kafka': settings are written connectors: {kafka: {client.id: …}}");
  shell.place.write("weir.yaml", "state: ${env:NONE}\n");
  check_only_problem(shell, {}, "weir.yaml:1:8: 'state': the environment variable of ${env:NONE} is not set");
  shell.place.write("weir.yaml", "config: other.yaml\n");
  CHECK(shell.run({}) == 2);
  CHECK(contains(shell.err(), "weir.yaml:1:9: unknown key 'config'"));
  check_only_problem(shell, {"--config", "/nonexistent.yaml"},
                     "/nonexistent.yaml: the configuration file cannot be read: No such file or directory");
}

TEST_CASE("the file is the one that --config names, else WEIR_CONFIG, else weir.yaml") {
  Shell shell;
  shell.place.write("weir.yaml", "parallelism: 2\n");
  const std::string variable = shell.place.write("variable.yaml", "parallelism: 3\n");
  const std::string flag = shell.place.write("flag.yaml", "parallelism: 4\n");
  REQUIRE(shell.run({}) == 0);
  CHECK(shell.script.options.parallelism == 2);
  shell.variables["WEIR_CONFIG"] = variable;
  REQUIRE(shell.run({}) == 0);
  CHECK(shell.script.options.parallelism == 3);
  REQUIRE(shell.run({"--config", flag}) == 0);
  CHECK(shell.script.options.parallelism == 4);
}

TEST_CASE("everything that is wrong is said at once") {
  Shell shell;
  shell.place.write("weir.yaml", "stat: heap\nmemory: much\nsources: {fligths: 'memory:x'}\n");
  shell.variables["WEIR_FORM"] = "earliest";
  shell.variables["WEIR_UNTIL"] = "never";
  CHECK(shell.run(
            {"--paralellism", "4", "--top", "x", "--log-level", "loud", "--source", "flights=nothing"}) == 2);
  CHECK(contains(shell.err(), "there are 9 problems"));
  CHECK(problem_count(shell.err()) == 9);
  for (const char* part :
       {"unknown flag --paralellism", "WEIR_FORM; did you mean 'WEIR_FROM'?",
        "weir.yaml:1:7: unknown key 'stat'", "weir.yaml:2: 'much'", "WEIR_UNTIL: 'never'", "--top: 'x'",
        "--log-level: 'loud'", "no source 'fligths'", "source 'flights': address `nothing`"}) {
    INFO(part);
    CHECK(contains(shell.err(), part));
  }
  CHECK(shell.script.runs == 0);
}

TEST_CASE("variables that Kubernetes sets for a service called weir are no mistakes") {
  Shell shell;
  shell.variables.insert({{"WEIR_SERVICE_HOST", "10.0.0.1"},
                          {"WEIR_SERVICE_PORT", "8480"},
                          {"WEIR_SERVICE_PORT_HTTP", "8480"},
                          {"WEIR_PORT", "tcp://10.0.0.1:8480"},
                          {"WEIR_PORT_8480_TCP", "tcp://10.0.0.1:8480"},
                          {"WEIR_PORT_8480_TCP_ADDR", "10.0.0.1"},
                          {"WEIR_KILLPOINT", "x"}});
  shell.program.foreign_variables = {"WEIR_KILLPOINT"};
  CHECK(shell.run({}) == 0);
  shell.program.foreign_variables.clear();
  CHECK(shell.run({}) == 2);
  CHECK(contains(shell.err(), "WEIR_KILLPOINT"));
}

TEST_CASE("a program with impossible parameters is told so") {
  Shell shell;
  shell.program.parameters = {
      {"state", ParameterKind::kText, "", ""}, {"source-x", ParameterKind::kText, "", ""},
      {"Upper", ParameterKind::kText, "", ""}, {"twice", ParameterKind::kText, "", ""},
      {"twice", ParameterKind::kText, "", ""}, {"late", ParameterKind::kDuration, "soon", ""}};
  CHECK(shell.run({}) == 2);
  CHECK(contains(shell.err(), "'state' has a name that weir uses itself"));
  CHECK(contains(shell.err(), "'source-x' has a name that weir uses itself"));
  CHECK(contains(shell.err(), "'Upper' needs a name of lower-case letters"));
  CHECK(contains(shell.err(), "declares the parameter 'twice' twice"));
  CHECK(contains(shell.err(), "'late' has the default 'soon'"));
}

TEST_CASE("a pipeline that cannot be built is a problem among the others") {
  Shell shell;
  shell.program.build = [](const Settings&) -> JobGraph { throw std::runtime_error("a window of 0 ms"); };
  CHECK(shell.run({"--state", "disk"}) == 2);
  CHECK(contains(shell.err(), "the pipeline cannot be built: a window of 0 ms"));
  CHECK(contains(shell.err(), "--state: 'disk'"));
}

TEST_CASE("an address off the loopback interface needs a token") {
  Shell shell;
  shell.variables.erase("WEIR_HTTP");
  check_only_problem(shell, {"--http", "0.0.0.0:0"},
                     "--http: 0.0.0.0:0 can be reached from other machines, so --http-token-file is "
                     "required: a file with 16 bytes or "
                     "more that clients send as 'Authorization: Bearer …'; or stay on 127.0.0.1");
  const std::string weak = shell.place.write("weak", "short\n");
  check_only_problem(shell, {"--http", "0.0.0.0:0", "--http-token-file", weak},
                     "--http-token-file: the token in '" + weak +
                         "' has 5 bytes, at least 16 are required; `openssl rand -hex 16` makes one");
  const std::string odd = shell.place.write("odd", "0123456789 abcdef\n");
  check_only_problem(shell, {"--http", "127.0.0.1:0", "--http-token-file", odd},
                     "--http-token-file: the token in '" + odd +
                         "' must be one line of printable characters without spaces");
  check_only_problem(
      shell, {"--http-token-file", "/nonexistent/token"},
      "--http-token-file: the token file '/nonexistent/token' cannot be read: No such file or directory");
  const std::string good = shell.place.write("good", "0123456789abcdef\n");
  CHECK(shell.run({"--http", "0.0.0.0:0", "--http-token-file", good}) == 0);
}

}  // namespace weir
