#include "yaml_file.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "substitution.hpp"
#include "temp_place.hpp"

namespace weir {

namespace {

std::string only_problem(const std::string& yaml) {
  const YamlFile file = parse_yaml(yaml, "weir.yaml");
  REQUIRE(file.problems.size() == 1);
  return file.problems[0];
}

}  // namespace

TEST_CASE("a configuration file becomes scalars with paths and places") {
  const YamlFile file =
      parse_yaml("parallelism: 4\n# a comment\nsources:\n  flights: {uri: 'kafka:flights', on_error: skip}\n",
                 "weir.yaml");
  REQUIRE(file.problems.empty());
  REQUIRE(file.entries.size() == 3);
  CHECK(file.entries[0].path == std::vector<std::string>{"parallelism"});
  CHECK(file.entries[0].text == "4");
  CHECK(file.entries[0].line == 1);
  CHECK(file.entries[1].path == std::vector<std::string>{"sources", "flights", "uri"});
  CHECK(file.entries[1].text == "kafka:flights");
  CHECK(file.entries[1].line == 4);
  CHECK(file.entries[2].path == std::vector<std::string>{"sources", "flights", "on_error"});
}

TEST_CASE("an empty configuration file says nothing") {
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "{}"}) {
    INFO(text);
    const YamlFile file = parse_yaml(text, "weir.yaml");
    CHECK(file.entries.empty());
    CHECK(file.problems.empty());
  }
}

TEST_CASE("what a configuration file may not hold is named with its place") {
  CHECK(only_problem("a: 1\na: 2\n") == "weir.yaml:2:1: 'a' is given twice");
  CHECK(only_problem("a:\n  b: 1\n  b: 2\n") == "weir.yaml:3:3: 'a.b' is given twice");
  CHECK(only_problem("a: [1, 2]\n") == "weir.yaml:1:4: 'a' is a list; one value is expected");
  CHECK(only_problem("- a\n") == "weir.yaml:1:1: a list where keys with values are expected");
  CHECK(only_problem("hello\n") ==
        "weir.yaml:1:1: text where keys with values are expected, as in 'parallelism: 4'");
  CHECK(only_problem("a:\nb: 1\n").find("'a' has no value") != std::string::npos);
  CHECK(only_problem("a: &x 1\nb: *x\n") == "weir.yaml:2:4: an alias (*name); write the value out");
  CHECK(only_problem("a: 1\n---\nb: 2\n").find("a second document begins") != std::string::npos);
  CHECK(only_problem("a: 'open\n").find("weir.yaml:") == 0);
  CHECK(only_problem("a: b: c\n").find("weir.yaml:1:") == 0);
  CHECK(only_problem("? [a]\n: 1\n").find("weir.yaml:1:") == 0);
}

TEST_CASE("depth and size of a configuration file are bounded") {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "k:\n";
  CHECK(only_problem(deep + std::string(20, ' ') + "k: 1\n").find("nested deeper than 8") !=
        std::string::npos);
  CHECK(only_problem("a: " + std::string(100'000, '[')).find("is a list") != std::string::npos);
  CHECK(only_problem("a: " + std::string(100'000, '{')).find("a map where a key is expected") !=
        std::string::npos);

  TempPlace place;
  const std::string large = place.write("large.yaml", std::string(kYamlBytesMax + 1, '#'));
  CHECK(read_yaml(large, "large.yaml").problems ==
        Problems{"large.yaml: the configuration file is larger than 1024 KiB"});
  const std::string fits = place.write("fits.yaml", std::string(kYamlBytesMax, '#'));
  CHECK(read_yaml(fits, "fits.yaml").problems.empty());
  CHECK(read_yaml(place.path("none.yaml"), "none.yaml").problems ==
        Problems{"none.yaml: the configuration file cannot be read: No such file or directory"});
  CHECK(read_yaml(place.path(), "dir").problems ==
        Problems{"dir: the configuration file cannot be read: Is a directory"});
}

TEST_CASE("no text makes the reader of configuration files fail otherwise than by a problem") {
  std::mt19937 random(11);
  const std::string alphabet = "ab:{}[],&*!|>'\"%@`#-? \n\t\\.$0\x80\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    const YamlFile file = parse_yaml(text, "f");
    for (const YamlEntry& entry : file.entries) CHECK(!entry.path.empty());
    for (const std::string& problem : file.problems) CHECK(problem.rfind("f:", 0) == 0);
  }
}

TEST_CASE("references to variables and files are filled in") {
  TempPlace place;
  const std::string secret = place.write("secret", "hunter2\n");
  const std::map<std::string, std::string> variables = {{"USER_NAME", "ann"}, {"EMPTY", ""}};
  CHECK(substitute("plain", variables).text == "plain");
  CHECK_FALSE(substitute("plain $5", variables).had_reference);
  CHECK(substitute("plain $5", variables).text == "plain $5");
  CHECK(substitute("<${env:USER_NAME}>${env:EMPTY}", variables).text == "<ann>");
  CHECK(substitute("${file:" + secret + "}", variables).text == "hunter2");
  CHECK(substitute("$${env:X} costs $$5", variables).text == "${env:X} costs $5");
  CHECK(substitute("${env:USER_NAME}", {{"USER_NAME", "${env:OTHER}"}}).text == "${env:OTHER}");
}

TEST_CASE("references that lead nowhere are problems") {
  TempPlace place;
  const auto problem = [](const std::string& text) {
    const Substituted result = substitute(text, {});
    REQUIRE(result.problems.size() == 1);
    return result.problems[0];
  };
  CHECK(problem("${env:NONE}") == "the environment variable of ${env:NONE} is not set");
  CHECK(problem("${file:/nonexistent/x}") ==
        "the file of ${file:/nonexistent/x} cannot be read: No such file or directory");
  CHECK(problem("${NONE}") == "a reference is neither ${env:NAME} nor ${file:/path}; write $$ for a plain $");
  CHECK(problem("${env:NONE") == "a reference ${… has no closing brace; write $$ for a plain $");
  const std::string large = place.write("large", std::string(70'000, 'x'));
  CHECK(problem("${file:" + large + "}") == "the file of ${file:" + large + "} is larger than 64 KiB");
}

}  // namespace weir
