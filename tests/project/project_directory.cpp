#include "project_directory.hpp"

namespace weir::testing {

std::filesystem::path project_directory() { return WEIR_PROJECT_DIRECTORY; }

}  // namespace weir::testing
