#include "staged_file.hpp"

#include <cerrno>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <xxhash.h>

#include <weir/core/error.hpp>

#include "compressor.hpp"

namespace weir {

void sync_directory(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    throw RestartJob(fmt::format("file sink: cannot open directory `{}`: {}", path, std::strerror(errno)));
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0)
    throw RestartJob(fmt::format("file sink: cannot sync directory `{}`: {}", path, std::strerror(error)));
}

struct StagedFile::Content {
  std::unique_ptr<Compressor> compressor;
  XXH3_state_t* hash = XXH3_createState();
  int descriptor = -1;
  std::string compressed;

  ~Content() {
    XXH3_freeState(hash);
    if (descriptor >= 0) ::close(descriptor);
  }
};

StagedFile::StagedFile(Environment& environment, std::string lane, std::string directory, std::string name,
                       Compression compression)
    : environment_(environment),
      lane_(std::move(lane)),
      directory_(std::move(directory)),
      name_(std::move(name)),
      content_(std::make_unique<Content>()) {
  content_->compressor = make_compressor(compression);
  XXH3_64bits_reset(content_->hash);
}

StagedFile::~StagedFile() = default;

/// After a failure nothing more is tried: what a failed write or sync has left is unknown.
template <class Job>
void StagedFile::on_lane(Job job) {
  check();
  environment_.run_blocking(lane_, [self = shared_from_this(), job = std::move(job)]() mutable {
    if (self->failed_.load(std::memory_order_relaxed)) return;
    try {
      job(*self);
    } catch (const std::exception& failure) {
      {
        std::lock_guard lock(self->mutex_);
        self->failure_ = failure.what();
      }
      self->failed_.store(true, std::memory_order_release);
    }
  });
}

void StagedFile::check() const {
  if (!failed_.load(std::memory_order_acquire)) return;
  std::lock_guard lock(mutex_);
  throw RestartJob(failure_);
}

void StagedFile::write(std::string block) {
  waiting_.fetch_add(block.size(), std::memory_order_relaxed);
  on_lane([block = std::move(block)](StagedFile& self) {
    Content& content = *self.content_;
    if (content.descriptor < 0) self.open();
    content.compressed.clear();
    content.compressor->add(block, content.compressed);
    self.append(content.compressed);
    self.waiting_.fetch_sub(block.size(), std::memory_order_relaxed);
  });
}

void StagedFile::finish() {
  on_lane([](StagedFile& self) {
    Content& content = *self.content_;
    if (content.descriptor < 0) self.open();
    content.compressed.clear();
    content.compressor->finish(content.compressed);
    self.append(content.compressed);
    self.sync();
    self.finished_.store(true, std::memory_order_release);
  });
}

bool StagedFile::finished() const {
  check();
  return finished_.load(std::memory_order_acquire);
}

std::uint64_t StagedFile::checksum() const { return XXH3_64bits_digest(content_->hash); }

void StagedFile::open() {
  const std::string path = directory_ + "/" + name_;
  content_->descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (content_->descriptor < 0)
    throw RestartJob(fmt::format("file sink: cannot create `{}`: {}", path, std::strerror(errno)));
}

void StagedFile::append(std::string_view bytes) {
  XXH3_64bits_update(content_->hash, bytes.data(), bytes.size());
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(content_->descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      throw RestartJob(
          fmt::format("file sink: cannot write `{}/{}`: {}", directory_, name_, std::strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void StagedFile::sync() {
  if (::fsync(content_->descriptor) != 0)
    throw RestartJob(
        fmt::format("file sink: cannot sync `{}/{}`: {}", directory_, name_, std::strerror(errno)));
  ::close(content_->descriptor);
  content_->descriptor = -1;
  sync_directory(directory_);
}

}  // namespace weir
