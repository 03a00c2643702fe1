#include "s3_store_files.hpp"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "checksum.hpp"
#include "manifest_frame.hpp"

namespace weir {

namespace fs = std::filesystem;

StoredFile S3StoreFiles::put(const SnapshotFile& file) {
  if (!file.path.empty() && file.immutable) {
    const Content content = contents_.of(file.path);
    if (!claim(content)) client_.put_file(key_of(content.checksum.hex()), file.path, content.bytes);
    note_present(content);
    return {file.name, content.bytes, content.checksum};
  }
  const std::string bytes = file.path.empty() ? file.bytes : read_file(file.path);
  const Content content{bytes.size(), checksum(bytes)};
  if (!claim(content)) client_.put(key_of(content.checksum.hex()), bytes);
  note_present(content);
  return {file.name, content.bytes, content.checksum};
}

bool S3StoreFiles::claim(const Content& content) {
  const std::string hex = content.checksum.hex();
  {
    std::unique_lock lock(mutex_);
    // Before looking: from here on retain() leaves the file where it is, or is removing it already.
    claims_.claim(hex);
    left_.wait(lock, [&] { return !leaving_.contains(hex); });
    if (present_.contains(hex)) return true;
  }
  return client_.bytes_of(key_of(hex)) == content.bytes;
}

void S3StoreFiles::note_present(const Content& content) {
  const std::lock_guard lock(mutex_);
  present_.insert(content.checksum.hex());
}

void S3StoreFiles::read(const StoredFile& file, const std::function<void(std::string_view)>& visit) {
  const std::string key = key_of(file.checksum.hex());
  const std::string name = fmt::format("state file {} ('{}')", client_.address().shown(key), file.name);
  const std::optional<std::uint64_t> found = client_.bytes_of(key);
  if (!found) refuse(name, "is missing");
  if (*found != file.bytes)
    refuse(name, fmt::format("has the wrong size: {} bytes expected, {} found", file.bytes, *found));
  StreamingChecksum sum;
  for (std::uint64_t at = 0; at < file.bytes;) {
    const std::uint64_t end = std::min<std::uint64_t>(file.bytes, at + client_.address().part_bytes);
    const std::optional<std::string> part = client_.get_range(key, at, end);
    if (!part || part->size() != end - at) refuse(name, "ended while it was read");
    sum.add(*part);
    visit(*part);
    at = end;
  }
  if (sum.value() != file.checksum)
    refuse(name,
           fmt::format("is damaged: checksum {} expected, {} found", file.checksum.hex(), sum.value().hex()));
}

SnapshotFile S3StoreFiles::get(const StoredFile& file, const std::string& directory) {
  SnapshotFile back{file.name, "", "", false};
  if (directory.empty()) {
    read(file, [&](std::string_view part) { back.bytes.append(part); });
    return back;
  }
  fs::create_directories(directory);
  back.path = fs::path(directory) / file.name;
  fs::remove(back.path);
  {
    OpenFile to(back.path, O_WRONLY | O_CREAT | O_TRUNC);  // not synced: scratch
    read(file, [&](std::string_view part) { to.write(part); });
  }
  // The tier links the file into its live state: what it has not changed need not be hashed again.
  contents_.note(back.path, {file.bytes, file.checksum});
  note_present({file.bytes, file.checksum});
  return back;
}

bool S3StoreFiles::has(const StoredFile& file) {
  {
    const std::lock_guard lock(mutex_);
    if (present_.contains(file.checksum.hex())) return true;
  }
  return client_.bytes_of(key_of(file.checksum.hex())) == file.bytes;
}

void S3StoreFiles::published(const std::set<std::string>& named) {
  const std::lock_guard lock(mutex_);
  claims_.published(named);
}

/// Nobody else puts or removes anything here, so that once is enough.
void S3StoreFiles::list_once() {
  if (listed_) return;
  const std::string folder = key_of("");
  std::set<std::string> there;
  for (const S3Listed& object : client_.list(folder)) there.insert(object.key.substr(folder.size()));
  const std::lock_guard lock(mutex_);
  present_.merge(there);
  listed_ = true;
}

void S3StoreFiles::remove(const std::string& hex) {
  const auto done = [&] {
    {
      const std::lock_guard lock(mutex_);
      leaving_.erase(hex);
    }
    left_.notify_all();
  };
  try {
    client_.remove(key_of(hex));
  } catch (...) {
    done();
    throw;
  }
  done();
}

void S3StoreFiles::retain(const std::set<std::string>& named) {
  list_once();
  std::set<std::string> doomed;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& hex : present_)
      if (!named.contains(hex) && !claims_.holds(hex)) doomed.insert(hex);
  }
  for (const std::string& hex : doomed) {
    {
      const std::lock_guard lock(mutex_);
      if (claims_.holds(hex)) continue;
      present_.erase(hex);
      leaving_.insert(hex);
    }
    contents_.forget(hex);
    remove(hex);
  }
}

}  // namespace weir
