#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "example_program.hpp"
#include "redaction.hpp"

namespace weir {

TEST_CASE("secrets in an address are hidden, the rest stays") {
  CHECK(redacted_address("kafka://h:9092/t?sasl.username=ann&sasl.password=pw1&x=1") ==
        "kafka://h:9092/t?sasl.username=ann&sasl.password=***&x=1");
  CHECK(redacted_address("kafka://ann:pw2@h/t") == "kafka://ann:***@h/t");
  CHECK(redacted_address("kafka:t?api%5Ftoken=pw3") == "kafka:t?api%5Ftoken=***");
  CHECK(redacted_address("not an address at all?password") == "not an address at all?password");
  CHECK(redacted_address("") == "");
  std::vector<std::string> hidden;
  redacted_address("x://u:a%40b@h?token=c%2Bd", &hidden);
  CHECK(hidden == std::vector<std::string>{"a%40b", "a@b", "c%2Bd", "c+d"});
}

TEST_CASE("scrubbing takes out every occurrence, the longest first") {
  Secrets secrets;
  secrets.add_all({"hunter2", "hunter2-long", "abc"});
  CHECK(secrets.scrub("a hunter2-long b hunter2 c hunter2hunter2 abc") == "a *** b *** c ****** abc");
  secrets.add("****");
  CHECK(secrets.scrub("hunter2") == "***");
}

TEST_CASE("no output holds a secret, whatever goes wrong") {
  int next = 0;
  std::vector<std::string> canaries;
  const auto canary = [&] {
    canaries.push_back(fmt::format("CANARY-{:02}-q7x", ++next));
    return canaries.back();
  };
  Shell shell;
  const std::string file_secret = shell.place.write("secret", canary() + "\n");
  const std::string token = shell.place.write("token", canary() + "-0123456789abcdef");
  shell.variables.insert({{"KAFKA_PASSWORD", canary()},
                          {"WEIR_API_TOKEN", canary()},
                          {"WEIR_SINK_DELAYS", "memory:d?sasl.password=" + canary()},
                          {"WEIR_SINK_NOWHERE", "memory:d?password=" + canary()},
                          {"WEIR_UNKNOWN_THING", canary()},
                          {"WEIR_SOURCE_NOBODY", "x://ann:" + canary() + "@host"}});
  const std::string yaml = fmt::format(
      "connectors:\n"
      "  kafka:\n"
      "    sasl.password: {}\n"
      "    sasl.jaas.config: ${{env:KAFKA_PASSWORD}}\n"
      "    ssl.key.password: ${{file:{}}}\n"
      "    some.dsn: \"db://u:{}@h?secret={}\"\n"
      "unknown_password: {}\n"
      "sinks:\n"
      "  late-flights: down:late?sasl.password={}\n"
      "  another: memory:x?token={}\n"
      "http-token-file: {}\n",
      canary(), file_secret, canary(), canary(), canary(), canary(), canary(), token);
  shell.place.write("weir.yaml", yaml);
  const std::string source = fmt::format("flights=down://ann:{}@host/x?client_secret={}", canary(), canary());
  const std::vector<std::string> bad_flags = {"--sasl-password",
                                              canary(),
                                              "--secret=" + canary(),
                                              "--sink",
                                              "kafka:t?password=" + canary(),
                                              "--on-error",
                                              "x?token=" + canary(),
                                              "--api-tokenn=" + canary()};
  REQUIRE(canaries.size() >= 20);

  shell.script.body = [&](JobWorld& world) -> ExitCode {
    for (const std::string& secret : canaries) world.log("the broker says: wrong password " + secret);
    throw FailJob("cannot authenticate with " + canaries[0] + canaries[2], ExitCode::kCannotConnect);
  };
  std::string everything;
  int runs = 0;
  const auto run = [&](std::vector<std::string> arguments, bool bad) {
    arguments.insert(arguments.end(), {"--source", source});
    if (bad) arguments.insert(arguments.end(), bad_flags.begin(), bad_flags.end());
    shell.run(arguments);
    everything += shell.out() + shell.err();
    ++runs;
  };
  for (const bool bad : {false, true}) {
    for (const char* command : {"run", "check", "config", "graph", "version", "help"})
      run({command, "--log-level", "trace"}, bad);
    run({"config", "--json"}, bad);
    run({"version", "--json"}, bad);
  }
  CHECK(runs == 16);
  CHECK(everything.find("***") != std::string::npos);
  CHECK(everything.find("${file:") != std::string::npos);
  for (const std::string& secret : canaries) {
    INFO(secret);
    const std::size_t at = everything.find(secret);
    CHECK(at == std::string::npos);
    if (at != std::string::npos) WARN(everything.substr(at > 200 ? at - 200 : 0, 300));
  }
}

TEST_CASE("a running job's log lines and failure are free of secrets") {
  Shell shell;
  shell.place.write(
      "weir.yaml", "connectors: {kafka: {sasl.password: CANARY-A-1}}\nparameters: {api-token: CANARY-B-2}\n");
  shell.script.body = [&](JobWorld& world) -> ExitCode {
    world.log("logging in with CANARY-A-1 and CANARY-B-2 and CANARY-C%2D3 and CANARY-C-3");
    throw FailJob("cannot log in with CANARY-A-1", ExitCode::kCannotConnect);
  };
  CHECK(shell.run({"--source", "flights=memory:x?password=CANARY-C%2D3"}) == 3);
  CHECK(shell.script.options.connectors.at("kafka").at("sasl.password") == "CANARY-A-1");
  CHECK(shell.err().find("CANARY") == std::string::npos);
  CHECK(shell.err().find("logging in with *** and *** and *** and ***") != std::string::npos);
  CHECK(shell.err().find("cannot log in with ***") != std::string::npos);
}

}  // namespace weir
