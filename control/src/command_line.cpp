#include <weir/control/command_line.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <iostream>

#include <fmt/format.h>

#include <weir/control/graph_picture.hpp>

#include "commands.hpp"
#include "keys.hpp"
#include "standard_output.hpp"
#include "version.hpp"

extern char** environ;

namespace weir {

namespace {

int print_version(bool json, const Terminal& terminal, const Program& program) {
  terminal.out << (json ? version_json(program.name) : version_text(program.name)) << '\n';
  return static_cast<int>(ExitCode::kDone);
}

void finish(std::ostream& out) {
  out.flush();
  if (!out) throw FailJob("the answer is cut off: standard output cannot be written", kAnswerCut);
}

/// Places of checkpoints and savepoints may be addresses.
void remember_secrets(const StateQuestion& question, Secrets& secrets) {
  std::vector<std::string> hidden;
  for (const std::string& word : question.words) redacted_address(word, &hidden);
  for (const std::string* place : {&question.at, &question.base}) redacted_address(*place, &hidden);
  secrets.add_all(hidden);
}

/// `secrets` are those that are known by the time at which something is thrown.
int dispatch(const std::vector<std::string>& arguments, const Terminal& terminal, const Program& program,
             Secrets& secrets) {
  // Everything else reads by these names, so they come first.
  if (const Problems wrong = problems(program.parameters); !wrong.empty()) {
    print_problems(program.name, wrong, terminal.err);
    return static_cast<int>(ExitCode::kUsage);
  }
  const Flags flags = read_flags(arguments, program);
  if (flags.command == Command::kHelp) {
    terminal.out << help_text(program);
    return static_cast<int>(ExitCode::kDone);
  }
  if (flags.command == Command::kVersion && flags.problems.empty())
    return print_version(flags.json, terminal, program);
  const Configuration configuration = configure(flags, terminal, program);
  secrets = configuration.secrets;
  remember_secrets(flags.state, secrets);
  switch (flags.command) {
    case Command::kCheck:
      return command_check(configuration, terminal, program);
    case Command::kConfig:
      return command_config(configuration, flags.json, terminal);
    default:
      break;
  }
  if (!configuration.problems.empty()) {
    print_problems(program.name, configuration.problems, terminal.err);
    return static_cast<int>(ExitCode::kUsage);
  }
  if (flags.command == Command::kState) return command_state(flags.state, configuration, terminal, program);
  if (flags.command == Command::kSavepoint)
    return command_savepoint(flags.state, configuration, terminal, program);
  if (flags.command == Command::kGraph) return command_graph(configuration, flags.format, terminal);
  return command_run(configuration, terminal, program);
}

}  // namespace

Terminal Terminal::of_process(std::ostream& out) {
  Terminal terminal{out, std::cerr, {}, isatty(STDERR_FILENO) == 1};
  for (char** entry = environ; entry && *entry; ++entry)
    if (const char* equals = std::strchr(*entry, '='))
      terminal.variables.emplace(std::string(*entry, static_cast<std::size_t>(equals - *entry)), equals + 1);
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  return terminal;
}

int run_command_line(int argc, char** argv, const Program& program) {
  occupy_standard_descriptors();
  const PipeSignal pipes;
  StandardOutput out(STDOUT_FILENO, pipes.was_deadly());
  try {
    return run_command_line(std::vector<std::string>(argv + std::min(argc, 1), argv + argc),
                            Terminal::of_process(out.stream()), program);
  } catch (const ReaderLeft&) {
    PipeSignal::die();
  }
}

int run_command_line(const std::vector<std::string>& arguments, const Terminal& terminal,
                     const Program& program) {
  int code = static_cast<int>(ExitCode::kDone);
  Secrets secrets;
  const auto guarded = [&](auto action) {
    try {
      action();
    } catch (const std::exception& e) {
      const auto* failure = dynamic_cast<const FailJob*>(&e);
      terminal.err << program.name << ": " << secrets.scrub(e.what()) << '\n';
      // What went wrong before matters more than that the answer is cut.
      if (code == static_cast<int>(ExitCode::kDone))
        code = static_cast<int>(failure ? failure->code() : ExitCode::kJobFailed);
    }
  };
  guarded([&] { code = dispatch(arguments, terminal, program, secrets); });
  if (code != static_cast<int>(kAnswerCut)) guarded([&] { finish(terminal.out); });
  return code;
}

void print_problems(const std::string& program, const Problems& problems, std::ostream& err) {
  err << fmt::format(
      "{}: {}, nothing was started\n", program,
      problems.size() == 1 ? "there is a problem" : fmt::format("there are {} problems", problems.size()));
  for (const std::string& problem : problems) err << "  " << problem << '\n';
}

int command_graph(const Configuration& configuration, const std::string& format, const Terminal& terminal) {
  JobGraph graph = configuration.graph;
  for (Vertex& vertex : graph.vertices) vertex.description = configuration.secrets.scrub(vertex.description);
  if (format == "text") terminal.out << graph_text(graph);
  else if (format == "dot") terminal.out << graph_dot(graph);
  else if (format == "mermaid") terminal.out << graph_mermaid(graph);
  else {
    print_problems(configuration.graph.name,
                   {fmt::format("--format: '{}' is not text, dot or mermaid", format)}, terminal.err);
    return static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace weir
