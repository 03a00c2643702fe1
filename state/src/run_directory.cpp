#include "run_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <weir/core/error.hpp>

namespace weir {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "run-";

/// The lock of a run, held by this process afterwards; -1 when another one, alive, holds it.
int try_lock(const fs::path& run) {
  const int lock = ::open((run / "LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0)
    throw std::system_error(errno, std::generic_category(), "cannot open " + (run / "LOCK").string());
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  ::close(lock);
  return -1;
}

void remove_dead_runs(const fs::path& parent) {
  for (const fs::directory_entry& entry : fs::directory_iterator(parent)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    const int lock = try_lock(entry.path());
    if (lock < 0) continue;
    fs::remove_all(entry.path());
    ::close(lock);
  }
}

}  // namespace

RunDirectory::RunDirectory(const std::string& state_directory) {
  try {
    make(state_directory);
  } catch (const std::system_error& error) {
    throw FailJob(fmt::format("cannot make the state directory {}: {}; name one that can be written",
                              state_directory, error.what()),
                  ExitCode::kUsage);
  }
}

void RunDirectory::make(const fs::path& parent) {
  fs::create_directories(parent);
  remove_dead_runs(parent);
  // Between its making and its locking, another process that starts at the same time may take it for a dead one's.
  for (int attempt = 0; attempt < 10 && lock_ < 0; ++attempt) lock_ = try_make(parent);
  if (lock_ < 0) throw std::system_error(EBUSY, std::generic_category(), "cannot lock " + path_.string());
  fs::create_directories(path_ / "staging");
}

int RunDirectory::try_make(const fs::path& parent) {
  std::string name = (parent / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "cannot make " + name);
  path_ = name;
  try {
    const int lock = try_lock(path_);
    if (lock >= 0 && fs::exists(path_ / "LOCK")) return lock;
    if (lock >= 0) ::close(lock);
  } catch (const std::system_error&) {
    if (fs::exists(path_)) throw;
  }
  return -1;
}

RunDirectory::~RunDirectory() {
  std::error_code ignored;  // scratch: the next process removes what stays
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace weir
