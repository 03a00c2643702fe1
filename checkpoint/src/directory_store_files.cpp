#include "directory_store_files.hpp"

#include <cerrno>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "manifest_frame.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTemporary = "tmp-";

bool is_temporary(const fs::path& path) { return path.filename().string().starts_with(kTemporary); }

void copy_checked(const fs::path& from, const fs::path& to, const Content& expected) {
  if (copy_file_synced(from, to) != expected)
    throw std::system_error(EIO, std::generic_category(), from.string() + " changed while it was copied");
}

}  // namespace

DirectoryStoreFiles::DirectoryStoreFiles(fs::path directory, std::string token)
    : directory_(std::move(directory)), token_(std::move(token)) {
  fs::create_directories(directory_);
}

void DirectoryStoreFiles::remove_leftovers() {
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_))
    if (is_temporary(entry.path())) fs::remove(entry.path());
}

fs::path DirectoryStoreFiles::new_temporary() {
  return directory_ / fmt::format("{}{}-{}", kTemporary, token_, ++temporaries_);
}

StoredFile DirectoryStoreFiles::put(const SnapshotFile& file) {
  if (file.path.empty()) return put_bytes(file.name, file.bytes);
  // What may change is small, and is copied in one go: a link would change with it.
  if (!file.immutable) return put_bytes(file.name, read_file(file.path));
  return put_immutable(file);
}

StoredFile DirectoryStoreFiles::put_bytes(const std::string& name, std::string_view bytes) {
  const Content content{bytes.size(), checksum(bytes)};
  if (!claim(content)) {
    const fs::path temporary = new_temporary();
    write_file(temporary, bytes);
    rename_to_place(temporary, content);
  }
  return {name, content.bytes, content.checksum};
}

StoredFile DirectoryStoreFiles::put_immutable(const SnapshotFile& file) {
  const Content content = contents_.of(file.path);
  if (!claim(content)) link_or_copy(file.path, content);
  return {file.name, content.bytes, content.checksum};
}

bool DirectoryStoreFiles::claim(const Content& content) {
  const std::string hex = content.checksum.hex();
  {
    const std::lock_guard lock(mutex_);
    // Before looking: from here on retain() leaves the file where it is, or has removed it already.
    claims_.claim(hex);
  }
  const fs::path path = directory_ / hex;
  std::error_code missing;
  if (fs::file_size(path, missing) != content.bytes || missing) return false;
  {
    const std::lock_guard lock(mutex_);
    if (verified_.contains(hex)) return true;
  }
  if (content_of(path) != content) return false;
  sync_file(path);
  names_changed_ = true;  // an earlier process may have died before it synced the directory
  const std::lock_guard lock(mutex_);
  verified_.insert(hex);
  return true;
}

void DirectoryStoreFiles::link_or_copy(const fs::path& from, const Content& content) {
  const fs::path temporary = new_temporary();
  // A tier does not sync what it writes.
  sync_file(from);
  if (!try_link(from, temporary)) copy_checked(from, temporary, content);
  rename_to_place(temporary, content);
}

void DirectoryStoreFiles::rename_to_place(const fs::path& temporary, const Content& content) {
  fs::rename(temporary, path_of(content.checksum));
  // A rename between two names of one file leaves both.
  fs::remove(temporary);
  names_changed_ = true;
  const std::lock_guard lock(mutex_);
  verified_.insert(content.checksum.hex());
}

void DirectoryStoreFiles::verify(const StoredFile& file) const {
  const std::string name = fmt::format("state file {} ('{}')", path_of(file.checksum).string(), file.name);
  Content found;
  try {
    found = content_of(path_of(file.checksum));
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) refuse(name, "is missing");
    refuse(name, fmt::format("cannot be read: {}", error.code().message()));
  }
  if (found.bytes != file.bytes)
    refuse(name, fmt::format("has the wrong size: {} bytes expected, {} found", file.bytes, found.bytes));
  if (found.checksum != file.checksum)
    refuse(name, fmt::format("is damaged: checksum {} expected, {} found", file.checksum.hex(),
                             found.checksum.hex()));
}

SnapshotFile DirectoryStoreFiles::get(const StoredFile& file, const std::string& directory) {
  verify(file);
  const fs::path path = path_of(file.checksum);
  if (directory.empty()) return {file.name, "", read_file(path), false};
  // The tier links the file into its live state: what it has not changed need not be hashed again.
  contents_.note(path, {file.bytes, file.checksum});
  {
    const std::lock_guard lock(mutex_);
    verified_.insert(file.checksum.hex());
  }
  fs::create_directories(directory);
  const fs::path to = fs::path(directory) / file.name;
  fs::remove(to);
  if (!try_link(path, to)) copy_checked(path, to, {file.bytes, file.checksum});
  return {file.name, to, "", false};
}

bool DirectoryStoreFiles::has(const StoredFile& file) const {
  std::error_code missing;
  return fs::file_size(path_of(file.checksum), missing) == file.bytes && !missing;
}

void DirectoryStoreFiles::sync_names() {
  if (names_changed_.exchange(false)) sync_directory(directory_);
}

void DirectoryStoreFiles::published(const std::set<std::string>& named) {
  const std::lock_guard lock(mutex_);
  claims_.published(named);
}

void DirectoryStoreFiles::retain(const std::set<std::string>& named) {
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    const std::string hex = entry.path().filename();
    if (named.contains(hex) || is_temporary(entry.path())) continue;
    const std::lock_guard lock(mutex_);
    if (claims_.holds(hex)) continue;
    verified_.erase(hex);
    contents_.forget(hex);
    fs::remove(entry.path());
  }
}

}  // namespace weir
