#include "start_thread.hpp"

#include <pthread.h>

#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {
constexpr std::size_t kNameLength = 15;  // what the kernel keeps of it
}

std::thread start_thread(std::string_view name, std::function<void()> work) {
  try {
    return std::thread([short_name = std::string(name.substr(0, kNameLength)), work = std::move(work)] {
      pthread_setname_np(pthread_self(), short_name.c_str());
      work();
    });
  } catch (const std::system_error& refused) {
    throw RestartJob(
        fmt::format("the system gives no thread for '{}': {}; allow this process more of them (ulimit -u, "
                    "TasksMax= of its "
                    "unit, pids.max of its container), or run it with a smaller --parallelism",
                    name, refused.code().message()));
  }
}

}  // namespace weir
