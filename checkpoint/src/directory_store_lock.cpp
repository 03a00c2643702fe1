#include "directory_store_lock.hpp"

#include <array>
#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/core/error.hpp>

namespace weir {

namespace fs = std::filesystem;

namespace {

std::string this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on host {}", ::getpid(), host.data());
}

/// The holder wrote the file when it took the lock.
std::string taken_at(const fs::path& path) {
  struct stat status {};
  std::tm utc{};
  if (::stat(path.c_str(), &status) != 0 || ::gmtime_r(&status.st_mtime, &utc) == nullptr) return "an unknown time";
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace

DirectoryStoreLock::DirectoryStoreLock(const fs::path& directory) : file_(directory / "LOCK", O_RDWR | O_CREAT) {
  if (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    const fs::path path = directory / "LOCK";
    if (errno != EWOULDBLOCK) throw std::system_error(errno, std::generic_category(), "cannot lock " + path.string());
    throw FailJob(fmt::format("checkpoint directory {} is in use by {} since {}; end that process first, or give this instance a "
                              "directory of its own",
                              directory.string(), read_file(path), taken_at(path)),
                  ExitCode::kStateUnusable);
  }
  if (::ftruncate(file_.descriptor(), 0) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot write " + (directory / "LOCK").string());
  file_.write(this_process());
}

}  // namespace weir
