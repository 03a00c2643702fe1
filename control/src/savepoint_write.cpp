#include "savepoint_write.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <weir/checkpoint/location.hpp>
#include <weir/checkpoint/saved_state_writer.hpp>
#include <weir/core/error.hpp>

#include "quantity.hpp"
#include "saved_place.hpp"
#include "scratch_directory.hpp"

namespace weir {

namespace {

using StateName = SavedStateWriter::StateName;

std::optional<StateName> parse_name(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) return std::nullopt;
  return StateName(text.substr(0, slash), text.substr(slash + 1));
}

bool is_state(const JobGraph& graph, const StateName& name) {
  const Vertex* vertex = graph.find(name.first);
  const auto* op = vertex ? std::get_if<OperatorVertex>(&vertex->what) : nullptr;
  if (!op) return false;
  for (const StateDescription& state : op->states)
    if (state.name == name.second) return true;
  return false;
}

/// A file of lines, and what they are for where they do not say so themselves.
struct Rows {
  std::string file;
  std::optional<StateName> state;
};

/// `FILE`, or `OPERATOR/STATE=FILE` of a state that the program has.
Rows parse_rows(const std::string& text, const std::string& of, const JobGraph& graph) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos)
    if (const auto name = parse_name(text.substr(0, equals)); name && is_state(graph, *name))
      return {text.substr(equals + 1), name};
  if (of.empty()) return {text, std::nullopt};
  const auto name = parse_name(of);
  if (!name) throw FailJob(fmt::format("--of: '{}' is not OPERATOR/STATE", of), ExitCode::kUsage);
  return {text, name};
}

void read_lines(const Rows& rows, SavedStateWriter& writer) {
  std::ifstream file(rows.file, std::ios::binary);
  if (!file)
    throw FailJob(fmt::format("--rows: {} cannot be read: {}", rows.file, std::strerror(errno)),
                  ExitCode::kUsage);
  if (rows.state) writer.replace(*rows.state);  // also where the file has no lines
  LineOf at{rows.file, 0};
  for (std::string line; std::getline(file, line);) {
    ++at.number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) writer.add(line, at, rows.state);
  }
  if (file.bad())
    throw FailJob(fmt::format("--rows: {} cannot be read to its end", rows.file), ExitCode::kUsage);
}

void refuse_problems(SavedStateWriter& writer) {
  const std::vector<std::string>& problems = writer.problems();
  if (problems.empty()) return;
  throw FailJob(fmt::format("{} line{} cannot be taken, nothing was written:\n  {}{}", writer.problem_count(),
                            writer.problem_count() == 1 ? "" : "s", fmt::join(problems, "\n  "),
                            writer.problem_count() > problems.size() ? "\n  …" : ""),
                ExitCode::kUsage);
}

Manifest fresh_manifest(const Configuration& configuration, const Program& program) {
  Manifest manifest;
  manifest.job = configuration.graph.name;
  manifest.instance = configuration.job.instance;
  manifest.epoch = 1;
  manifest.max_parallelism = configuration.job.max_parallelism;
  manifest.created_millis = program.environment()->wall_clock().millis;
  return manifest;
}

}  // namespace

int write_savepoint(const std::string& directory, const StateQuestion& question,
                    const Configuration& configuration, std::ostream& out, const Program& program) {
  if (question.rows.empty())
    throw FailJob("savepoint write: from what? give it with --rows FILE, or --rows OPERATOR/STATE=FILE",
                  ExitCode::kUsage);
  if (is_taken(directory))
    throw FailJob(directory + " is there already; name another directory", ExitCode::kUsage);
  std::vector<Rows> all;
  for (const std::string& text : question.rows)
    all.push_back(parse_rows(text, question.of, configuration.graph));

  const ScratchDirectory scratch("write");
  JobOptions options = configuration.job;
  options.state_dir = scratch.path();
  const auto backend = program.backend(options);
  std::optional<SavedPlace> base;
  if (!question.base.empty()) base.emplace(configuration, program, question.base);
  SavedStateWriter writer =
      base ? SavedStateWriter(configuration.graph, base->store(), base->epoch(), *backend)
           : SavedStateWriter(configuration.graph, fresh_manifest(configuration, program), *backend);
  for (const Rows& rows : all) read_lines(rows, writer);
  refuse_problems(writer);

  options.checkpoint_dir = directory;
  const auto to = program.store(options);
  to->claim();
  const Manifest manifest = writer.put_into(*to);
  to->publish(manifest.epoch, encode(manifest));
  to->note_committed(manifest.epoch);
  out << fmt::format("savepoint with {} entries from lines in {}\n", with_thousands(writer.entries()),
                     directory);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace weir
