#pragma once

namespace nexmark {

/// `nexmark bench …`: measures queries, each in a process of its own. `argv[0]` is "bench". Returns the exit code.
int bench(int argc, char** argv);

}  // namespace nexmark
