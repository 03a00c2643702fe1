#include "directory_store_files.hpp"

#include <cerrno>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/kill_point.hpp>

#include "manifest_frame.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

/// `unfinished-<claim>-<token>-<number>`
constexpr std::string_view kUnfinished = "unfinished-";
/// What versions of weir without claims called it.
constexpr std::string_view kUnfinishedBefore = "tmp-";

/// The claim that a half-written file belongs to; none: it is no such file.
std::optional<ClaimNumber> claim_of_unfinished(std::string_view name) {
  if (name.starts_with(kUnfinishedBefore)) return 0;
  if (!name.starts_with(kUnfinished)) return std::nullopt;
  ClaimNumber claim = 0;
  name.remove_prefix(kUnfinished.size());
  std::from_chars(name.data(), name.data() + name.size(), claim);
  return claim;
}

void copy_checked(const fs::path& from, const fs::path& to, const Content& expected) {
  if (copy_file_synced(from, to) != expected)
    throw std::system_error(EIO, std::generic_category(), from.string() + " changed while it was copied");
}

Content content_in(const StoredFile& file) { return {file.bytes, file.checksum}; }

}  // namespace

DirectoryStoreFiles::DirectoryStoreFiles(fs::path directory, std::string token)
    : directory_(std::move(directory)), token_(std::move(token)) {
  fs::create_directories(directory_);
}

/// Names are taken down first: what is visited may go.
template <class Visit>
void DirectoryStoreFiles::visit_names(Visit visit) const {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_))
    names.push_back(entry.path().filename());
  for (const std::string& name : names) visit(name);
}

void DirectoryStoreFiles::remove_unfinished() {
  visit_names([&](const std::string& name) {
    const auto claim = claim_of_unfinished(name);
    if (!claim || *claim >= claim_) return;
    kill_point("claim_before_unfinished");
    fs::remove(directory_ / name);
  });
}

fs::path DirectoryStoreFiles::new_temporary() {
  return directory_ / fmt::format("{}{}-{}-{}", kUnfinished, claim_.load(), token_, ++temporaries_);
}

StoredFile DirectoryStoreFiles::put(const SnapshotFile& file) {
  if (file.path.empty()) return put_bytes(file.name, file.bytes);
  // What may change is small, and is copied in one go: a link would change with it.
  if (!file.immutable) return put_bytes(file.name, read_file(file.path));
  return put_immutable(file);
}

StoredFile DirectoryStoreFiles::put_bytes(const std::string& name, std::string_view bytes) {
  StoredFile file{name, bytes.size(), checksum(bytes)};
  if (is_there(file)) return file;
  const fs::path temporary = new_temporary();
  write_file(temporary, bytes);
  rename_to_place(temporary, file);
  return file;
}

StoredFile DirectoryStoreFiles::put_immutable(const SnapshotFile& file) {
  const Content content = contents_.of(file.path);
  StoredFile stored{file.name, content.bytes, content.checksum};
  if (!is_there(stored)) link_or_copy(file.path, stored);
  return stored;
}

bool DirectoryStoreFiles::is_there(StoredFile& file) {
  {
    const std::lock_guard lock(mutex_);
    const StoreClaims::Known* known = claims_.known(file.checksum);
    file.claim = known ? known->claim : claim_.load();
    // Before looking: from here on retain() leaves the file where it is, or has removed it already.
    claims_.hold(file.stored_name());
    if (known && known->verified && has(file)) return true;
    if (!known) return false;
  }
  if (verify_known(file)) return true;
  file.claim = claim_;
  const std::lock_guard lock(mutex_);
  claims_.hold(file.stored_name());
  return false;
}

/// What an earlier process left is relied on once it has been read.
bool DirectoryStoreFiles::verify_known(const StoredFile& file) {
  if (!has(file) || content_of(path_of(file)) != content_in(file)) return false;
  sync_file(path_of(file));
  names_changed_ = true;  // that process may have died before it synced the directory
  const std::lock_guard lock(mutex_);
  claims_.know(file, true);
  return true;
}

void DirectoryStoreFiles::link_or_copy(const fs::path& from, const StoredFile& file) {
  const fs::path temporary = new_temporary();
  // A tier does not sync what it writes.
  sync_file(from);
  if (!try_link(from, temporary)) copy_checked(from, temporary, content_in(file));
  rename_to_place(temporary, file);
}

void DirectoryStoreFiles::rename_to_place(const fs::path& temporary, const StoredFile& file) {
  {
    const std::lock_guard lock(mutex_);
    claims_.own(file.stored_name());
  }
  fs::rename(temporary, path_of(file));
  // A rename between two names of one file leaves both.
  fs::remove(temporary);
  names_changed_ = true;
  const std::lock_guard lock(mutex_);
  claims_.know(file, true);
}

void DirectoryStoreFiles::verify(const StoredFile& file) const {
  const std::string name = fmt::format("state file {} ('{}')", path_of(file).string(), file.name);
  Content found;
  try {
    found = content_of(path_of(file));
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
  const fs::path path = path_of(file);
  if (directory.empty()) return {file.name, "", read_file(path), false};
  // The tier links the file into its live state: what it has not changed need not be hashed again.
  contents_.note(path, content_in(file));
  {
    const std::lock_guard lock(mutex_);
    const StoreClaims::Known* known = claims_.known(file.checksum);
    if (known && known->claim == file.claim) claims_.know(file, true);
  }
  fs::create_directories(directory);
  const fs::path to = fs::path(directory) / file.name;
  fs::remove(to);
  if (!try_link(path, to)) copy_checked(path, to, content_in(file));
  return {file.name, to, "", false};
}

bool DirectoryStoreFiles::has(const StoredFile& file) const {
  std::error_code missing;
  return fs::file_size(path_of(file), missing) == file.bytes && !missing;
}

void DirectoryStoreFiles::sync_names() {
  if (names_changed_.exchange(false)) sync_directory(directory_);
}

void DirectoryStoreFiles::inherit(const Manifest& manifest) {
  const std::lock_guard lock(mutex_);
  for (const StateShard& shard : manifest.shards)
    for (const StoredFile& file : shard.files) claims_.know(file, false);
}

void DirectoryStoreFiles::published(const std::set<std::string>& named) {
  const std::lock_guard lock(mutex_);
  claims_.published(named);
}

void DirectoryStoreFiles::retain(const std::set<std::string>& of_gone, const std::set<std::string>& named) {
  std::set<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    names = claims_.removable(of_gone, named);
  }
  remove(names);
}

void DirectoryStoreFiles::remove_leftovers(const std::set<std::string>& named) {
  std::set<std::string> names;
  visit_names([&](const std::string& name) {
    const auto claim = claim_of_stored(name);
    if (claim && *claim < claim_ && !named.contains(name)) names.insert(name);
  });
  remove(names);
  remove_unfinished();
}

void DirectoryStoreFiles::remove(const std::set<std::string>& names) {
  for (const std::string& name : names) {
    kill_point("retain_before_file");
    const std::lock_guard lock(mutex_);
    if (claims_.holds(name)) continue;
    fs::remove(directory_ / name);
    claims_.forget(name);
    contents_.forget(name.substr(name.find('-') + 1));
  }
}

}  // namespace weir
