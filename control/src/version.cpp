#include "version.hpp"

#include <fmt/format.h>

#include "json_text.hpp"

namespace weir {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string version_text(const std::string& job) {
  return fmt::format("weir {} (job {}, {})", kVersion, job, compiler());
}

std::string version_json(const std::string& job) {
  return fmt::format(R"({{"weir":{},"job":{},"compiler":{}}})", json_text(kVersion), json_text(job),
                     json_text(compiler()));
}

}  // namespace weir
