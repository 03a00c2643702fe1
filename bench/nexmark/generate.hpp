#pragma once

namespace nexmark {

/// `nexmark generate …`: writes events as JSON lines. `argv[0]` is "generate". Returns the exit code.
int generate(int argc, char** argv);

}  // namespace nexmark
