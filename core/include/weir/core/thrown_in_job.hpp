#pragma once

#include <string>

namespace weir::detail {

/// Of this thread, while what a job of Environment::run_blocking() held is let go of after the job has thrown: what that said. Empty
/// otherwise. Requests of async operators that are let go of then have failed for this reason.
inline thread_local std::string thrown_in_job;

}  // namespace weir::detail
