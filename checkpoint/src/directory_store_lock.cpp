#include "directory_store_lock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "epoch_name.hpp"
#include "process_identity.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

const std::string kOwner = "OWNER.";

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

void DirectoryStoreLock::hold() {
  if (!locked_ && !try_lock()) {
    throw FailJob(
        fmt::format("checkpoint directory {} is in use by {} since {}; end that process first, or "
                    "give this instance a "
                    "directory of its own",
                    directory_.string(), read_file(directory_ / "LOCK"), taken_at(directory_ / "LOCK")),
        ExitCode::kStateUnusable);
  }
  check_owner();
}

fs::path DirectoryStoreLock::owner_path(ClaimNumber number) const {
  return directory_ / (kOwner + epoch_name(number));
}

ClaimNumber DirectoryStoreLock::last_claim() const {
  ClaimNumber last = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kOwner)) continue;
    last = std::max(last, epoch_in(name.substr(kOwner.size()), "").value_or(0));
  }
  return last;
}

void DirectoryStoreLock::announce_next() {
  if (claim_ != 0) return;
  while (!try_announce(last_claim() + 1)) {
  }
  remove_earlier();
}

void DirectoryStoreLock::announce(ClaimNumber number) {
  if (!locked_) try_lock();
  if (number > claim_ && !try_announce(number)) lost();
  kill_point("claim_before_check");
  if (last_claim() > claim_) lost();
  remove_earlier();
}

/// False when that claim is another's.
bool DirectoryStoreLock::try_announce(ClaimNumber number) {
  const fs::path written = directory_ / ("owner-" + token_);
  write_file(written, fmt::format("{} {}", token_, this_process()));
  std::error_code taken;
  fs::create_hard_link(written, owner_path(number), taken);
  fs::remove(written);
  if (taken == std::errc::file_exists) return false;
  if (taken) throw fs::filesystem_error("cannot link", written, owner_path(number), taken);
  sync_directory(directory_);
  claim_ = number;
  return true;
}

/// With what versions of weir without claims wrote.
void DirectoryStoreLock::remove_earlier() {
  std::vector<fs::path> earlier;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kOwner)) continue;
    if (const auto claim = epoch_in(name.substr(kOwner.size()), ""); claim && *claim < claim_)
      earlier.push_back(entry.path());
  }
  earlier.push_back(directory_ / "OWNER");
  for (const fs::path& path : earlier) {
    kill_point("claim_before_earlier");
    fs::remove(path);
  }
}

void DirectoryStoreLock::check_owner() {
  if (claim_ == 0) return;
  const ClaimNumber last = last_claim();
  if (last > claim_) lost();
  if (last < claim_) try_announce(claim_);  // somebody has removed it
  if (!locked_) try_lock();                 // the process it was taken over from may have ended by now
}

void DirectoryStoreLock::lost() const {
  std::string words = "another process";
  try {
    const std::string owner = read_file(owner_path(last_claim()));
    words = owner.substr(owner.find(' ') + 1);
  } catch (const std::system_error&) {  // taken over once more meanwhile
  }
  throw Fenced(
      fmt::format("checkpoint directory {} has been taken over by {}: this process is no longer the job's",
                  directory_.string(), words));
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

}  // namespace weir
