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

#include "process_identity.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

/// The holder wrote the file when it took the lock.
std::string taken_at(const fs::path& path) {
  struct stat status {};
  std::tm utc{};
  if (::stat(path.c_str(), &status) != 0 || ::gmtime_r(&status.st_mtime, &utc) == nullptr)
    return "an unknown time";
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace

DirectoryStoreLock::DirectoryStoreLock(fs::path directory)
    : directory_(std::move(directory)),
      file_(directory_ / "LOCK", O_RDWR | O_CREAT),
      token_(unique_token()) {}

void DirectoryStoreLock::hold(bool fenced) {
  if (!locked_ && !try_lock() && !fenced) {
    throw FailJob(fmt::format("checkpoint directory {} is in use by {} since {}; end that process first, or "
                              "give this instance a "
                              "directory of its own",
                              directory_.string(), holder(), taken_at(directory_ / "LOCK")),
                  ExitCode::kStateUnusable);
  }
  check_owner();
}

void DirectoryStoreLock::announce() {
  if (owner_) return;
  const fs::path written = directory_ / ("OWNER." + token_);
  write_file(written, fmt::format("{} {}", token_, this_process()));
  fs::rename(written, directory_ / "OWNER");
  sync_directory(directory_);
  owner_ = true;
}

void DirectoryStoreLock::check_owner() {
  if (!owner_) return;
  const std::string owner = read_file(directory_ / "OWNER");
  if (!owner.starts_with(token_ + " ")) {
    throw Fenced(
        fmt::format("checkpoint directory {} has been taken over by {}: this process is no longer the job's",
                    directory_.string(), owner.substr(owner.find(' ') + 1)));
  }
  if (!locked_) try_lock();  // the process it was taken over from may have ended by now
}

bool DirectoryStoreLock::try_lock() {
  if (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    throw std::system_error(errno, std::generic_category(), "cannot lock " + (directory_ / "LOCK").string());
  }
  if (::ftruncate(file_.descriptor(), 0) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot write " + (directory_ / "LOCK").string());
  file_.write(this_process());
  return locked_ = true;
}

std::string DirectoryStoreLock::holder() const { return read_file(directory_ / "LOCK"); }

}  // namespace weir
