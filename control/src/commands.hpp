#pragma once

#include <string>

#include <weir/control/command_line.hpp>

#include "configuration.hpp"
#include "flags.hpp"

namespace weir {

/// The text of --help.
std::string help_text(const Program& program);

/// Runs the job to its end. Requires: no problems.
int command_run(const Configuration& configuration, const Terminal& terminal, const Program& program);
/// Connects to everything, changes nothing, and says all that is wrong.
int command_check(const Configuration& configuration, const Terminal& terminal, const Program& program);
int command_graph(const Configuration& configuration, const std::string& format, const Terminal& terminal);
int command_config(const Configuration& configuration, bool json, const Terminal& terminal);

/// Looks into the state of a checkpoint or savepoint. Throws FailJob.
int command_state(const StateQuestion& question, const Configuration& configuration, const Terminal& terminal,
                  const Program& program);
/// Makes, lists, checks, compares and deletes savepoints. Throws FailJob.
int command_savepoint(const StateQuestion& question, const Configuration& configuration,
                      const Terminal& terminal, const Program& program);

/// Prints problems the way every command does.
void print_problems(const std::string& program, const Problems& problems, std::ostream& err);

}  // namespace weir
