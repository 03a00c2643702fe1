#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <unistd.h>

#include <weir/checkpoint/store.hpp>
#include <weir/core/error.hpp>

namespace weir {

/// A directory of the test's own, removed with it.
class StoreScratch {
 public:
  StoreScratch() {
    static std::atomic<int> number{0};
    path_ = std::filesystem::temp_directory_path() /
            ("weir-store-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(path_);
  }
  ~StoreScratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  StoreScratch(const StoreScratch&) = delete;
  StoreScratch& operator=(const StoreScratch&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string string() const { return path_.string(); }

  /// A file on disk as a tier would hand it over.
  SnapshotFile file(const std::string& name, const std::string& content, bool immutable) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << content;
    return {name, path, "", immutable};
  }

 private:
  std::filesystem::path path_;
};

inline std::string content_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A minimal manifest of `epoch` that names `files`.
inline Manifest manifest_of(Epoch epoch, const std::vector<StoredFile>& files) {
  Manifest manifest;
  manifest.job = "job";
  manifest.epoch = epoch;
  manifest.shards = {{0, {0, kDefaultMaxParallelism}, files}};
  return manifest;
}

/// The message of the FailJob that `action` throws; empty when it throws none.
inline std::string failure_of(const std::function<void()>& action, ExitCode code = ExitCode::kStateUnusable) {
  try {
    action();
  } catch (const FailJob& error) {
    return error.code() == code ? error.what() : "wrong exit code: " + std::string(error.what());
  }
  return "";
}

}  // namespace weir
