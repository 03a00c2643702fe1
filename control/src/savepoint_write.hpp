#pragma once

#include <iosfwd>
#include <string>

#include <weir/control/command_line.hpp>

#include "configuration.hpp"
#include "flags.hpp"

namespace weir {

/// Makes a savepoint in `directory` from the lines of the files that the question names. Throws FailJob(kUsage) naming the lines that
/// cannot be taken; nothing is made then.
int write_savepoint(const std::string& directory, const StateQuestion& question,
                    const Configuration& configuration, std::ostream& out, const Program& program);

}  // namespace weir
