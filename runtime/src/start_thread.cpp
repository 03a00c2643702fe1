#include "start_thread.hpp"

#include <pthread.h>

#include <string>
#include <system_error>
#include <utility>

#include <weir/core/error.hpp>
#include <weir/core/no_thread.hpp>

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
    throw RestartJob(no_thread_text(name, refused));
  }
}

}  // namespace weir
