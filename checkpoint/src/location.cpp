#include <weir/checkpoint/location.hpp>

#include <filesystem>

namespace weir {

bool may_hold_checkpoints(const std::string& location) {
  std::error_code ignored;
  return std::filesystem::is_directory(std::filesystem::path(location) / "manifests", ignored);
}

}  // namespace weir
