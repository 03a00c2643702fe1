#pragma once

#include <functional>
#include <string_view>
#include <thread>

namespace weir {

/// Runs `work` on a thread of this name. Throws FailJob when the system gives no more threads, saying which limit may be meant.
std::thread start_own_thread(std::string_view name, std::function<void()> work);

}  // namespace weir
