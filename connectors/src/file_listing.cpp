#include "file_listing.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>
#include <glob.h>

#include <weir/core/error.hpp>

#include "byte_stream.hpp"

namespace weir {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void nothing_there(const std::string& path, std::string_view why) {
  throw FailJob(
      fmt::format("file source `{}`: {} (working directory {})", path, why, fs::current_path().string()),
      ExitCode::kCannotConnect);
}

FileListing list_directory(const std::string& path) {
  FileListing listing{path.ends_with('/') ? path : path + "/", {}};
  std::error_code error;
  for (fs::directory_iterator each(path, error), end; !error && each != end; each.increment(error)) {
    std::error_code gone;
    const std::string name = each->path().filename().string();
    if (!name.starts_with('.') && each->is_regular_file(gone)) listing.names.push_back(name);
  }
  if (error) nothing_there(path, "cannot list the directory: " + error.message());
  if (listing.names.empty()) nothing_there(path, "the directory has no files");
  return listing;
}

FileListing list_matches(const std::string& path) {
  const std::size_t wildcard = path.find_first_of("*?[");
  const std::size_t slash = path.rfind('/', wildcard);
  FileListing listing{slash == std::string::npos ? "" : path.substr(0, slash + 1), {}};
  glob_t matches{};
  const int result = ::glob(path.c_str(), GLOB_NOSORT, nullptr, &matches);
  for (std::size_t i = 0; result == 0 && i < matches.gl_pathc; ++i) {
    const std::string match = matches.gl_pathv[i];
    std::error_code gone;
    if (fs::is_regular_file(match, gone)) listing.names.push_back(match.substr(listing.base.size()));
  }
  ::globfree(&matches);
  if (listing.names.empty()) nothing_there(path, "no file matches the pattern");
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
  } else if (path.find_first_of("*?[") != std::string::npos) {
    listing = list_matches(path);
  } else {
    nothing_there(path, "no such file or directory");
  }
  std::sort(listing.names.begin(), listing.names.end());
  return listing;
}

std::optional<std::string> format_of(const std::string& name) {
  std::string plain = name;
  if (compression_of(name) != Compression::kNone) plain.resize(name.rfind('.'));
  if (plain.ends_with(".csv")) return "csv";
  for (const char* ending : {".json", ".jsonl", ".ndjson"})
    if (plain.ends_with(ending)) return "json";
  return std::nullopt;
}

}  // namespace weir
