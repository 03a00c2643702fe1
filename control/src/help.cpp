#include <fmt/format.h>

#include <weir/core/connector.hpp>

#include "commands.hpp"
#include "keys.hpp"

namespace weir {

namespace {

constexpr std::size_t kColumns = 96;
constexpr std::size_t kIndent = 30;

/// `left` in its column, `text` wrapped beside it.
std::string entry(const std::string& left, std::string_view text) {
  std::string out = "  " + left;
  std::size_t column = out.size();
  if (column + 2 > kIndent) {
    out += '\n';
    column = 0;
  }
  out.append(kIndent - column, ' ');
  column = kIndent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > kIndent && column + 1 + end > kColumns) {
      out += '\n' + std::string(kIndent, ' ');
      column = kIndent;
    }
    if (column > kIndent) out += ' ', ++column;
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + '\n';
}

std::string with_default(std::string_view help, std::string_view default_text, bool is_switch) {
  if (default_text.empty() || is_switch) return std::string(help);
  return fmt::format("{} [{}]", help, default_text);
}

std::string flag(std::string_view name, std::string_view placeholder) {
  return placeholder.empty() ? fmt::format("--{}", name) : fmt::format("--{} {}", name, placeholder);
}

std::string commands_text() {
  return "Commands\n" +
         entry("run",
               "Run the job to the end of its input, or until it is stopped. This is what happens without a "
               "command.") +
         entry("check",
               "Check the configuration, connect to everything, and say what a restore would do to every "
               "state, "
               "without changing anything.") +
         entry("graph", "Print the pipeline; --format text, dot or mermaid.") +
         entry("state",
               "Look into the last commit's state, or another's by --at: ls, count, dump, get --key, top; "
               "--of, "
               "--prefix, --limit.") +
         entry("savepoint",
               "create, write --rows, list, verify, inspect, diff or delete savepoints; docs/state.md.") +
         entry("config", "Print every value and where it comes from; --json.") +
         entry("version", "Print what this is; --json.") + '\n';
}

std::string keys_text(const Program& program) {
  std::string out;
  std::string_view group;
  for (const ConfigKey& key : keys()) {
    if (key.group != group) {
      if (!group.empty()) out += '\n';
      if (group == "Running") {
        out += "Input and output\n";
        for (const NamedKey& named : named_keys())
          out += entry(flag(named.flag, named.placeholder), named.help);
        out += '\n';
      }
      group = key.group;
      out += fmt::format("{}\n", group);
    }
    const bool words = key.allowed.find(" or ") != std::string_view::npos && key.allowed.rfind("a", 0) != 0 &&
                       !key.placeholder.empty();
    out += entry(
        flag(key.name, key.placeholder),
        with_default(words ? fmt::format("{} One of: {}.", key.help, key.allowed) : std::string(key.help),
                     key.default_text, key.placeholder.empty()));
  }
  if (!program.parameters.empty()) out += fmt::format("\nOf {}\n", program.name);
  for (const Parameter& p : program.parameters)
    out +=
        entry(flag(p.name, to_string(p.kind)),
              with_default(p.help, is_secret(p.name) ? "" : p.default_text, p.kind == ParameterKind::kFlag));
  return out;
}

}  // namespace

std::string help_text(const Program& program) {
  const std::string& name = program.name;
  std::string out = program.description.empty() ? "" : fmt::format("{}: {}\n\n", name, program.description);
  out += fmt::format("Usage: {} [command] [flags]\n\n", name);
  out += commands_text();
  out += keys_text(program);
  out += fmt::format(
      "\nEvery flag is also a variable (WEIR_CHECKPOINT_INTERVAL, WEIR_SOURCE_<NAME>) and a key of the file\n"
      "(checkpoint-interval: 1s, sources: {{name: URI}}). A flag beats a variable, a variable the file.\n"
      "\nExamples\n"
      "  {0} check\n"
      "  {0} --until latest --state heap\n"
      "  {0} --parallelism 4 --checkpoint-interval 5s --memory 4GiB\n"
      "  {0} --source NAME=kafka://localhost:9092/topic --sink NAME=file:out.csv --from earliest\n"
      "  WEIR_CONFIG=production.yaml {0} config\n"
      "  {0} graph --format mermaid\n"
      "\nExit codes: 0 done, 1 the job failed, 2 wrong use or configuration, 3 cannot connect, 4 another\n"
      "instance has taken over, 5 state or checkpoint unusable, 6 the answer could not be written whole.\n",
      name);
  return out;
}

}  // namespace weir
