#include "missing_files.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "file_head.hpp"

namespace weir {

MissingFiles::MissingFiles(const std::string& path, const std::string& source, const FileReading& reading,
                           const FileListing& listing, const std::vector<RestoredPartition>& restored)
    : path_(path), source_(source), reading_(reading), listing_(listing), restored_(restored) {
  for (const RestoredPartition& file : restored)
    if (!std::binary_search(listing.names.begin(), listing.names.end(), file.name)) missing_.push_back(&file);
}

void MissingFiles::check(bool ignore, const std::function<void(const std::string&)>& log) const {
  if (missing_.empty()) return;
  if (!ignore) {
    for (const RestoredPartition* file : missing_)
      if (!file->ended) check_unread(*file);
    check_renamed();
  }
  std::size_t read = 0;
  const RestoredPartition* first = nullptr;
  for (const RestoredPartition* file : missing_) {
    if (file->ended) {
      if (read++ == 0) first = file;
    } else {
      log(
          fmt::format("file source `{}`: `{}` is gone, and what lies behind byte {} of it is not read "
                      "(missing=ignore); its position is kept",
                      path_, file->name, file->position.offset));
    }
  }
  if (read == 1)
    log(fmt::format(
        "file source `{}`: `{}`, which had been read to its end, is gone; its position is kept, so that "
        "it is not read again when it comes back",
        path_, first->name));
  if (read > 1)
    log(fmt::format(
        "file source `{}`: {} files that had been read to their ends are gone, `{}` among them; their "
        "positions are kept, so that they are not read again when they come back",
        path_, read, first->name));
}

void MissingFiles::check_unread(const RestoredPartition& file) const {
  if (!is_file_position(file.position))
    throw FailJob(
        fmt::format("file source `{}`: the checkpoint goes on at `{}` in `{}`, which is no position in a "
                    "file: source '{}' was bound to something else. Bind it as before, or start over "
                    "with --from fresh",
                    path_, file.position.offset, file.name, source_),
        ExitCode::kStateUnusable);
  throw FailJob(
      fmt::format("file source `{}`: `{}` is gone, of which the job had read {} bytes (of its "
                  "uncompressed content) and not all. Bring it back under that name, or leave the rest "
                  "of it unread with missing=ignore in the address of source '{}'",
                  path_, file.name, file.position.offset, source_),
      ExitCode::kStateUnusable);
}

std::vector<std::string> MissingFiles::new_files() const {
  std::set<std::string_view> known;
  for (const RestoredPartition& file : restored_) known.insert(file.name);
  std::vector<std::string> unknown;
  for (const std::string& name : listing_.names)
    if (!known.contains(name)) unknown.push_back(name);
  return unknown;
}

void MissingFiles::check_renamed() const {
  for (const std::string& name : new_files()) {
    const std::string head = read_head(listing_.base + name, reading_);
    for (const RestoredPartition* file : missing_) {
      if (!is_head_of(head, file->position)) continue;
      throw FailJob(
          fmt::format(
              "file source `{0}`: `{1}`, which the job has read, is gone, and `{2}` has the same content: "
              "read under its new name, its rows would come twice. Give it its old name back, or take it "
              "out of `{0}`; if it is another file, say missing=ignore in the address of source '{3}'",
              path_, file->name, name, source_),
          ExitCode::kStateUnusable);
    }
  }
}

}  // namespace weir
