#pragma once

#include <filesystem>

namespace weir::testing {

/// Where the project's sources lie, for tests that read its own files.
std::filesystem::path project_directory();

}  // namespace weir::testing
