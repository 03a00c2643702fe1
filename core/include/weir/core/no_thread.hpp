#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace weir {

/// What to say when the system gives no thread called `name`, with the limits that may be meant.
std::string no_thread_text(std::string_view name, const std::system_error& refused);

}  // namespace weir
