#include <weir/core/no_thread.hpp>

#include <fmt/format.h>

namespace weir {

std::string no_thread_text(std::string_view name, const std::system_error& refused) {
  return fmt::format(
      "the system gives no thread for '{}': {}; allow this process more of them (ulimit -u, TasksMax= of its "
      "unit, pids.max of its container), or run it with a smaller --parallelism",
      name, refused.code().message());
}

}  // namespace weir
