#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

namespace weir {

/// A directory of a test's own; removed with everything in it.
class TempPlace {
 public:
  TempPlace() {
    static std::atomic<int> made{0};
    path_ = std::filesystem::temp_directory_path() /
            ("weir_control_" + std::to_string(getpid()) + "_" + std::to_string(++made));
    std::filesystem::create_directories(path_);
  }
  ~TempPlace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempPlace(const TempPlace&) = delete;
  TempPlace& operator=(const TempPlace&) = delete;

  std::string path() const { return path_.string(); }
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace weir
