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

TEST_CASE("scrubbing finds secrets in other forms") {
  Secrets secrets;
  secrets.add("Tr0ub4dor&3");
  for (const char* form : {"tr0ub4dor&3", "TR0UB4DOR&3", "Tr0ub4dor%263", "tr0ub4dor%263"}) {
    INFO(form);
    CHECK(secrets.scrub(std::string("x:") + form + "@host") == "x:***@host");
  }
  // base64 of "ann:…", "bob2:…" and "\0ann\0…": whatever stands before the secret.
  for (const char* form : {"YW5uOlRyMHViNGRvciYz", "Ym9iMjpUcjB1YjRkb3ImMw==", "AGFubgBUcjB1YjRkb3ImMw=="}) {
    INFO(form);
    CHECK(secrets.scrub(std::string("Authorization: Basic ") + form).find("***") != std::string::npos);
    CHECK(secrets.scrub(form).size() <= 14);
  }
  CHECK(secrets.scrub("Troubador & 3") == "Troubador & 3");
}

TEST_CASE("short secrets are found where secrets stand, and nowhere else") {
  Secrets secrets;
  secrets.add_all({"abc", "x"});
  CHECK(secrets.scrub("kafka://ann:abc@h?password=abc&p=x abcd=1 :abcd abc x box=xy") ==
        "kafka://ann:***@h?password=***&p=*** abcd=1 :abcd abc x box=xy");
}

TEST_CASE("of a secret of several lines each is one") {
  Secrets secrets;
  secrets.add("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\r\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----");
  CHECK(secrets.scrub("cannot parse kqhkiG9w0BAQEF behind MIIEvQIBADANBg") == "cannot parse *** behind ***");
  CHECK(secrets.scrub("expected -----BEGIN PRIVATE KEY-----") == "expected -----BEGIN PRIVATE KEY-----");
}

TEST_CASE("places of checkpoints are addresses, and hide what addresses hide") {
  const std::string address = "s3://AKIA:CANARY-1/x@bucket/p?region=eu&secret_access_key=CANARY-2";
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"config", "--checkpoint-dir", address},
                                             {"config", "--json", "--checkpoint-dir", address},
                                             {"config", "--from", "savepoint:" + address},
                                             {"config", "--from", "savepoints:" + address},
                                             {"config", "--state-dir", address},
                                             {"run", "--checkpoint-dir", address},
                                             {"check", "--checkpoint-dir", address},
                                             {"state", "ls", "--at", address},
                                             {"savepoint", "inspect", address},
                                             {"savepoint", "create", "/nowhere", "--at", address},
                                             {"savepoint", "diff", address, address}}) {
    Shell shell;
    shell.program.store = [](const JobOptions& job) -> std::unique_ptr<CheckpointStore> {
      throw FailJob("no store at " + job.checkpoint_dir, ExitCode::kCannotConnect);
    };
    shell.script.body = [&](JobWorld& world) -> ExitCode {
      world.log("storing to " + shell.script.options.checkpoint_dir);
      throw FailJob("no store at " + shell.script.options.checkpoint_dir, ExitCode::kCannotConnect);
    };
    shell.run(arguments);
    INFO(arguments[0] << ' ' << arguments[1] << '\n' << shell.out() << shell.err());
    CHECK((shell.out() + shell.err()).find("CANARY") == std::string::npos);
    shell.variables["WEIR_CHECKPOINT_DIR"] = address;
    shell.run({arguments[0], arguments[1]});
    CHECK((shell.out() + shell.err()).find("CANARY") == std::string::npos);
  }
}

TEST_CASE("a program's own secret defaults, and those of the environment's store, are hidden") {
  Shell shell;
  shell.program.parameters.push_back(
      {"airport-password", ParameterKind::kText, "CANARY-3", "What opens it."});
  shell.variables["AWS_SECRET_ACCESS_KEY"] = "CANARY-4";
  shell.script.body = [&](JobWorld& world) -> ExitCode {
    world.log("CANARY-3 and CANARY-4");
    return ExitCode::kDone;
  };
  for (const char* command : {"config", "run", "--help"}) {
    shell.run({command});
    INFO(command << shell.out() << shell.err());
    CHECK((shell.out() + shell.err()).find("CANARY") == std::string::npos);
  }
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
