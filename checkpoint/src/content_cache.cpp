#include "content_cache.hpp"

#include <cerrno>
#include <system_error>

#include <sys/stat.h>

namespace weir {

ContentCache::Identity ContentCache::identity_of(const std::filesystem::path& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot find " + path.string());
  return {s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size),
          std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000 + s.st_mtim.tv_nsec};
}

Content ContentCache::of(const std::filesystem::path& path) {
  const Identity identity = identity_of(path);
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = known_.find(identity); it != known_.end()) return it->second;
  }
  const Content content = content_of(path);
  const std::lock_guard lock(mutex_);
  return known_[identity] = content;
}

void ContentCache::note(const std::filesystem::path& path, const Content& content) {
  const Identity identity = identity_of(path);
  const std::lock_guard lock(mutex_);
  known_[identity] = content;
}

void ContentCache::forget(const std::string& hex) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& known) { return known.second.checksum.hex() == hex; });
}

}  // namespace weir
