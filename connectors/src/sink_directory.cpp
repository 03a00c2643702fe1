#include "sink_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/core.h>
#include <xxhash.h>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "staged_file.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "LOCK";
constexpr const char* kRunName = "RUN";
const std::string kOwnerName = "OWNER.";
constexpr int kMostAttempts = 10;

/// The number at the beginning of a text; 0 where there is none.
std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// 0 for files of a version of weir whose staged files bore no claim.
ClaimNumber claim_of_staged(std::string_view name) {
  return name.starts_with('c') ? number_in(name.substr(1)) : 0;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename());
  return names;
}

bool has_length(const std::string& path, const PartFile& part) {
  std::error_code error;
  return fs::file_size(path, error) == part.bytes && !error;
}

bool has_content(const std::string& path, const PartFile& part) {
  if (!has_length(path, part)) return false;
  std::ifstream file(path, std::ios::binary);
  XXH3_state_t* hash = XXH3_createState();
  XXH3_64bits_reset(hash);
  std::vector<char> block(256 * 1024);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0)
    XXH3_64bits_update(hash, block.data(), static_cast<std::size_t>(file.gcount()));
  const std::uint64_t sum = XXH3_64bits_digest(hash);
  XXH3_freeState(hash);
  return sum == part.checksum;
}

/// The last run that has left part files there, or in partitions below; 0 if none has.
std::uint64_t last_run_in(const std::string& directory) {
  std::uint64_t last = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    const bool is_partition = name.find('=') != std::string::npos && entry.is_directory();
    last = std::max(last, is_partition ? last_run_in(entry.path().string()) : run_of_part(name));
  }
  return last;
}

std::string holder_in(const std::string& lock) {
  std::string holder;
  std::ifstream file(lock);
  std::getline(file, holder);
  return holder;
}

void rename_or_throw(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    throw RestartJob(
        fmt::format("file sink: cannot rename `{}` to `{}`: {}", from, to, std::strerror(errno)));
}

}  // namespace

SinkDirectory::SinkDirectory(std::string path, std::string holder)
    : path_(std::move(path)), holder_(std::move(holder)) {}

SinkDirectory::~SinkDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

ClaimNumber SinkDirectory::reserve(bool has_log) {
  std::error_code error;
  fs::create_directories(staged_path(), error);
  if (error)
    throw FailJob(fmt::format("file sink: cannot make directory `{}`: {}", staged_path(), error.message()),
                  ExitCode::kCannotConnect);
  const std::string path = staged_path() + "/" + kLockName;
  open_lock(path);
  if (lock_ < 0)
    throw FailJob(fmt::format("file sink: cannot open `{}`: {}", path, std::strerror(errno)),
                  ExitCode::kCannotConnect);
  if (!try_lock()) {
    if (holder_in(path) != holder_)
      throw FailJob(
          fmt::format("file sink: directory `{}` is being written by another job or instance, which "
                      "holds `{}`. Give each sink "
                      "a directory of its own, or end the other one first",
                      path_, path),
          ExitCode::kUsage);
    if (!has_log)
      throw FailJob(fmt::format("file sink: directory `{}` is in use by another process of this job, which "
                                "holds `{}`; end that process first",
                                path_, path),
                    ExitCode::kStateUnusable);
  }
  return last_claim();
}

/// The file gets its name when it says whose it is, so that a process that starts at the same moment never reads half of it.
void SinkDirectory::open_lock(const std::string& path) {
  const std::string unfinished = fmt::format("{}.{}", path, ::getpid());
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    lock_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (lock_ >= 0 || errno != ENOENT) return;
    std::ofstream(unfinished, std::ios::trunc) << holder_ << '\n' << std::flush;
    const bool linked = ::link(unfinished.c_str(), path.c_str()) == 0;
    // Another's clean-up may have taken it for something left behind.
    const bool again = errno == ENOENT || errno == EEXIST;
    ::unlink(unfinished.c_str());
    if (!linked && !again) break;
  }
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);  // a file system without links
}

bool SinkDirectory::try_lock() {
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) return false;
  locked_ = true;
  const std::string path = staged_path() + "/" + kLockName;
  if (holder_in(path) == holder_) return true;
  const std::string line = holder_ + "\n";
  if (::pwrite(lock_, line.data(), line.size(), 0) < 0 ||
      ::ftruncate(lock_, static_cast<off_t>(line.size())) != 0)
    throw RestartJob(fmt::format("file sink: cannot write `{}`: {}", path, std::strerror(errno)));
  return true;
}

void SinkDirectory::claim(const Claim& claim) {
  if (!locked_) try_lock();  // the fenced one may have ended by now
  // Where the lock decides, the numbers here are the directory's own: it may have seen other places of checkpoints.
  claim_ = claim.fenced ? claim.number : std::max(claim.number, last_claim() + 1);
  announce();
  check_owner();
  for (const std::string& name : names_in(staged_path()))
    if (name.starts_with(kOwnerName) && number_in(name.substr(kOwnerName.size())) < claim_)
      ::unlink((staged_path() + "/" + name).c_str());
}

std::string SinkDirectory::owner_path(ClaimNumber number) const {
  return fmt::format("{}/{}{}", staged_path(), kOwnerName, number);
}

ClaimNumber SinkDirectory::last_claim() const {
  ClaimNumber last = 0;
  for (const std::string& name : names_in(staged_path())) {
    if (name.starts_with(kOwnerName)) last = std::max(last, number_in(name.substr(kOwnerName.size())));
    last = std::max(last, claim_of_staged(name));
  }
  return last;
}

void SinkDirectory::announce() {
  std::ofstream file(owner_path(claim_), std::ios::trunc);
  if (!(file << holder_ << '\n').flush())
    throw RestartJob(fmt::format("file sink: cannot write `{}`", owner_path(claim_)));
}

void SinkDirectory::check_owner() const {
  if (last_claim() > claim_)
    throw Fenced(
        fmt::format("file sink: directory `{}` has been taken over by another process of this job", path_));
}

void SinkDirectory::publish(const std::vector<SinkPart>& parts, Check check) {
  check_owner();
  bool renamed = false;
  // The innermost first: a directory is durable once that which names it is synced.
  std::set<std::string, std::greater<>> directories;
  if (!parts.empty()) directories.insert(path_);
  for (const SinkPart& part : parts) {
    if (part.payload.empty()) continue;
    for (const PartFile& file : PartFile::decode(part.payload)) {
      make_directories_of(file, directories);
      if (publish_one(file, check)) renamed = true;
    }
  }
  // Also when an earlier attempt has renamed all: it may have ended before its sync.
  for (const std::string& directory : directories) sync_directory(directory);
  if (renamed) sync_directory(staged_path());
}

void SinkDirectory::make_directories_of(const PartFile& file,
                                        std::set<std::string, std::greater<>>& directories) {
  std::vector<std::string> missing;
  for (std::size_t slash = file.final_name.find('/'); slash != std::string::npos;
       slash = file.final_name.find('/', slash + 1))
    missing.push_back(path_ + "/" + file.final_name.substr(0, slash));
  if (missing.empty() || !directories.insert(missing.back()).second) return;
  std::error_code error;
  fs::create_directories(missing.back(), error);
  if (error)
    throw RestartJob(
        fmt::format("file sink: cannot make directory `{}`: {}", missing.back(), error.message()));
  directories.insert(missing.begin(), missing.end());
}

/// Another process, late or early, may do the same at this moment: what is where it belongs is done.
bool SinkDirectory::publish_one(const PartFile& part, Check check) {
  const std::string staged = staged_path() + "/" + part.staged_name;
  const std::string final_path = path_ + "/" + part.final_name;
  const bool as_written = check == Check::kContent ? has_content(staged, part) : has_length(staged, part);
  const bool is_staged = fs::exists(staged);
  const bool is_final = fs::exists(final_path);
  if (!is_staged && is_final) return false;
  if (!is_staged)
    throw FailJob(fmt::format("file sink: the checkpoint names a part file of {} bytes that is neither at "
                              "`{}` nor at `{}`. Put it back, "
                              "or go on from a checkpoint or savepoint before it",
                              part.bytes, staged, final_path),
                  ExitCode::kStateUnusable);
  if (!as_written)
    throw FailJob(fmt::format("file sink: staged file `{}` is not what was written to it: expected {} bytes "
                              "with checksum {:016x}",
                              staged, part.bytes, part.checksum),
                  ExitCode::kStateUnusable);
  if (is_final && !has_content(final_path, part))
    throw FailJob(fmt::format("file sink: `{}` exists and holds something else than `{}`, which is to get "
                              "its name. Move one of them "
                              "away",
                              final_path, staged),
                  ExitCode::kStateUnusable);
  kill_point("file-sink-before-rename");
  if (::rename(staged.c_str(), final_path.c_str()) != 0) {
    const int error = errno;
    if (error == ENOENT && has_length(final_path, part)) return false;
    throw RestartJob(
        fmt::format("file sink: cannot rename `{}` to `{}`: {}", staged, final_path, std::strerror(error)));
  }
  kill_point("file-sink-after-rename");
  return true;
}

void SinkDirectory::clear_staged() {
  for (const std::string& name : names_in(staged_path())) {
    if (name == kLockName || name == kRunName || name.starts_with(kOwnerName)) continue;
    if (claim_of_staged(name) > claim_) continue;
    kill_point("file-sink-before-clear");
    std::error_code error;
    fs::remove_all(staged_path() + "/" + name, error);
    if (error)
      throw RestartJob(
          fmt::format("file sink: cannot remove `{}/{}`: {}", staged_path(), name, error.message()));
  }
}

std::uint64_t SinkDirectory::begin_run() {
  std::uint64_t last = last_run_in(path_);
  const std::string path = staged_path() + "/" + kRunName;
  const std::string written = staged_path() + "/" + staged_name(claim_, kRunName);
  {
    std::ofstream file(written, std::ios::trunc);
    file << last + 1 << '\n';
    if (!file.flush()) throw RestartJob(fmt::format("file sink: cannot write `{}`", written));
  }
  check_owner();
  rename_or_throw(written, path);
  sync_directory(staged_path());
  return last + 1;
}

std::string staged_name(ClaimNumber claim, const std::string& rest) {
  return fmt::format("c{}-{}", claim, rest);
}

std::uint64_t SinkDirectory::current_run() const {
  std::ifstream file(staged_path() + "/" + kRunName);
  std::uint64_t run = 1;
  file >> run;
  return std::max<std::uint64_t>(run, 1);
}

}  // namespace weir
