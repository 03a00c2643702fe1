#pragma once

#include <memory>

#include <weir/core/environment.hpp>

namespace weir {

/// The machine: its clocks, its random device, a thread for each lane.
std::unique_ptr<Environment> make_real_environment();

/// Makes kill points end this process with SIGKILL: `WEIR_KILLPOINT=name:n` in the environment, the n-th time that point is
/// passed; `name:n:stop` stops it with SIGSTOP there instead, until it is continued. For tests of recovery and of takeovers; without the
/// variable nothing happens.
void install_kill_points();

}  // namespace weir
