#include "file_listing.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "compression.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void nothing_there(const std::string& path, std::string_view why) {
  throw FailJob(
      fmt::format("file source `{}`: {} (working directory {})", path, why, fs::current_path().string()),
      ExitCode::kCannotConnect);
}

/// What `directory` holds; names that begin with a dot only if they are wanted.
std::vector<std::string> names_in(const std::string& directory, bool hidden) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator each(directory.empty() ? "." : directory, error), end; !error && each != end;
       each.increment(error)) {
    std::string name = each->path().filename().string();
    if (hidden || !name.starts_with('.')) names.push_back(std::move(name));
  }
  // What cannot be looked into may hold files: they would be missing without a word.
  if (error)
    nothing_there(directory.empty() ? "." : directory, "cannot list the directory: " + error.message());
  return names;
}

/// Files are listed, directories are not; all else is noted.
void add_if_file(FileListing& listing, const std::string& name) {
  const std::string path = listing.base + name;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_regular_file(status)) listing.names.push_back(name);
  else if (!fs::is_directory(status)) listing.passed_over.push_back(path);
}

FileListing list_directory(const std::string& path) {
  FileListing listing{path.ends_with('/') ? path : path + "/", {}, {}};
  for (const std::string& name : names_in(path, false)) add_if_file(listing, name);
  if (listing.names.empty()) nothing_there(path, "the directory has no files");
  return listing;
}

/// Whether `name` is `pattern`, in which `*` stands for any text and everything else for itself.
bool matches(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  name.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  // The shortest text for a star leaves most to those that follow; the last piece has to be at the end.
  for (std::size_t next; (next = pattern.find('*')) != std::string_view::npos;
       pattern.remove_prefix(next + 1)) {
    const std::string_view piece = pattern.substr(0, next);
    const std::size_t found = name.find(piece);
    if (found == std::string_view::npos) return false;
    name.remove_prefix(found + piece.size());
  }
  return name.ends_with(pattern);
}

/// Adds the files below `listing.base + directory` that match the rest of the pattern, a directory's name at a time.
void add_matches(FileListing& listing, const std::string& directory, std::string_view pattern) {
  const std::size_t slash = pattern.find('/');
  const std::string_view piece = pattern.substr(0, slash);
  const bool wild = piece.find('*') != std::string_view::npos;
  const std::vector<std::string> names =
      wild ? names_in(listing.base + directory, piece.starts_with('.')) : std::vector{std::string(piece)};
  for (const std::string& name : names) {
    if (wild && !matches(name, piece)) continue;
    std::error_code error;
    const std::string path = directory + name;
    if (slash == std::string_view::npos) {
      if (wild || fs::exists(listing.base + path, error)) add_if_file(listing, path);
    } else if (fs::is_directory(listing.base + path, error)) {
      add_matches(listing, path + "/", pattern.substr(slash + 1));
    }
  }
}

FileListing list_matches(const std::string& path) {
  if (path.find("**") != std::string::npos)
    throw FailJob(
        fmt::format(
            "file source `{}`: `**` is not known; a `*` stands for the names of one directory, so write "
            "one for each level, as in data/*/*.csv",
            path),
        ExitCode::kUsage);
  const std::size_t slash = path.rfind('/', path.find('*'));
  FileListing listing{slash == std::string::npos ? "" : path.substr(0, slash + 1), {}, {}};
  std::error_code error;
  if (listing.base.empty() || fs::is_directory(listing.base, error))
    add_matches(listing, "", std::string_view(path).substr(listing.base.size()));
  if (listing.names.empty())
    nothing_there(path, path.ends_with('/') ? "no file matches the pattern: it ends with a slash"
                                            : "no file matches the pattern (only `*` is a wildcard)");
  return listing;
}

}  // namespace

std::string file_path(const std::string& path_of_address) {
  std::string path = path_of_address;
  for (std::size_t at = 0; (at = path.find('%', at)) != std::string::npos; ++at) {
    const std::string code = path.substr(at, 3);
    if (code == "%3F" || code == "%3f") path.replace(at, 3, "?");
    else if (code == "%25") path.replace(at, 3, "%");
  }
  return path;
}

FileListing list_files(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  FileListing listing;
  if (fs::is_directory(status)) {
    listing = list_directory(path);
  } else if (fs::exists(status)) {
    // A file that is really called so wins over a pattern.
    const std::size_t slash = path.rfind('/');
    listing.base = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    listing.names.push_back(path.substr(listing.base.size()));
    if (!fs::is_regular_file(status)) nothing_there(path, "neither a regular file nor a directory");
  } else if (path.find('*') != std::string::npos) {
    listing = list_matches(path);
  } else {
    nothing_there(path, "no such file or directory");
  }
  std::sort(listing.names.begin(), listing.names.end());
  return listing;
}

std::optional<std::string> format_of(const std::string& name) {
  std::string plain = lower_case(name);
  if (compression_of(name) != Compression::kNone) plain.resize(name.rfind('.'));
  if (plain.ends_with(".csv")) return "csv";
  for (const char* ending : {".json", ".jsonl", ".ndjson"})
    if (plain.ends_with(ending)) return "json";
  return std::nullopt;
}

}  // namespace weir
