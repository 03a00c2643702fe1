#pragma once

namespace nexmark {

/// `nexmark limit …`: the cost of queries written by hand, beside that of weir. `argv[0]` is "limit". Returns the exit code.
int limit(int argc, char** argv);

}  // namespace nexmark
