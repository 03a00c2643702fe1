#include "s3_store_files.hpp"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "checksum.hpp"
#include "manifest_frame.hpp"

namespace weir {

namespace fs = std::filesystem;

void S3StoreFiles::abort_uploads() {
  const std::string folder = key_of("");
  client_.abort_uploads([&](const std::string& key) {
    const auto claim = claim_of_stored(std::string_view(key).substr(std::min(folder.size(), key.size())));
    return !claim || *claim < claim_;
  });
}

StoredFile S3StoreFiles::put(const SnapshotFile& file) {
  if (!file.path.empty() && file.immutable) {
    const Content content = contents_.of(file.path);
    StoredFile stored{file.name, content.bytes, content.checksum};
    if (is_there(stored)) return stored;
    client_.put_file(key_of(stored), file.path, content.bytes);
    note_put(stored);
    return stored;
  }
  const std::string bytes = file.path.empty() ? file.bytes : read_file(file.path);
  StoredFile stored{file.name, bytes.size(), checksum(bytes)};
  if (is_there(stored)) return stored;
  client_.put(key_of(stored), bytes);
  note_put(stored);
  return stored;
}

bool S3StoreFiles::is_there(StoredFile& file) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const StoreClaims::Known* known = claims_.known(file.checksum);
    file.claim = known ? known->claim : claim_.load();
    const std::string name = file.stored_name();
    // Before looking: from here on retain() leaves the file where it is, or is removing it already.
    claims_.hold(name);
    if (!leaving_.contains(name)) return known != nullptr;
    left_.wait(lock, [&] { return !leaving_.contains(name); });
  }
}

void S3StoreFiles::note_put(const StoredFile& file) {
  const std::lock_guard lock(mutex_);
  claims_.own(file.stored_name());
  claims_.know(file, true);
}

void S3StoreFiles::read(const StoredFile& file, const std::function<void(std::string_view)>& visit) {
  const std::string key = key_of(file);
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
  return back;
}

bool S3StoreFiles::has(const StoredFile& file) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto* known = claims_.known(file.checksum); known && known->claim == file.claim) return true;
  }
  return client_.bytes_of(key_of(file)) == file.bytes;
}

void S3StoreFiles::inherit(const Manifest& manifest) {
  const std::lock_guard lock(mutex_);
  for (const StateShard& shard : manifest.shards)
    for (const StoredFile& file : shard.files) claims_.know(file, false);
}

void S3StoreFiles::published(const std::set<std::string>& named) {
  const std::lock_guard lock(mutex_);
  claims_.published(named);
}

void S3StoreFiles::retain(const std::set<std::string>& of_gone, const std::set<std::string>& named) {
  std::set<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    names = claims_.removable(of_gone, named);
  }
  remove(names);
}

void S3StoreFiles::remove_leftovers(const std::set<std::string>& named) {
  const std::string folder = key_of("");
  std::set<std::string> names;
  for (const S3Listed& object : client_.list(folder)) {
    const std::string name = object.key.substr(folder.size());
    if (const auto claim = claim_of_stored(name); claim && *claim < claim_ && !named.contains(name))
      names.insert(name);
  }
  remove(names);
}

void S3StoreFiles::remove(const std::set<std::string>& names) {
  for (const std::string& name : names) {
    kill_point("retain_before_file");
    {
      const std::lock_guard lock(mutex_);
      if (claims_.holds(name)) continue;
      leaving_.insert(name);
    }
    remove(name);
  }
}

/// Until it has gone nobody relies on it, nor puts it again.
void S3StoreFiles::remove(const std::string& name) {
  const auto done = [&](bool gone) {
    {
      const std::lock_guard lock(mutex_);
      leaving_.erase(name);
      if (gone) claims_.forget(name);
    }
    left_.notify_all();
  };
  try {
    client_.remove(key_of(name));
  } catch (...) {
    done(false);
    throw;
  }
  contents_.forget(name.substr(name.find('-') + 1));
  done(true);
}

}  // namespace weir
