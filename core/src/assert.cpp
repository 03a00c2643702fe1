#include <weir/core/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace weir::detail {

void assertion_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "weir: broken invariant: %s (%s) at %s:%d\n", why, condition, file, line);
  std::abort();
}

}  // namespace weir::detail
