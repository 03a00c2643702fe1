#include "run_directory.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <weir/core/error.hpp>

namespace weir {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "run-";
/// A directory is made and locked under this name first: one that has the other is locked, or its process is dead.
constexpr const char* kUnfinishedPrefix = "new-";
/// An unfinished one is locked within a moment, so that one of this age has no process any more. A process that was stopped there for longer makes another.
constexpr std::chrono::minutes kUnfinishedFor{10};
constexpr int kMostAttempts = 10;

/// The lock of a run, held by this process afterwards; -1 when another one, alive, holds it, or the run is gone.
int try_lock(const fs::path& run) {
  const int lock = ::open((run / "LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0 && errno == ENOENT) return -1;
  if (lock < 0)
    throw std::system_error(errno, std::generic_category(), "cannot open " + (run / "LOCK").string());
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  ::close(lock);
  return -1;
}

bool may_be_dead(const fs::path& path) {
  const std::string name = path.filename();
  if (name.starts_with(kPrefix)) return true;
  std::error_code gone;
  const auto made = fs::last_write_time(path, gone);
  return name.starts_with(kUnfinishedPrefix) && !gone &&
         fs::file_time_type::clock::now() - made > kUnfinishedFor;
}

/// Others may do the same at this moment: what is gone already is as it should be.
void remove_run(const fs::path& run) {
  std::error_code error;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    fs::remove_all(run, error);
    if (!fs::exists(run)) return;
  }
  if (error) throw fs::filesystem_error("cannot remove what an earlier process left", run, error);
}

void remove_dead_runs(const fs::path& parent) {
  std::vector<fs::path> runs;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent))
    if (may_be_dead(entry.path())) runs.push_back(entry.path());
  for (const fs::path& run : runs) {
    const int lock = try_lock(run);
    if (lock < 0) continue;
    remove_run(run);
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
  for (int attempt = 0; attempt < kMostAttempts && lock_ < 0; ++attempt) lock_ = try_make(parent);
  if (lock_ < 0) throw std::system_error(EBUSY, std::generic_category(), "cannot lock " + path_.string());
  fs::create_directories(path_ / "staging");
}

int RunDirectory::try_make(const fs::path& parent) {
  std::string name = (parent / (std::string(kUnfinishedPrefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "cannot make " + name);
  const fs::path unfinished = name;
  path_ = parent / (kPrefix + unfinished.filename().string().substr(std::strlen(kUnfinishedPrefix)));
  const int lock = try_lock(unfinished);
  if (lock < 0) return -1;
  std::error_code taken;
  fs::rename(unfinished, path_, taken);
  if (!taken) return lock;
  ::close(lock);
  remove_run(unfinished);
  return -1;
}

RunDirectory::~RunDirectory() {
  std::error_code ignored;  // scratch: the next process removes what stays
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace weir
