#include "directory_store_io.hpp"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "checksum.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlockBytes = 1024 * 1024;

template <class Error = std::system_error>
[[noreturn]] void fail(const char* action, const fs::path& path) {
  throw Error(errno, std::generic_category(), std::string("cannot ") + action + " " + path.string());
}

}  // namespace

OpenFile::OpenFile(const fs::path& path, int flags)
    : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail("open", path);
}

OpenFile::~OpenFile() { ::close(descriptor_); }

void OpenFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void OpenFile::sync() {
  if (::fsync(descriptor_) != 0) fail<SyncError>("fsync", path_);
}

void read_blocks(const fs::path& path, const std::function<void(std::string_view)>& visit) {
  const OpenFile file(path, O_RDONLY);
  std::vector<char> block(kBlockBytes);
  for (;;) {
    const ssize_t read = ::read(file.descriptor(), block.data(), block.size());
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) fail("read", path);
    if (read == 0) return;
    visit({block.data(), static_cast<std::size_t>(read)});
  }
}

std::string read_file(const fs::path& path) {
  std::string bytes;
  read_blocks(path, [&](std::string_view block) { bytes.append(block); });
  return bytes;
}

Content content_of(const fs::path& path) {
  StreamingChecksum sum;
  std::uint64_t bytes = 0;
  read_blocks(path, [&](std::string_view block) {
    sum.add(block);
    bytes += block.size();
  });
  return {bytes, sum.value()};
}

void write_file(const fs::path& path, std::string_view bytes) {
  OpenFile file(path, O_WRONLY | O_CREAT | O_TRUNC);
  file.write(bytes);
  file.sync();
}

Content copy_file_synced(const fs::path& from, const fs::path& to) {
  OpenFile file(to, O_WRONLY | O_CREAT | O_TRUNC);
  StreamingChecksum sum;
  std::uint64_t bytes = 0;
  read_blocks(from, [&](std::string_view block) {
    file.write(block);
    sum.add(block);
    bytes += block.size();
  });
  file.sync();
  return {bytes, sum.value()};
}

bool try_link(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP || errno == ENOSYS)
    return false;
  fail("link", to);
}

void sync_file(const fs::path& path) { OpenFile(path, O_RDONLY).sync(); }

void sync_directory(const fs::path& path) { OpenFile(path, O_RDONLY | O_DIRECTORY).sync(); }

}  // namespace weir
